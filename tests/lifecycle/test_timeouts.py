"""Time that runs out: of a step, of an item's whole automation, of a request."""

from datetime import timedelta

import pytest
from sqlalchemy import func, update

from app.core.outcomes import Again, Done, Failed, Indeterminate, NeedsHuman, Outcome, Waiting
from app.errors import Conflict
from app.lifecycle.engine import timeouts
from app.models.tables import REQUEST, STEP
from app.transaction import Rules
from tests.fixtures.house import House, http, item, terraform

HOUR = timedelta(hours=1)
CHAIN = "\n".join([http("one"), http("two", depends_on="[one]")])


@pytest.fixture
def timed(house: House) -> House:
    """Requests may take an hour."""
    house.rules = Rules(request_timeout=HOUR)
    steps = [terraform("one"), http("two", depends_on="[one]"), http("three", depends_on="[two]")]
    house.offer(chain=item("\n".join(steps)))
    return house


def late(house: House) -> None:
    """The time of every request is over."""
    with house.engine.begin() as connection:
        connection.execute(update(REQUEST).values(deadline=func.clock_timestamp() - timedelta(seconds=1)))


def stands(house: House, request_id: str) -> tuple[str, list[str]]:
    return house.request(request_id).status, list(house.statuses().values())


# A step


def test_a_step_has_the_time_that_the_catalog_gives_it(house: House) -> None:
    house.offer(thing=item(http("make", timeout="10m")))
    house.order("thing")
    step = house.must_claim().step
    assert timedelta(minutes=9, seconds=59) < step.deadline - step.claimed_at < timedelta(minutes=10, seconds=1)


def test_each_attempt_has_its_time_anew(house: House) -> None:
    house.offer(thing=item(http("make", timeout="10m", retry_policy="{max_attempts: 2, initial_delay: 1s}")))
    house.roll = 0
    house.order("thing")
    first = house.must_claim()
    house.record(first, Failed("try again"))
    house.sweep()
    assert house.must_claim().step.deadline > first.step.deadline


def test_a_wait_that_is_over_time_is_a_failure_that_is_not_tried_again(house: House) -> None:
    house.offer(thing=item(http("make", timeout="10m", retry_policy="{max_attempts: 5, initial_delay: 1s}")))
    house.order("thing")
    house.finish(Waiting({"run": 1}, timedelta(0)))
    with house.engine.begin() as connection:
        connection.execute(update(STEP).values(deadline=STEP.c.claimed_at))
    house.finish(Waiting({"run": 1}, timedelta(0)))
    assert (house.statuses(), house.tickets()[0].error["type"]) == ({"make": "failed"}, "timeout")


# The automation of an item


def automated(house: House) -> None:
    house.offer(chain=item(CHAIN).replace("    steps:", "    timeout: 10m\n    steps:"))
    house.order("chain")


def long_ago(house: House) -> None:
    with house.engine.begin() as connection:
        connection.execute(update(STEP).values(started_at=STEP.c.started_at - HOUR))


def test_the_steps_of_an_item_share_its_time(house: House) -> None:
    automated(house)
    first = house.must_claim()
    house.record(first, Done())
    assert house.must_claim().step.deadline - first.step.deadline < timedelta(seconds=1)


def test_a_step_that_comes_after_its_time_has_none_left(house: House) -> None:
    automated(house)
    house.finish(Done())
    long_ago(house)
    step = house.must_claim().step
    assert step.deadline < step.claimed_at


def test_what_people_take_is_no_time_of_the_automation(house: House) -> None:
    automated(house)
    house.finish(Failed("no"))
    long_ago(house)
    house.end_ticket("resolve", {})
    step = house.must_claim().step
    assert timedelta(minutes=9) < step.deadline - step.claimed_at <= timedelta(minutes=10)


# A request


def test_a_request_whose_time_is_over_has_failed_and_says_so(timed: House) -> None:
    made = timed.order("chain")
    assert timed.request(made.request_id).deadline - made.created_at < HOUR + timedelta(seconds=5)
    late(timed)
    assert timed.sweep().timed_out == 1
    assert stands(timed, made.request_id) == ("failed", ["cancelled", "cancelled", "cancelled"])
    assert timed.request(made.request_id).failure == timeouts.REASON
    assert "request.timeout" in [event.kind for event in timed.events()]


def test_a_request_that_is_in_time_is_left_alone(timed: House) -> None:
    timed.order("chain")
    assert timed.sweep().timed_out == 0


@pytest.mark.parametrize(
    ("outcome", "step"),
    [(Done(), "completed"), (Failed("interrupted"), "failed"), (Again("it was stopped in time"), "cancelled")],
)
def test_what_runs_is_asked_to_stop_and_waited_for(timed: House, outcome: Outcome, step: str) -> None:
    made = timed.order("chain")
    claim = timed.must_claim()
    late(timed)
    timed.sweep()
    assert (timed.request(made.request_id).status, timed.step("one").stop_wanted) == ("in_progress", True)
    assert timed.sweep().timed_out == 0
    timed.record(claim, outcome)
    assert stands(timed, made.request_id) == ("failed", [step, "cancelled", "cancelled"])
    assert timed.tickets() == []


@pytest.mark.parametrize("outcome", [Failed("no"), NeedsHuman("by hand")])
def test_people_are_asked_no_more(timed: House, outcome: Outcome) -> None:
    made = timed.order("chain")
    timed.finish(outcome)
    late(timed)
    timed.sweep()
    ticket = timed.tickets()[0]
    assert (ticket.status, ticket.resolution, ticket.resolved_by_id) == ("rejected", {"reason": timeouts.REASON}, None)
    assert timed.request(made.request_id).status == "failed"


def test_what_is_unknown_stays_with_a_person(timed: House) -> None:
    made = timed.order("chain")
    timed.finish(Indeterminate())
    timed.finish(Indeterminate())
    late(timed)
    timed.sweep()
    assert (timed.tickets()[0].status, timed.request(made.request_id).status) == ("open", "awaiting_manual")
    with pytest.raises(Conflict, match="say whether the step took effect"):
        timed.end_ticket("retry")
    timed.end_ticket("resolve", {})
    assert stands(timed, made.request_id) == ("failed", ["completed", "cancelled", "cancelled"])


def test_a_request_that_was_done_in_the_end_is_done(house: House) -> None:
    house.rules = Rules(request_timeout=HOUR)
    house.offer(thing=item(http("make")))
    made = house.order("thing")
    claim = house.must_claim()
    late(house)
    house.sweep()
    house.record(claim, Done())
    request = house.request(made.request_id)
    assert (request.status, request.failure) == ("completed", None)


def test_a_queued_request_has_its_time_too(timed: House) -> None:
    timed.rules = Rules(team_requests=1, request_timeout=HOUR)
    timed.order("chain")
    second = timed.order("chain")
    with timed.engine.begin() as connection:
        mine = REQUEST.c.request_id == second.request_id
        connection.execute(update(REQUEST).where(mine).values(deadline=REQUEST.c.created_at))
    assert timed.sweep().timed_out == 1
    assert timed.request(second.request_id).status == "failed"


def test_a_request_that_was_resumed_has_all_its_time_again(timed: House) -> None:
    made = timed.order("chain")
    timed.finish(Done())
    late(timed)
    timed.sweep()
    timed.decide("resume", made.request_id)
    assert timed.sweep().timed_out == 0
    assert timed.request(made.request_id).deadline > timed.request(made.request_id).updated_at + timedelta(minutes=59)
    assert stands(timed, made.request_id) == ("in_progress", ["completed", "ready", "pending"])


def test_a_request_whose_time_is_over_can_be_rolled_back(timed: House) -> None:
    made = timed.order("chain")
    timed.finish(Done())
    late(timed)
    timed.sweep()
    timed.roll_back(made.request_id)
    late(timed)
    assert timed.sweep().timed_out == 0
    timed.finish(Done())
    assert timed.request(made.request_id).status == "rolled_back"


@pytest.mark.parametrize("cancelled", [True, False])
def test_a_request_that_has_ended_has_no_time_left_to_run_out(house: House, cancelled: bool) -> None:
    house.rules = Rules(request_timeout=HOUR)
    house.offer(thing=item(http("make")))
    made = house.order("thing")
    if cancelled:
        house.cancel(made.request_id)
    else:
        house.finish(Done())
    told = len(house.events())
    late(house)
    assert (house.sweep().timed_out, len(house.events())) == (0, told)


def test_without_a_limit_a_request_may_take_whatever_it_takes(house: House) -> None:
    house.offer(thing=item(http("make")))
    made = house.order("thing")
    assert (house.request(made.request_id).deadline, house.sweep().timed_out) == (None, 0)
