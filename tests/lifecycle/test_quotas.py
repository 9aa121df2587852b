"""What orders take of quotas and of the limits of items: held, used, given back, and never given away twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.core.outcomes import Done, Failed
from app.core.statuses import RequestStatus
from app.errors import Conflict, Fault, Invalid
from app.lifecycle import write
from app.lifecycle.approvals import deciding
from app.lifecycle.orders.preparing import Prepared, prepare
from app.lifecycle.orders.submit import Submitted
from app.models.tables import APPROVAL, QUOTA_COUNTER, REQUEST
from tests.fixtures.house import House, http, item

FIELDS = "[{name: size, type: integer, default: 2, max_value: 100}]"
EXTRA = """\
quota: {vcpu: "{{ size * 2 }}", databases: 1}
cost: {lines: [{label: "Database", price: 10, each: size}]}
"""
BUNDLE = """\
name: Two
version: "1.0.0"
description: "For tests"
owner: platform-solutions-team
bundle:
  required_items: [{catalog_item: database, version: ">=1.0.0"}]
  optional_items: [{catalog_item: database, version: ">=1.0.0", as: second}]
"""


@pytest.fixture
def offered(house: House) -> House:
    """An item `database` of one step, a bundle of it, and quotas: 10 vCPU, 3 databases, 100 a month."""
    quotas(house, "default: {vcpu: 10, databases: 3, monthly_cost: 100}")
    house.offer(database=item(http("make"), fields=FIELDS, extra=EXTRA), two=BUNDLE)
    return house


def quotas(house: House, text: str) -> None:
    (house.folder / "quotas.yaml").write_text(text)


def size(number: int) -> dict[str, Any]:
    return {"catalog_item": "database", "parameters": {"size": number}}


def counted(house: House, resource: str, holder: str = "team:customer-experience") -> tuple[float, float] | None:
    """What is used and what is reserved."""
    mine = select(QUOTA_COUNTER).where(QUOTA_COUNTER.c.holder == holder, QUOTA_COUNTER.c.resource == resource)
    return next(((float(row.used), float(row.reserved)) for row in house.rows(mine)), None)


def look(house: House, order: dict[str, Any], who: str = "sarah-123") -> Prepared:
    caller = house.caller(who)
    with house.unit() as unit:
        return prepare(unit.connection, caller, order)


def refused(house: House, order: dict[str, Any] | str, who: str = "sarah-123") -> list[Fault]:
    with pytest.raises(Invalid) as refusal:
        house.order(order, who)
    return list(refusal.value.faults)


def test_an_order_reserves_and_what_is_built_is_used(offered: House) -> None:
    offered.order(size(3))
    assert (counted(offered, "vcpu"), counted(offered, "databases")) == ((0, 6), (0, 1))
    offered.finish(Done())
    assert (counted(offered, "vcpu"), counted(offered, "databases")) == ((6, 0), (1, 0))


def test_the_request_keeps_its_price_and_what_it_takes(offered: House) -> None:
    row = offered.request(offered.order(size(3)).request_id)
    assert (row.price["total"], row.price["items"][0]["lines"]) == (30, [{"label": "Database", "amount": 30}])
    taken = {"services": 1, "item:database": 1, "vcpu": 6, "databases": 1, "monthly_cost": 30}
    assert (row.quota_takes, row.quota_state) == (taken, "reserved")


def test_a_team_that_asks_for_too_much_hears_by_how_much_and_whom_to_ask(offered: House) -> None:
    offered.order(size(3))
    (fault,) = refused(offered, size(4))
    numbers = {"resource": "vcpu", "limit": 10, "used": 0, "reserved": 6, "requested": 8}
    assert (fault.code, fault.path, fault.limits) == ("quota_exceeded", (), numbers)
    assert "this order takes 8, 4 more than is left" in fault.message
    assert "ask an administrator" in fault.message


def test_a_refused_order_leaves_nothing_behind(offered: House) -> None:
    refused(offered, size(6))
    assert offered.rows(select(func.count()).select_from(REQUEST))[0][0] == 0
    assert counted(offered, "vcpu") in (None, (0, 0))


def test_all_quotas_that_are_too_small_are_told_at_once(offered: House) -> None:
    assert [fault.limits["resource"] for fault in refused(offered, size(11))] == ["monthly_cost", "vcpu"]


def test_another_team_has_its_own_quota(offered: House) -> None:
    offered.order(size(5))
    offered.order(size(5), who="mallory-666")
    assert counted(offered, "vcpu", "team:growth") == (0, 10)


def test_what_the_file_says_of_a_team_wins(offered: House) -> None:
    quotas(offered, "default: {vcpu: 10}\nteams: {growth: {vcpu: 2}}")
    offered.offer()
    assert refused(offered, size(2), who="mallory-666")[0].limits["limit"] == 2


def test_every_item_of_a_bundle_takes_its_part(offered: House) -> None:
    order = {"catalog_bundle": "two", "item_parameters": {"second": {"enabled": True}}}
    assert offered.request(offered.order(order).request_id).quota_takes == {
        "services": 2, "item:database": 2, "vcpu": 8, "databases": 2, "monthly_cost": 40,
    }  # fmt: skip


def test_cancelled_before_anything_was_built_gives_back(offered: House) -> None:
    offered.cancel(offered.order(size(5)).request_id)
    assert counted(offered, "vcpu") == (0, 0)
    offered.order(size(5))


def test_what_is_half_built_stays_reserved_until_it_is_rolled_back(offered: House) -> None:
    two = http("make") + "\n" + http("more", depends_on="[make]")
    offered.offer(half=item(two, fields=FIELDS, extra=EXTRA))
    request = offered.order({"catalog_item": "half"}).request_id
    offered.finish(Done())
    offered.cancel(request)
    assert counted(offered, "vcpu") == (0, 4)
    offered.roll_back(request)
    offered.end_ticket("resolve", {})
    assert (offered.request(request).status, counted(offered, "vcpu")) == ("rolled_back", (0, 0))


def test_rolled_back_after_it_was_complete_gives_back(offered: House) -> None:
    request = offered.order(size(2)).request_id
    offered.finish(Done())
    offered.roll_back(request)
    assert counted(offered, "vcpu") == (4, 0)
    offered.end_ticket("resolve", {})
    assert counted(offered, "vcpu") == (0, 0)


def test_a_request_that_nobody_agreed_to_gives_back(offered: House) -> None:
    request = offered.request(offered.order(size(5)).request_id)
    for status in (RequestStatus.PENDING_APPROVAL, RequestStatus.NEEDS_INFO, RequestStatus.PENDING_APPROVAL):
        move(offered, request, status)
        assert counted(offered, "vcpu") == (0, 10)
    move(offered, request, RequestStatus.REJECTED)
    assert counted(offered, "vcpu") == (0, 0)


def move(house: House, request: Any, status: RequestStatus) -> None:
    with house.engine.begin() as connection, write.change(connection, request.id, "test") as change:
        assert change.move_request(status)


def test_what_was_given_back_must_be_there_when_the_request_goes_on(offered: House) -> None:
    request = offered.order(size(5)).request_id
    offered.cancel(request)
    other = offered.order(size(1)).request_id
    with pytest.raises(Conflict, match="Vcpu"):
        offered.decide("resume", request)
    offered.cancel(other)
    offered.decide("resume", request)
    assert counted(offered, "vcpu") == (0, 10)


def test_a_failure_that_left_nothing_gives_back(offered: House) -> None:
    final = item(http("make"), fields=FIELDS, extra=EXTRA)
    offered.offer(final=final.replace("    steps:", "    fallback_on_failure: false\n    steps:"))
    offered.order("final")
    offered.finish(Failed("no", retryable=False))
    assert counted(offered, "vcpu") == (0, 0)


def test_what_was_ordered_before_there_was_a_limit_counts(offered: House) -> None:
    quotas(offered, "default: {databases: 3}")
    offered.offer()
    offered.order(size(4))
    offered.order(size(1))
    offered.finish(Done())
    quotas(offered, "default: {databases: 3, vcpu: 12}")
    offered.offer()
    assert [(line.used, line.reserved) for line in look(offered, size(1)).quotas if line.of.resource == "vcpu"] == [(8, 2)]
    offered.order(size(1))
    assert counted(offered, "vcpu") == (8, 4)


def test_a_team_without_a_limit_is_counted_nowhere(offered: House) -> None:
    quotas(offered, "teams: {growth: {vcpu: 10}}")
    offered.offer()
    offered.order(size(50))
    assert offered.rows(select(QUOTA_COUNTER)) == []


def test_an_order_is_told_what_it_leaves(offered: House) -> None:
    offered.order(size(1))
    line = {one.of.resource: one for one in look(offered, size(3)).quotas}["vcpu"].as_json()
    assert line == {
        "resource": "vcpu", "title": "Vcpu", "unit": "", "per": "team", "limit": 10, "used": 0, "reserved": 2, "requested": 6,
        "available_after": 2, "warn": True, "exceeded": False,
    }  # fmt: skip


def test_a_quota_that_cannot_be_worked_out_is_refused(offered: House) -> None:
    offered.offer(odd=item(http("make"), fields=FIELDS, extra='quota: {vcpu: "{{ 4 / (size - 2) }}"}'))
    (fault,) = refused(offered, "odd")
    assert (fault.code, "cannot be worked out: divides by zero" in fault.message) == ("quota_unknown", True)


def test_a_price_that_cannot_be_worked_out_is_not_free_of_a_limit(offered: House) -> None:
    offered.offer(odd=item(http("make"), extra="cost: {lines: [{label: A, price: 1, times: 1 / 0}]}"))
    assert [fault.code for fault in refused(offered, "odd")] == ["quota_unknown"]


def test_a_price_in_another_currency_is_not_held_against_the_limit(offered: House) -> None:
    offered.offer(odd=item(http("make"), extra="cost: {currency: EUR, lines: [{label: A, price: 1}]}"))
    assert "priced in EUR" in refused(offered, "odd")[0].message


@pytest.mark.parametrize(
    ("limits", "first", "second", "allowed"),
    [
        ("{per_team: 1}", "sarah-123", "bob-456", False),
        ("{per_team: 1}", "sarah-123", "mallory-666", True),
        ("{per_user: 1}", "sarah-123", "sarah-123", False),
        ("{per_user: 1}", "sarah-123", "bob-456", True),
        ("{per_team: 2, per_user: 1}", "sarah-123", "bob-456", True),
    ],
)
def test_an_item_is_there_only_so_often(house: House, limits: str, first: str, second: str, allowed: bool) -> None:
    house.offer(scarce=item(http("make"), extra=f"limits: {limits}"))
    house.order("scarce", first)
    house.finish(Done())
    if allowed:
        house.order("scarce", second)
    else:
        (fault,) = refused(house, "scarce", second)
        assert (fault.code, "ask platform-data-team" in fault.message) == ("limit_reached", True)


def test_an_item_that_is_given_back_may_be_ordered_again(house: House) -> None:
    house.offer(scarce=item(http("make"), extra="limits: {per_team: 1, per_user: 1}"))
    house.cancel(house.order("scarce").request_id)
    house.order("scarce")


def test_a_repeat_of_the_order_that_took_the_last_is_answered(offered: House) -> None:
    first = offered.order(size(5), key="once")
    assert offered.order(size(5), key="once").request_id == first.request_id
    assert counted(offered, "vcpu") == (0, 10)


def race(*runs: Callable[[], Submitted]) -> list[Any]:
    """What each of `runs` came to, begun at the same moment on connections of their own."""
    barrier = Barrier(len(runs))

    def begun(run: Callable[[], Submitted]) -> Any:
        barrier.wait()
        try:
            return run().request_id
        except Invalid as error:
            return error.faults[0].code

    with ThreadPoolExecutor(len(runs)) as pool:
        return list(pool.map(begun, runs))


def test_of_many_who_race_for_the_last_unit_one_wins(offered: House) -> None:
    for who in ("sarah-123", "bob-456"):
        offered.caller(who)
    offered.order(size(3))
    came = race(*(lambda who=who: offered.order(size(2), who) for who in ("sarah-123", "bob-456") * 3))
    assert sorted(one.partition("-")[0] for one in came) == ["quota_exceeded"] * 5 + ["req"]
    assert counted(offered, "vcpu") == (0, 10)


def test_racers_for_a_limit_that_nobody_has_counted_yet_are_counted_once(house: House) -> None:
    house.offer(scarce=item(http("make"), extra="limits: {per_team: 3}"))
    house.caller("sarah-123")
    came = race(*(lambda: house.order("scarce") for _ in range(6)))
    assert came.count("limit_reached") == 3
    assert counted(house, "item:scarce") == (0, 3)


def test_a_repeat_that_races_for_the_last_unit_gets_the_same_request(offered: House) -> None:
    offered.caller("sarah-123")
    came = race(*(lambda: offered.order(size(5), key="once") for _ in range(4)))
    assert len(set(came)) == 1


def test_who_orders_and_who_agrees_do_not_wait_for_each_other(house: House) -> None:
    rules = "quota: {vcpu: 1}\nlimits: {concurrent: 50}\napproval: [{when: size > 5, by: {team: platform-data-team}}]"
    quotas(house, "default: {vcpu: 100}")
    house.offer(database=item(http("make", when="1 > 2"), fields=FIELDS, extra=rules))
    carol = house.caller("carol-789")
    waiting = [house.order(size(6)) for _ in range(6)]
    asked = [row.approval_id for row in house.rows(select(APPROVAL.c.approval_id))]

    def agree(approval: str, request: Submitted) -> Submitted:
        with house.unit() as unit:
            deciding.approve(unit, carol, approval)
        return request

    runs = [partial(agree, *one) for one in zip(asked, waiting, strict=True)]
    race(*runs, *(lambda: house.order(size(1)) for _ in runs))
    assert counted(house, "vcpu") == (12, 0)


def test_first_orders_under_limits_of_teams_and_of_people_do_not_wait_for_each_other(house: House) -> None:
    house.offer(mine=item(http("make"), extra="limits: {per_user: 9}"), ours=item(http("make"), extra="limits: {per_team: 9}"))
    house.caller("sarah-123")
    race(*(lambda name=name: house.order(name) for name in ("mine", "ours") * 4))
    assert counted(house, "item:ours") == (0, 4)


def test_what_changes_while_it_waits_is_counted_anew(offered: House) -> None:
    request = offered.order(size(2)).request_id
    with offered.engine.begin() as connection:
        connection.execute(update(REQUEST).where(REQUEST.c.request_id == request).values(quota_takes={"vcpu": 9}))
    assert (counted(offered, "vcpu"), counted(offered, "databases")) == ((0, 9), (0, 0))


def test_a_request_that_is_removed_holds_nothing(offered: House) -> None:
    request = offered.order(size(2)).request_id
    with offered.engine.begin() as connection:
        connection.execute(REQUEST.delete().where(REQUEST.c.request_id == request))
    assert counted(offered, "vcpu") == (0, 0)
