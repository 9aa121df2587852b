"""A worker that dies with a step: whatever it was doing is found out, done again, or given to a person, and never twice."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.core.outcomes import Again, Done, Failed, Indeterminate, Outcome, Waiting
from app.models.tables import REQUEST, STEP
from tests.fixtures.house import House, http, item

ORDER = {"catalog_item": "single", "parameters": {"size": 3}}


@pytest.fixture
def lost(single: House) -> House:
    """A request whose one step was lost with its worker while it ran."""
    single.order(ORDER)
    single.must_claim("w1")
    single.lose("make")
    return single


def kinds(house: House) -> list[str]:
    return [event.kind for event in house.events()]


# A run


def test_a_lost_run_is_probed_under_the_same_attempt_and_key(lost: House) -> None:
    probe = lost.must_claim("w2")
    attempt = lost.attempts("make")[0]
    assert (probe.activity, probe.step.attempt, probe.idempotency_key) == ("probe", 1, attempt.idempotency_key)
    assert len(lost.attempts("make")) == 1


@pytest.mark.parametrize(
    ("outcome", "step", "attempt"),
    [
        (Done({"value": "x"}), "completed", "completed"),
        (Waiting({"run": 7}, timedelta(hours=1)), "waiting", "waiting"),
        (Failed("it had ended badly"), "failed", "failed"),
        (Again("it had not begun"), "ready", "failed"),
        (Indeterminate({"looked": "everywhere"}), "indeterminate", "indeterminate"),
    ],
)
def test_what_a_probe_finds_decides(lost: House, outcome: Outcome, step: str, attempt: str) -> None:
    lost.finish(outcome)
    assert (lost.statuses()["make"], lost.attempts("make")[0].status) == (step, attempt)


def test_what_a_probe_finds_to_go_on_outside_is_polled(lost: House) -> None:
    lost.finish(Waiting({"run": 7}, timedelta(0), external_id="7"))
    claim = lost.must_claim()
    assert (claim.activity, claim.step.handle, lost.attempts("make")[0].external_id) == ("poll", {"run": 7}, "7")
    lost.record(claim, Done({"value": "x"}))
    assert (lost.statuses(), lost.step("make").losses) == ({"make": "completed"}, 0)


def test_what_may_be_run_again_is_run_again_with_the_same_key(lost: House) -> None:
    lost.finish(Again("it had not begun"))
    lost.finish(Done({"value": "x"}))
    first, second = lost.attempts("make")
    assert (first.idempotency_key, second.status) == (second.idempotency_key, "completed")
    assert first.error == {"type": "not_done", "message": "it had not begun", "details": {}}


def test_running_again_after_a_probe_is_none_of_the_granted_attempts(house: House) -> None:
    house.offer(single=item(http("make", retry_policy="{max_attempts: 2, initial_delay: 1s}")))
    house.order("single")
    house.must_claim()
    house.lose("make")
    house.finish(Again("it had not begun"))
    house.finish(Failed("once"))
    assert (house.statuses(), house.tickets()) == ({"make": "waiting"}, [])


def test_a_probe_that_finds_a_failure_asks_the_retry_policy(house: House) -> None:
    house.offer(single=item(http("make", retry_policy="{max_attempts: 2, initial_delay: 1s}")))
    house.order("single")
    house.must_claim()
    house.lose("make")
    house.finish(Failed("it had ended badly"))
    assert (house.step("make").status, house.step("make").activity) == ("waiting", "run")


def test_what_a_probe_cannot_tell_goes_to_a_person_once_with_all_that_is_known(lost: House) -> None:
    lost.finish(Indeterminate({"looked": "everywhere"}))
    (ticket,) = lost.tickets()
    assert (ticket.ticket_type, ticket.error["details"]["worker"], ticket.error["details"]["looked"]) == (
        "unknown",
        "w1",
        "everywhere",
    )
    assert (lost.claim(), lost.sweep().lost) == (None, 0)


@pytest.mark.parametrize(
    ("how", "more", "status"),
    [("resolve", ({"value": "x"},), "completed"), ("reject", ("it broke",), "failed"), ("retry", (), "in_progress")],
)
def test_a_person_ends_what_is_unknown(lost: House, how: str, more: tuple[object, ...], status: str) -> None:
    lost.finish(Indeterminate())
    lost.end_ticket(how, *more)
    assert lost.rows(STEP.select())[0].status in ("completed", "failed", "ready")
    assert lost.rows(REQUEST.select())[0].status == status


# A probe


def test_a_lost_probe_is_probed_again_and_told_to_nobody(lost: House) -> None:
    lost.must_claim("w2")
    told = kinds(lost)
    lost.lose("make")
    assert (kinds(lost), lost.must_claim("w3").activity) == (told, "probe")


def test_a_step_that_takes_its_prober_along_too_goes_to_a_person(lost: House) -> None:
    for _ in range(2):
        assert lost.tickets() == []
        lost.must_claim()
        lost.lose("make")
    assert (lost.tickets()[0].ticket_type, lost.claim()) == ("unknown", None)
    assert lost.tickets()[0].error["details"]["what"].endswith("3 times in a row")


def test_who_had_made_the_call_stays_in_the_evidence(lost: House) -> None:
    lost.must_claim("w2")
    lost.lose("make")
    assert lost.attempts("make")[0].evidence["worker"] == "w1"
    lost.finish(Indeterminate({"looked": "everywhere"}))
    assert lost.tickets()[0].error["details"].keys() >= {"worker", "what", "looked"}


# A poll


def test_a_lost_poll_is_polled_again_and_told_to_nobody(single: House) -> None:
    single.order(ORDER)
    single.finish(Waiting({"run": 7}, timedelta(0)))
    single.must_claim("w1")
    told = kinds(single)
    single.lose("make")
    claim = single.must_claim("w2")
    assert (claim.activity, claim.step.handle, kinds(single)) == ("poll", {"run": 7}, told)


def test_a_lost_look_at_what_is_to_stop_asks_it_to_stop_again(single: House) -> None:
    made = single.order(ORDER)
    single.finish(Waiting({"run": 7}, timedelta(0)))
    single.cancel(made.request_id)
    single.must_claim()
    single.lose("make")
    claim = single.must_claim()
    assert (claim.activity, claim.step.stop_wanted) == ("poll", True)


def test_a_poll_that_cannot_tell_goes_to_a_person_directly(single: House) -> None:
    single.order(ORDER)
    single.finish(Waiting({"run": 7}, timedelta(0)))
    single.finish(Indeterminate({"what": "the run is gone"}))
    assert (single.tickets()[0].ticket_type, single.claim()) == ("unknown", None)


# In general


def test_a_lease_that_lives_is_not_taken_back(single: House) -> None:
    single.order(ORDER)
    single.must_claim(lease=30)
    assert (single.sweep().lost, single.statuses()) == (0, {"make": "running"})


def test_the_dead_worker_may_come_back_and_changes_nothing(lost: House) -> None:
    claim = lost.must_claim("w2")
    with lost.engine.begin() as connection:
        connection.execute(update(STEP).values(lease_until=STEP.c.claimed_at - timedelta(seconds=1)))
    lost.sweep()
    before = (lost.statuses(), kinds(lost))
    assert lost.record(claim, Done({"value": "x"})) is None
    assert (lost.statuses(), kinds(lost)) == before
    assert lost.attempts("make")[0].late_result == {"outcome": "Done", "outputs": "value"}
