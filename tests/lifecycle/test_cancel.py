"""Cancelling: what has not begun never does, what runs is asked to end, and what is unknown is found out before it is over."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.core.outcomes import Again, Done, Failed, Indeterminate, NeedsHuman, Outcome, Waiting
from app.errors import Conflict, Invalid, NotAllowed, NotFound, StratusError
from app.lifecycle.engine import claims
from app.models.tables import STEP
from tests.fixtures.house import House

ORDER = {"catalog_item": "single", "parameters": {"size": 3}}
STOPPED = Again("it was stopped in time")


def stands(house: House, request_id: str) -> tuple[str, dict[str, str]]:
    return house.request(request_id).status, house.statuses()


def kinds(house: House) -> list[str]:
    return [event.kind for event in house.events()]


def test_what_has_not_begun_never_does(pair: House) -> None:
    made = pair.order("pair")
    pair.cancel(made.request_id)
    assert stands(pair, made.request_id) == ("cancelled", {"left": "cancelled", "right": "cancelled", "child": "cancelled"})
    assert pair.claim() is None
    assert pair.request(made.request_id).completed_at is not None


def test_what_is_done_stays_done(pair: House) -> None:
    made = pair.order("pair")
    pair.finish(Done())
    pair.cancel(made.request_id)
    assert pair.statuses() == {"left": "completed", "right": "cancelled", "child": "cancelled"}


def test_what_runs_is_asked_to_stop_with_the_next_heartbeat(single: House) -> None:
    made = single.order(ORDER)
    claim = single.must_claim()
    single.cancel(made.request_id)
    assert stands(single, made.request_id) == ("cancelling", {"make": "running"})
    with single.engine.begin() as connection:
        assert claims.extend(connection, [claim.token], timedelta(seconds=30)) == {claim.token: True}


@pytest.mark.parametrize(
    ("outcome", "status", "step"),
    [
        (STOPPED, "cancelled", "cancelled"),
        (Failed("interrupted"), "cancelled", "cancelled"),
        (NeedsHuman("by hand"), "cancelled", "cancelled"),
        (Done({"value": "x"}), "completed", "completed"),
    ],
)
def test_it_is_over_when_what_ran_has_ended(single: House, outcome: Outcome, status: str, step: str) -> None:
    made = single.order(ORDER)
    claim = single.must_claim()
    single.cancel(made.request_id)
    single.record(claim, outcome)
    assert stands(single, made.request_id) == (status, {"make": step})
    assert single.tickets() == []


def test_a_request_that_was_done_before_it_could_be_stopped_says_nothing_of_the_cancelling(single: House) -> None:
    made = single.order(ORDER)
    claim = single.must_claim()
    single.cancel(made.request_id)
    single.record(claim, Done({"value": "x"}))
    assert single.request(made.request_id).failure is None
    assert single.request(made.request_id).outputs == {"single": {"endpoint": "x:3"}}


def test_what_ended_well_does_not_begin_its_children(pair: House) -> None:
    made = pair.order("pair")
    claims_ = [pair.must_claim(), pair.must_claim()]
    pair.cancel(made.request_id)
    for claim in claims_:
        pair.record(claim, Done())
    assert stands(pair, made.request_id) == ("cancelled", {"left": "completed", "right": "completed", "child": "cancelled"})


def test_what_goes_on_outside_is_looked_at_now_and_stopped(single: House) -> None:
    made = single.order(ORDER)
    single.finish(Waiting({"run": 7}, timedelta(hours=1)))
    single.cancel(made.request_id)
    claim = single.must_claim()
    assert (claim.activity, claim.step.stop_wanted, claim.step.handle) == ("poll", True, {"run": 7})
    single.record(claim, Waiting({"run": 7}, timedelta(0)))
    assert single.must_claim().step.stop_wanted


def test_what_begins_outside_while_it_is_cancelled_is_stopped_at_once(single: House) -> None:
    made = single.order(ORDER)
    claim = single.must_claim()
    single.cancel(made.request_id)
    single.record(claim, Waiting({"run": 7}, timedelta(hours=1)))
    claim = single.must_claim()
    assert (claim.activity, claim.step.stop_wanted) == ("poll", True)
    single.record(claim, Waiting({"run": 7}, timedelta(hours=1)))
    assert single.claim() is None


def test_what_does_not_stop_outside_is_waited_for_ten_minutes_and_no_longer(single: House) -> None:
    made = single.order(ORDER)
    single.finish(Waiting({"run": 7}, timedelta(hours=1)))
    single.cancel(made.request_id)
    step = single.step("make")
    assert step.deadline - step.check_after <= timedelta(minutes=10)
    with single.engine.begin() as connection:
        connection.execute(update(STEP).values(deadline=STEP.c.claimed_at))
    single.finish(Waiting({"run": 7}, timedelta(0)))
    assert stands(single, made.request_id) == ("cancelled", {"make": "cancelled"})


def test_a_delayed_retry_is_cancelled(pair: House) -> None:
    made = pair.order("pair")
    with pair.engine.begin() as connection:
        connection.execute(
            update(STEP)
            .where(STEP.c.step_name == "left")
            .values(status="waiting", activity="run", check_after=STEP.c.ready_at + timedelta(hours=1))
        )
    pair.cancel(made.request_id)
    assert pair.statuses()["left"] == "cancelled"
    assert pair.step("left").check_after is None


@pytest.mark.parametrize("outcome", [Failed("no room"), NeedsHuman("by hand")])
def test_people_are_asked_no_more(single: House, outcome: Outcome) -> None:
    made = single.order(ORDER)
    single.finish(outcome)
    single.cancel(made.request_id)
    assert stands(single, made.request_id) == ("cancelled", {"make": "cancelled"})
    ticket = single.tickets()[0]
    assert (ticket.status, ticket.resolution) == ("rejected", {"reason": "the request was cancelled: no longer needed"})
    assert single.attempts("make")[0].status in ("failed", "cancelled")


def test_what_is_unknown_is_found_out_first(single: House) -> None:
    made = single.order(ORDER)
    single.finish(Indeterminate({"what": "the line was cut"}))
    single.cancel(made.request_id)
    assert stands(single, made.request_id) == ("cancelling", {"make": "indeterminate"})
    single.finish(Again("it had not taken effect"))
    assert stands(single, made.request_id) == ("cancelled", {"make": "cancelled"})
    assert single.attempts("make")[0].status == "cancelled"


def test_what_a_probe_finds_to_go_on_outside_is_stopped_too(single: House) -> None:
    made = single.order(ORDER)
    single.finish(Indeterminate({"what": "the line was cut"}))
    single.cancel(made.request_id)
    single.finish(Waiting({"run": 7}, timedelta(0)))
    claim = single.must_claim()
    assert (claim.activity, claim.step.stop_wanted) == ("poll", True)


@pytest.mark.parametrize(
    ("how", "more", "status", "step"),
    [("resolve", ({"value": "x"},), "completed", "completed"), ("reject", ("it is not there",), "cancelled", "cancelled")],
)
def test_what_nobody_can_tell_stays_with_a_person(
    single: House, how: str, more: tuple[object, ...], status: str, step: str
) -> None:
    made = single.order(ORDER)
    single.finish(Indeterminate())
    single.finish(Indeterminate())
    single.cancel(made.request_id)
    assert (single.request(made.request_id).status, single.tickets()[0].status) == ("cancelling", "open")
    single.end_ticket(how, *more)
    assert stands(single, made.request_id) == (status, {"make": step})


def test_a_person_who_says_that_nothing_happened_has_found_out(single: House) -> None:
    made = single.order(ORDER)
    single.finish(Indeterminate())
    single.finish(Indeterminate())
    single.cancel(made.request_id)
    single.end_ticket("reject", "it is not there")
    assert single.attempts("make")[0].status == "cancelled"
    with pytest.raises(Conflict, match="made nothing that could be taken back"):
        single.roll_back(made.request_id)


def test_an_unknown_step_of_a_cancelled_request_is_not_run_again(single: House) -> None:
    made = single.order(ORDER)
    single.finish(Indeterminate())
    single.finish(Indeterminate())
    single.cancel(made.request_id)
    with pytest.raises(Conflict, match="say whether the step took effect"):
        single.end_ticket("retry")


def test_a_worker_that_dies_while_it_stops_leaves_a_step_that_is_probed(single: House) -> None:
    made = single.order(ORDER)
    single.must_claim()
    single.cancel(made.request_id)
    single.lose("make")
    assert single.finish(STOPPED) == "make"
    assert single.request(made.request_id).status == "cancelled"


def test_cancelling_twice_changes_nothing(pair: House) -> None:
    made = pair.order("pair")
    pair.must_claim()
    pair.cancel(made.request_id)
    told = kinds(pair)
    pair.cancel(made.request_id, who="bob-456")
    assert kinds(pair) == told


def test_what_has_ended_is_refused_with_a_reason(single: House) -> None:
    made = single.order(ORDER)
    single.finish(Done({"value": "x"}))
    with pytest.raises(Conflict, match="it has ended: it is completed"):
        single.cancel(made.request_id)


@pytest.mark.parametrize(
    ("who", "error"), [("carol-789", NotAllowed), ("mallory-666", NotFound), ("bob-456", None), ("dana-001", None)]
)
def test_the_team_that_asked_and_administrators_cancel(pair: House, who: str, error: type[StratusError] | None) -> None:
    made = pair.order("pair")
    if error is None:
        pair.cancel(made.request_id, who=who)
        assert pair.request(made.request_id).status == "cancelled"
        return
    with pytest.raises(error):
        pair.cancel(made.request_id, who=who)
    assert pair.request(made.request_id).status == "submitted"


def test_whoever_cancels_says_why(pair: House) -> None:
    made = pair.order("pair")
    with pytest.raises(Invalid):
        pair.decide("cancel", made.request_id, "  ")
    pair.cancel(made.request_id)
    told = next(event for event in pair.events() if event.kind == "request.cancel")
    assert (told.payload, told.actor) == ({"by": "Sarah", "reason": "no longer needed"}, "sarah-123")
    assert pair.request(made.request_id).failure == "no longer needed"


def test_steps_are_cancelled_with_their_request_only(pair: House) -> None:
    first, second = pair.order("pair"), pair.order("pair")
    pair.cancel(first.request_id)
    others = select(STEP.c.status).where(STEP.c.request_id == pair.request(second.request_id).id)
    assert {row.status for row in pair.rows(others)} == {"ready", "pending"}
