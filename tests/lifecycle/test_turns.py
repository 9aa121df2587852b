"""Taking turns: limits of teams and items hold whoever races for them, and nothing waits for ever."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app.core.outcomes import Done, Failed
from app.lifecycle.engine import turns
from app.lifecycle.orders.submit import submit
from app.models.tables import REQUEST, STEP
from app.transaction import Rules
from tests.fixtures.house import House, http, item

ONE = "limits: {concurrent: 1}"


def admit(house: House) -> int:
    return turns.admit(house.engine, house.tools, house.rules.team_requests)


def admitted(house: House) -> list[bool]:
    """Whether each request may be built, the oldest first."""
    return [row.admitted for row in house.rows(select(REQUEST).order_by(REQUEST.c.number))]


@pytest.fixture
def few(house: House) -> House:
    """Of a team one request is built at a time."""
    house.rules = Rules(team_requests=1)
    house.offer(free=item(http("make")))
    return house


@pytest.fixture
def scarce(house: House) -> House:
    """`scarce` may be built once at a time, `free` as often as anybody likes."""
    house.offer(free=item(http("make")), scarce=item(http("make"), extra=ONE))
    return house


def test_without_a_limit_everything_begins_at_once(scarce: House) -> None:
    for _ in range(3):
        scarce.order("free")
    assert admitted(scarce) == [True, True, True]


def test_a_team_has_so_many_requests_built_at_once(few: House) -> None:
    first, second = few.order("free"), few.order("free")
    assert (admitted(few), few.request(second.request_id).status) == ([True, False], "submitted")
    assert admit(few) == 0
    few.finish(Done())
    assert admit(few) == 1
    assert (few.must_claim().request_id, few.request(first.request_id).status) == (second.request_id, "completed")


def test_another_team_does_not_wait_for_it(few: House) -> None:
    few.order("free", who="sarah-123")
    few.order("free", who="mallory-666")
    assert admitted(few) == [True, True]


def test_an_item_is_built_so_many_times_at_once_whoever_asks(scarce: House) -> None:
    scarce.order("scarce", who="sarah-123")
    scarce.order("scarce", who="mallory-666")
    assert admitted(scarce) == [True, False]


def test_an_order_that_waits_for_a_person_holds_its_turn(few: House) -> None:
    few.order("free")
    few.order("free")
    few.finish(Failed("no"))
    assert (few.tickets()[0].status, admit(few)) == ("open", 0)


def test_an_order_that_is_queued_says_so_and_when_its_turn_came(few: House) -> None:
    few.order("free")
    second = few.request(few.order("free").request_id)
    few.finish(Done())
    admit(few)
    told = [event.kind for event in few.events() if event.request_id == second.id]
    assert told == ["request.submitted", "request.queued", "request.admitted", "step.ready", "request.in_progress"]


def test_a_queued_order_has_no_ready_step_and_rings_for_nothing(few: House) -> None:
    few.order("free")
    caller = few.caller("sarah-123")
    with few.unit() as unit:
        submit(unit, caller, {"catalog_item": "free"})
        assert unit.ready == 0
    assert {row.status for row in few.rows(STEP.select())} == {"ready", "pending"}
    assert (few.sweep().waiting_work, few.sweep().rescued) == (1, 0)


def test_the_oldest_of_a_team_is_admitted_first(few: House) -> None:
    made = [few.order("free") for _ in range(4)]
    built = []
    for _ in made:
        claim = few.must_claim()
        built.append(claim.request_id)
        few.record(claim, Done())
        admit(few)
    assert built == [one.request_id for one in made]


def test_a_full_limit_keeps_nobody_waiting_whom_it_does_not_concern(scarce: House) -> None:
    scarce.offer(rare=item(http("make"), extra=ONE))
    for _ in range(turns.BATCH + 5):
        scarce.order("scarce", who="sarah-123")
    scarce.order("rare", who="mallory-666")
    last = scarce.order("rare", who="mallory-666")
    with scarce.engine.begin() as connection:
        rare = (REQUEST.c.catalog_name == "rare", REQUEST.c.admitted)
        connection.execute(update(REQUEST).where(*rare).values(status="completed", completed_at=func.now()))
    assert admit(scarce) == 1
    assert scarce.request(last.request_id).admitted


def test_several_turns_that_are_free_are_all_taken(house: House) -> None:
    house.rules = Rules(team_requests=1)
    house.offer(free=item(http("make")))
    for _ in range(4):
        house.order("free")
    house.rules = Rules(team_requests=3)
    assert (admit(house), admitted(house)) == (2, [True, True, True, False])


@pytest.mark.parametrize("round_", range(5))
def test_of_many_who_race_for_the_last_turn_one_gets_it(few: House, round_: int) -> None:
    few.caller("sarah-123")
    barrier = threading.Barrier(6)

    def order() -> None:
        barrier.wait()
        few.order("free")

    threads = [threading.Thread(target=order) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(admitted(few)) == [False] * 5 + [True]


def test_two_who_admit_at_once_let_one_in(few: House) -> None:
    for _ in range(4):
        few.order("free")
    few.finish(Done())
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(admit(few))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(found), sum(admitted(few))) == (1, 2)


def test_a_queued_order_may_be_cancelled(few: House) -> None:
    few.order("free")
    second = few.order("free")
    few.cancel(second.request_id)
    assert few.request(second.request_id).status == "cancelled"
    few.finish(Done())
    assert admit(few) == 0


def test_an_order_that_was_cancelled_while_it_was_queued_queues_again_when_it_is_resumed(few: House) -> None:
    few.order("free")
    second = few.order("free")
    few.cancel(second.request_id)
    few.decide("resume", second.request_id)
    assert (few.request(second.request_id).status, admitted(few)) == ("in_progress", [True, False])
    few.finish(Done())
    assert admit(few) == 1
    few.finish(Done())
    assert few.request(second.request_id).status == "completed"


def test_a_request_that_goes_on_takes_its_turn(few: House) -> None:
    first = few.order("free")
    few.cancel(first.request_id)
    second = few.order("free")
    few.decide("resume", first.request_id)
    assert (admitted(few), few.request(first.request_id).status) == ([False, True], "in_progress")
    assert few.must_claim().request_id == second.request_id
    assert few.claim() is None


def test_what_failed_is_run_again_when_its_turn_has_come(few: House) -> None:
    few.offer(brittle=item(http("make")).replace("    steps:", "    fallback_on_failure: false\n    steps:"))
    first = few.order("brittle")
    few.finish(Failed("no"))
    second = few.order("free")
    few.decide("retry", first.request_id)
    assert few.must_claim().request_id == second.request_id
    assert (few.claim(), few.request(first.request_id).status) == (None, "in_progress")


def test_one_that_cannot_be_admitted_does_not_stop_the_others(few: House, caplog: pytest.LogCaptureFixture) -> None:
    both = ("sarah-123", "mallory-666")
    _, waiting = [few.order("free", who=who) for who in both], [few.order("free", who=who) for who in both]
    few.finish(Done())
    few.finish(Done())
    broken = few.request(waiting[0].request_id).id
    with few.engine.begin() as connection:
        connection.execute(update(STEP).where(STEP.c.request_id == broken).values(depends_on=7))
    assert admit(few) == 1
    assert few.request(waiting[1].request_id).admitted
    assert "could not be admitted" in caplog.text


def test_what_has_waited_long_comes_first(scarce: House) -> None:
    scarce.order("free")
    urgent = scarce.order("free")
    with scarce.engine.begin() as connection:
        young = STEP.c.request_id == scarce.request(urgent.request_id).id
        connection.execute(update(STEP).where(young).values(priority=50))
        old = STEP.c.ready_at - timedelta(seconds=51 * turns.AGING_SECONDS)
        connection.execute(update(STEP).where(~young).values(ready_at=old))
    assert scarce.sweep().aged == 1
    assert scarce.must_claim().request_id != urgent.request_id
