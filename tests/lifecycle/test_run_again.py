"""Retry, resume, run one step again, leave one out: what is done is kept, and every press is safe or refused with a reason."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.core.outcomes import Again, Done, Failed, Indeterminate, NeedsHuman
from app.errors import Conflict, Invalid, NotAllowed, NotFound, StratusError
from app.models.tables import REQUEST, STEP
from tests.fixtures.house import House, http, item

ORDER = {"catalog_item": "single", "parameters": {"size": 3}}
NO_FALLBACK = ("    steps:", "    fallback_on_failure: false\n    steps:")


@pytest.fixture
def stuck(pair: House) -> House:
    """`left` is done, `right` has failed and asks a person, `child` waits."""
    pair.order("pair")
    pair.finish(Done())
    pair.finish(Failed("no room"))
    return pair


@pytest.fixture
def ended(house: House) -> House:
    """`one` is done, `two` has failed, the request with it: nobody is asked. `three` waits for `two`."""
    steps = "\n".join([http("one"), http("two", depends_on="[one]"), http("three", depends_on="[two]")])
    house.offer(chain=item(steps).replace(*NO_FALLBACK))
    house.order("chain")
    house.finish(Done())
    house.finish(Failed("no room"))
    return house


def only(house: House) -> str:
    """The id of the only request."""
    return str(house.rows(REQUEST.select())[0].request_id)


def status(house: House) -> str:
    return str(house.request(only(house)).status)


# Retry


def test_a_retry_runs_what_failed_and_keeps_what_is_done(stuck: House) -> None:
    assert stuck.decide("retry", only(stuck)) == 1
    assert stuck.statuses() == {"left": "completed", "right": "ready", "child": "pending"}
    assert (stuck.tickets()[0].status, status(stuck)) == ("retried", "in_progress")
    stuck.finish(Done())
    assert stuck.step("left").attempt == 1
    assert stuck.statuses()["child"] == "ready"


def test_a_retry_is_a_new_wish_with_a_key_of_its_own(stuck: House) -> None:
    stuck.decide("retry", only(stuck))
    stuck.finish(Done())
    assert len({attempt.idempotency_key for attempt in stuck.attempts("right")}) == 2


def test_a_failed_request_is_built_again(ended: House) -> None:
    assert (status(ended), ended.request(only(ended)).completed_at is not None) == ("failed", True)
    assert ended.decide("retry", only(ended)) == 1
    assert (status(ended), ended.request(only(ended)).completed_at) == ("in_progress", None)
    ended.finish(Done())
    assert ended.statuses() == {"one": "completed", "two": "completed", "three": "ready"}


def test_a_second_retry_is_told_that_nothing_failed(stuck: House) -> None:
    stuck.decide("retry", only(stuck))
    with pytest.raises(Conflict, match="no step has failed"):
        stuck.decide("retry", only(stuck))


def test_a_retry_leaves_alone_what_nobody_knows_yet(pair: House) -> None:
    made = pair.order("pair")
    pair.finish(Failed("no room"))
    pair.record(pair.must_claim(), Indeterminate({"what": "the line was cut"}))
    pair.decide("retry", made.request_id)
    assert pair.statuses() == {"left": "ready", "right": "indeterminate", "child": "pending"}


def test_what_is_being_found_out_is_not_run_again(single: House) -> None:
    made = single.order(ORDER)
    single.finish(Indeterminate())
    for what, more in (("retry", ()), ("retry_step", ("step-001",)), ("skip_step", ("step-001", "never mind"))):
        with pytest.raises(Conflict, match="finding out"):
            single.decide(what, made.request_id, *more, who="dana-001")
    single.finish(Indeterminate())
    single.decide("retry", made.request_id)
    assert (single.statuses(), single.tickets()[0].status) == ({"make": "ready"}, "retried")


@pytest.mark.parametrize(("who", "error"), [("mallory-666", NotFound), ("erin-321", NotFound)])
def test_who_may_not_see_a_request_does_not_run_it_again(stuck: House, who: str, error: type[StratusError]) -> None:
    with pytest.raises(error):
        stuck.decide("retry", only(stuck), who=who)


@pytest.mark.parametrize("who", ["bob-456", "carol-789", "dana-001"])
def test_who_asked_and_who_owns_the_step_run_it_again(stuck: House, who: str) -> None:
    stuck.decide("retry", only(stuck), who=who)
    assert stuck.statuses()["right"] == "ready"


def test_a_ticket_that_somebody_works_on_is_not_taken_from_them(stuck: House) -> None:
    stuck.end_ticket("claim", who="carol-789")
    with pytest.raises(Conflict, match="claimed by Carol"):
        stuck.decide("retry", only(stuck), who="sarah-123")
    assert stuck.statuses()["right"] == "failed"
    stuck.decide("retry", only(stuck), who="carol-789")
    assert stuck.tickets()[0].status == "retried"


def test_a_request_that_is_being_given_up_is_not_begun_anew(pair: House) -> None:
    made = pair.order("pair")
    pair.finish(Failed("no room"))
    running = pair.must_claim()
    pair.end_ticket("reject", "there is no room left")
    for what, more in (("retry", ()), ("retry_step", ("step-001",)), ("resume", ())):
        with pytest.raises(Conflict, match="being ended"):
            pair.decide(what, made.request_id, *more)
    pair.record(running, Done())
    assert pair.request(made.request_id).status == "failed"
    pair.decide("retry", made.request_id)
    assert pair.statuses() == {"left": "ready", "right": "completed", "child": "pending"}
    assert pair.request(made.request_id).failure is None


def test_after_a_retry_people_are_asked_again(pair: House) -> None:
    made = pair.order("pair")
    pair.finish(Failed("no room"))
    pair.end_ticket("reject", "there is no room left")
    pair.decide("retry", made.request_id)
    pair.finish(Failed("still no room"))
    assert [ticket.status for ticket in pair.tickets()] == ["rejected", "open"]


# Resume


def test_a_cancelled_request_goes_on_with_what_it_has_not_done(pair: House) -> None:
    made = pair.order("pair")
    pair.finish(Done())
    pair.cancel(made.request_id)
    assert pair.decide("resume", made.request_id) == 1
    assert pair.statuses() == {"left": "completed", "right": "ready", "child": "pending"}
    assert (pair.request(made.request_id).status, pair.request(made.request_id).failure) == ("in_progress", None)
    pair.finish(Done())
    pair.finish(Done())
    assert pair.request(made.request_id).status == "completed"


def test_after_a_rejection_everything_that_was_cancelled_comes_back(stuck: House) -> None:
    stuck.end_ticket("reject", "there is no room left")
    assert (status(stuck), stuck.statuses()["child"]) == ("failed", "cancelled")
    stuck.decide("resume", only(stuck))
    assert stuck.statuses() == {"left": "completed", "right": "ready", "child": "pending"}
    stuck.finish(Done())
    assert stuck.statuses()["child"] == "ready"


def test_a_step_that_was_stopped_begins_a_new_group_of_attempts(single: House) -> None:
    made = single.order(ORDER)
    claim = single.must_claim()
    single.cancel(made.request_id)
    single.record(claim, Again("it was stopped in time"))
    single.decide("resume", made.request_id)
    step = single.must_claim().step
    assert (step.attempt, step.attempt_group, step.group_attempt, step.stop_wanted) == (2, 2, 1, False)


def test_a_step_that_never_began_has_its_first_group_still(pair: House) -> None:
    made = pair.order("pair")
    pair.cancel(made.request_id)
    pair.decide("resume", made.request_id)
    assert pair.must_claim().step.attempt_group == 1


def test_resuming_twice_is_refused_with_a_reason(ended: House) -> None:
    ended.decide("resume", only(ended))
    with pytest.raises(Conflict, match="it goes on already"):
        ended.decide("resume", only(ended))


def test_the_team_that_asked_resumes(ended: House) -> None:
    with pytest.raises(NotAllowed):
        ended.decide("resume", only(ended), who="carol-789")
    ended.decide("resume", only(ended), who="bob-456")
    assert status(ended) == "in_progress"


def test_whoever_lets_it_go_on_is_told_of_and_audited(ended: House) -> None:
    ended.decide("resume", only(ended), who="bob-456")
    told = next(event for event in ended.events() if event.kind == "request.resumed")
    assert (told.actor, told.payload) == ("bob-456", {"by": "Bob", "kept": 1, "again": ["step-002"]})


def test_outputs_that_were_made_stay(house: House) -> None:
    steps = "\n".join([http("make", outputs="{value: {type: string}}"), http("then", depends_on="[make]")])
    house.offer(pair=item(steps))
    made = house.order("pair")
    house.finish(Done({"value": "kept"}))
    house.cancel(made.request_id)
    house.decide("resume", made.request_id)
    assert house.step("make").outputs == {"value": "kept"}


# One step


def test_one_of_two_failed_steps_is_run_again(pair: House) -> None:
    made = pair.order("pair")
    pair.finish(Failed("no"))
    pair.finish(Failed("no"))
    pair.decide("retry_step", made.request_id, "step-002")
    assert pair.statuses() == {"left": "failed", "right": "ready", "child": "pending"}
    assert [ticket.status for ticket in pair.tickets()] == ["open", "retried"]


@pytest.mark.parametrize(("step", "error"), [("step-001", Conflict), ("step-009", NotFound)])
def test_only_a_step_that_failed_is_run_again(stuck: House, step: str, error: type[StratusError]) -> None:
    with pytest.raises(error):
        stuck.decide("retry_step", only(stuck), step)


def test_work_that_is_manual_by_design_is_not_run_again(single: House) -> None:
    made = single.order(ORDER)
    single.finish(NeedsHuman("by hand"))
    with pytest.raises(Conflict, match="only a step that failed"):
        single.decide("retry_step", made.request_id, "step-001")


# Leaving a step out


def test_what_waits_for_a_step_that_is_left_out_goes_on_without_it(stuck: House) -> None:
    stuck.decide("skip_step", only(stuck), "step-002", "we have one already", who="carol-789")
    assert stuck.statuses() == {"left": "completed", "right": "skipped", "child": "ready"}
    assert (stuck.tickets()[0].status, stuck.tickets()[0].resolution) == (
        "resolved",
        {"comment": "left out: we have one already"},
    )


def test_after_a_rejection_a_step_is_left_out_and_the_rest_comes_back(stuck: House) -> None:
    stuck.end_ticket("reject", "there is no room left")
    stuck.decide("skip_step", only(stuck), "step-002", "we have one already", who="carol-789")
    assert stuck.statuses() == {"left": "completed", "right": "skipped", "child": "ready"}
    assert status(stuck) == "in_progress"


def test_manual_work_may_be_left_out(single: House) -> None:
    made = single.order(ORDER)
    single.finish(NeedsHuman("by hand"))
    single.decide("skip_step", made.request_id, "step-001", "it is there", who="dana-001")
    assert (single.statuses(), single.attempts("make")[0].status) == ({"make": "skipped"}, "cancelled")
    assert single.request(made.request_id).status == "completed"


@pytest.mark.parametrize(("who", "error"), [("sarah-123", NotAllowed), ("mallory-666", NotFound)])
def test_only_who_owns_a_step_leaves_it_out(stuck: House, who: str, error: type[StratusError]) -> None:
    with pytest.raises(error):
        stuck.decide("skip_step", only(stuck), "step-002", "never mind", who=who)


def test_leaving_out_takes_a_reason_and_a_step_that_ended_badly(stuck: House) -> None:
    with pytest.raises(Invalid):
        stuck.decide("skip_step", only(stuck), "step-002", " ", who="carol-789")
    with pytest.raises(Conflict, match="it is completed"):
        stuck.decide("skip_step", only(stuck), "step-001", "never mind", who="carol-789")


def test_a_step_is_not_left_out_while_another_reads_what_it_yields(house: House) -> None:
    reads = http("then", depends_on="[make]", when="'steps.make.outputs.value'")
    house.offer(thing=item("\n".join([http("make", outputs="{value: {type: boolean}}"), reads])))
    made = house.order("thing")
    house.finish(Failed("no"))
    with pytest.raises(Conflict, match="needs what it yields"):
        house.decide("skip_step", made.request_id, "step-001", "never mind", who="dana-001")


def test_two_who_press_at_once_run_a_step_again_once(stuck: House) -> None:
    made, told = only(stuck), []

    def press(who: str) -> None:
        try:
            stuck.decide("retry", made, who=who)
            told.append("done")
        except Conflict as error:
            told.append(error.message)

    for who in ("sarah-123", "bob-456"):
        stuck.caller(who)
    threads = [threading.Thread(target=press, args=(who,)) for who in ("sarah-123", "bob-456") for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (told.count("done"), stuck.step("right").attempt_group) == (1, 2)


def test_the_time_of_the_automation_counts_anew(house: House) -> None:
    steps = "\n".join([http("one"), http("two", depends_on="[one]")])
    house.offer(chain=item(steps).replace(*NO_FALLBACK).replace("    steps:", "    timeout: 10m\n    steps:"))
    made = house.order("chain")
    house.finish(Done())
    house.finish(Failed("no"))
    with house.engine.begin() as connection:
        connection.execute(update(STEP).values(started_at=STEP.c.started_at - timedelta(hours=1)))
    house.decide("retry", made.request_id)
    step = house.must_claim().step
    assert timedelta(minutes=9) < step.deadline - step.claimed_at <= timedelta(minutes=10)
