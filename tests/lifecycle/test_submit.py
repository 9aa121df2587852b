"""Accepting an order: one transaction writes everything, or nothing."""

import secrets
import threading

import pytest
from sqlalchemy import func, select

from app.errors import Conflict, Invalid
from app.models import AuditEntry
from app.models.tables import EVENT, REQUEST, STEP
from tests.fixtures.house import House, http, item

ORDER = {"catalog_item": "single", "parameters": {"size": 3}}


def counts(house: House) -> tuple[int, ...]:
    return tuple(house.rows(select(func.count()).select_from(table))[0][0] for table in (REQUEST, STEP, EVENT))


def test_an_order_becomes_a_request_with_steps_an_event_and_an_audit_row(single: House) -> None:
    made = single.order(ORDER)
    request = single.request(made.request_id)
    assert (request.status, request.requester_team, request.title) == ("submitted", "customer-experience", "Pair")
    assert request.item_parameters == {"single": {"size": 3}}
    assert [event.kind for event in single.events()] == ["request.submitted"]
    written = select(AuditEntry.action, AuditEntry.actor).where(AuditEntry.target == f"request:{made.request_id}")
    assert [tuple(row) for row in single.rows(written)] == [("request.submit", "sarah-123")]


def test_an_id_has_the_day_and_six_characters(single: House) -> None:
    assert pytest.approx(len(single.order(ORDER).request_id)) == len("req-20261124-abc123")


def test_steps_without_parents_are_ready_at_once(pair: House) -> None:
    pair.order("pair")
    assert pair.statuses() == {"left": "ready", "right": "ready", "child": "pending"}


def test_every_fault_is_told_at_once_and_nothing_is_written(single: House) -> None:
    order = {
        "catalog_item": "single",
        "parameters": {"size": 11, "colour": "red"},
        "priority": 1,
        "requester": {"user_id": "mallory-666", "team": "growth"},
    }
    with pytest.raises(Invalid) as refused:
        single.order(order)
    assert {(fault.pointer, fault.code) for fault in refused.value.faults} == {
        ("/parameters/size", "max_value"),
        ("/parameters/colour", "unknown_field"),
        ("/priority", "unknown_field"),
        ("/requester/user_id", "not_your_identity"),
        ("/requester/team", "not_your_team"),
    }
    assert counts(single) == (0, 0, 0)


def test_an_unknown_entry_and_an_unknown_version_are_named(single: House) -> None:
    for order, pointer in (({"catalog_item": "nothing"}, "/catalog_item"), (ORDER | {"version": "9.0.0"}, "/version")):
        with pytest.raises(Invalid) as refused:
            single.order(order)
        assert pointer in {fault.pointer for fault in refused.value.faults}


def test_the_same_key_and_order_answer_the_same_request(single: House) -> None:
    first = single.order(ORDER, key="once")
    assert single.order(ORDER, key="once") == first
    assert counts(single)[0] == 1


def test_the_same_key_with_another_order_is_a_conflict(single: House) -> None:
    single.order(ORDER, key="once")
    with pytest.raises(Conflict) as refused:
        single.order({"catalog_item": "single", "parameters": {"size": 4}}, key="once")
    assert refused.value.code == "idempotency_key_reused"


def test_a_refused_order_does_not_use_its_key_up(single: House) -> None:
    with pytest.raises(Invalid):
        single.order({"catalog_item": "single", "parameters": {}}, key="once")
    assert single.order(ORDER, key="once").status == "submitted"


def test_keys_of_two_people_do_not_meet(single: House) -> None:
    assert single.order(ORDER, key="once").request_id != single.order(ORDER, "bob-456", key="once").request_id


def test_twenty_submits_at_once_with_one_key_make_one_request(single: House) -> None:
    single.caller("sarah-123")
    seen: list[str] = []
    threads = [threading.Thread(target=lambda: seen.append(single.order(ORDER, key="race").request_id)) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 20
    assert len(set(seen)) == 1
    assert counts(single)[0] == 1


def test_somebody_in_two_teams_must_say_for_which(single: House) -> None:
    with pytest.raises(Invalid) as refused:
        single.order(ORDER, "erin-321")
    assert [fault.code for fault in refused.value.faults] == ["team_required"]
    made = single.order(ORDER | {"requester": {"team": "platform-compute-team"}}, "erin-321")
    assert single.request(made.request_id).requester_team == "platform-compute-team"


def test_what_was_ordered_is_frozen(single: House) -> None:
    single.order(ORDER)
    single.offer(single=item(http("other"), fields="[]").replace('"1.0.0"', '"1.1.0"'))
    assert single.statuses() == {"make": "ready"}


def test_a_bundle_takes_the_newest_versions_that_fit(house: House) -> None:
    house.offer(part=item(http("make")))
    house.offer(part=item(http("make_new")).replace('"1.0.0"', '"1.4.0"'))
    bundle = """
name: Both
version: "1.0.0"
description: "For tests"
owner: platform-solutions-team
tags: []
bundle:
  required_items: [{catalog_item: part, version: "^1.0"}]
fulfillment: {manual: {system: internal, template: {title: t, instructions: i}}}
"""
    house.offer(both=bundle)
    house.order({"catalog_bundle": "both", "version": "1.0.0"})
    assert house.statuses() == {"make_new": "ready"}


def test_a_condition_over_the_requester_alone_waits_for_nothing(house: House) -> None:
    steps = [http("one"), http("two", when="\"requester.team == 'growth'\""), http("three", when="\"requester.email != ''\"")]
    house.offer(single=item("\n".join(steps)))
    house.order("single")
    assert house.statuses() == {"one": "ready", "two": "skipped", "three": "ready"}


def test_a_bundle_without_anything_to_do_is_done_at_once(house: House) -> None:
    bundle = """
name: Both
version: "1.0.0"
description: "For tests"
owner: platform-solutions-team
tags: []
bundle:
  optional_items: [{catalog_item: part, version: "1.0.0"}]
fulfillment: {manual: {system: internal, template: {title: t, instructions: i}}}
"""
    house.offer(part=item(http("make")), both=bundle)
    made = house.order({"catalog_bundle": "both"})
    assert (house.request(made.request_id).status, house.statuses()) == ("completed", {})


def test_an_id_that_is_taken_is_not_given_again(single: House, monkeypatch: pytest.MonkeyPatch) -> None:
    first = single.order(ORDER).request_id
    letters = iter(first[-6:] + "abcdef")
    monkeypatch.setattr(secrets, "choice", lambda _letters: next(letters))
    assert single.order(ORDER).request_id == first[:-6] + "abcdef"


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800b"])
def test_text_that_postgresql_does_not_hold_is_a_fault_or_kept(house: House, text: str) -> None:
    house.offer(single=item(http("make"), fields="[{name: size, type: string, required: true}]"))
    with pytest.raises(Invalid):
        house.order({"catalog_item": "single", "parameters": {"size": text}})
    with pytest.raises(Invalid):
        house.order({"catalog_item": text, "parameters": {"size": "x"}})
    with pytest.raises(Invalid):
        house.order({"catalog_item": "single", "version": text, "parameters": {"size": "x"}})
