"""`GitHubWorkflow` after a worker's death, and when it is stopped: the run with our id is found, followed, cancelled."""

from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from app.core.outcomes import Again, Done, Failed, Indeterminate, Waiting
from dev.standins.github import create_app
from dev.standins.serving import Running
from tests.steps.exchanges import DescribedOutbound, context, workflow
from tests.steps.scripted import Answer, scripted
from tests.steps.workflow_runs import RUN_SECONDS, STEP, dispatches, followed, tell

ANONYMOUS = workflow(inputs={"service_name": "customer-portal"})
LOOKING = {"run_id": 7, "run_url": "https://github.example.com/7", "polls": 4}
GOES_ON = Answer(200, {"id": 7, "html_url": "https://github.example.com/7", "status": "in_progress"})


@pytest.fixture
def github():
    with Running(create_app(run_seconds=RUN_SECONDS)) as running:
        yield running


@pytest.fixture
def notes():
    return []


@pytest.fixture
def ready(github, notes):
    """The context of a step that is about to run; what it notes is in `notes`."""
    keep = {"note": lambda facts: notes.append(facts) is None}
    return context(workflow(), http=DescribedOutbound(github.url), github_api_url=github.url, **keep)


def probed(ready, notes):
    """The answer of a probe, as another worker would get it."""
    return STEP.probe(replace(ready, noted=notes[-1] if notes else {}))


def patient(ready, outcome):
    """Poll without a pause until the step waits for nothing any more; gives the outcome and how long it would have taken."""
    waited = timedelta()
    while isinstance(outcome, Waiting):
        waited += outcome.check_after
        outcome = STEP.poll(replace(ready, handle=outcome.handle))
    return outcome, waited


def test_what_a_run_would_be_found_by_is_noted_before_the_dispatch(ready, github):
    seen = []
    STEP.run(replace(ready, note=lambda facts: seen.append((facts["seeking"], dispatches(github))) is None))
    ((wish, before),) = seen
    assert before == []
    assert dispatches(github)[0]["inputs"]["stratus_id"] == wish


def test_what_cannot_be_noted_is_not_dispatched(ready, github):
    assert isinstance(STEP.run(replace(ready, note=lambda _facts: False)), Again)
    assert dispatches(github) == []


def test_told_to_stop_before_the_dispatch_it_may_be_run_again(ready, github):
    stopping = Event()
    stopping.set()
    assert isinstance(STEP.run(replace(ready, stopping=stopping)), Again)
    assert dispatches(github) == []


def test_a_run_that_had_not_come_to_its_dispatch_may_be_run_again(ready, notes):
    assert isinstance(probed(ready, notes), Again)


@pytest.mark.parametrize("behaviour", ["drop", "answer_204", "delay"])
def test_the_run_of_a_lost_dispatch_is_found_and_followed(ready, github, notes, behaviour):
    tell(github, behaviour, **({"seconds": 0.1} if behaviour == "delay" else {}))
    STEP.run(ready)
    found = probed(ready, notes)
    assert found.handle["run_id"] == dispatches(github)[0]["run_ids"][0]
    assert isinstance(followed(ready, found), Done)


def test_a_lost_run_that_failed_is_a_failed_step(ready, github, notes):
    tell(github, "fail")
    STEP.run(ready)
    outcome = followed(ready, probed(ready, notes))
    assert isinstance(outcome, Failed)
    assert outcome.details["run_id"] == dispatches(github)[0]["run_ids"][0]


def test_a_failed_run_of_an_earlier_attempt_is_not_taken_for_the_lost_one(ready, github, notes):
    tell(github, "fail")
    followed(ready, STEP.run(ready))
    tell(github, "lose")
    STEP.run(ready)
    assert "seeking" in probed(ready, notes).handle


def test_a_dispatch_that_never_shows_is_a_persons_after_two_minutes_and_never_sent_again(ready, github, notes):
    tell(github, "lose")
    STEP.run(ready)
    outcome, waited = patient(ready, probed(ready, notes))
    assert isinstance(outcome, Indeterminate)
    assert outcome.evidence["stratus_id"] == notes[-1]["seeking"]
    assert timedelta(minutes=1, seconds=30) <= waited <= timedelta(minutes=3)
    assert len(dispatches(github)) == 1


def test_without_an_id_of_ours_a_lost_dispatch_is_a_persons(ready, notes):
    anonymous = replace(ready, params=ANONYMOUS)
    STEP.run(anonymous)
    outcome = probed(anonymous, notes)
    assert isinstance(outcome, Indeterminate)
    assert "stratus_id" in outcome.evidence["hint"]


def test_without_an_id_of_ours_a_run_that_had_not_come_to_its_dispatch_may_be_run_again(ready, notes):
    assert isinstance(probed(replace(ready, params=ANONYMOUS), notes), Again)


def test_a_github_that_cannot_be_seen_is_looked_at_again(notes):
    with scripted(Answer(500)) as broken:
        seeking = {"seeking": "req-1.step-1.abc", "since": "2026-11-24T04:00:00+00:00", "known": [], "polls": 0}
        outcome = STEP.probe(context(workflow(), github_api_url=broken.url, noted=seeking))
    assert isinstance(outcome, Waiting)


def test_a_stopped_run_is_cancelled_and_fails(ready, github):
    tell(github, "delay", seconds=60)
    outcome = followed(ready, STEP.run(ready), act=STEP.stop)
    assert isinstance(outcome, Failed)
    assert outcome.details["conclusion"] == "cancelled"


def test_a_run_that_is_over_before_it_could_be_cancelled_is_what_it_came_to(ready):
    waiting = STEP.run(ready)
    assert isinstance(followed(ready, waiting), Done)
    assert isinstance(STEP.stop(replace(ready, handle=waiting.handle)), Done)


def test_a_run_that_is_still_looked_for_is_cancelled_when_it_is_found(ready, github):
    tell(github, "answer_204")
    tell(github, "delay", seconds=60)
    outcome = followed(ready, STEP.run(ready), act=STEP.stop)
    assert outcome.details["conclusion"] == "cancelled"


def test_github_is_asked_to_cancel_once_and_the_run_is_looked_at_soon_again():
    with scripted(Answer(202, {}), GOES_ON) as server:
        ready = context(workflow(), github_api_url=server.url, handle=LOOKING)
        first = STEP.stop(ready)
        STEP.stop(replace(ready, handle=first.handle))
    assert [call.method for call in server.calls] == ["POST", "GET", "GET"]
    assert first.check_after == timedelta(seconds=3)


def test_a_cancel_that_did_not_come_through_is_asked_for_again():
    with scripted(Answer(502), GOES_ON) as server:
        outcome = STEP.stop(context(workflow(), github_api_url=server.url, handle=LOOKING))
    assert isinstance(outcome, Waiting)
    assert "cancelled" not in outcome.handle


def test_a_run_that_we_may_not_cancel_is_waited_for():
    lines = []
    with scripted(Answer(403, {"message": "Resource not accessible by integration"}), GOES_ON) as server:
        outcome = STEP.stop(context(workflow(), github_api_url=server.url, handle=LOOKING, log=lines.append))
    assert isinstance(outcome, Waiting)
    assert "Resource not accessible" in lines[0]
