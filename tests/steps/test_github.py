"""`GitHubWorkflow` against the stand-in; both directions of every exchange are held against GitHub's own description."""

from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.outcomes import Done, Failed, Indeterminate, Waiting
from app.core.verification import verify
from dev.standins.github import create_app
from dev.standins.serving import Running
from tests.steps.exchanges import LOOPBACK, DescribedOutbound, context, workflow
from tests.steps.workflow_runs import RUN_SECONDS, STEP, dispatches, followed, tell


@pytest.fixture
def github():
    with Running(create_app(run_seconds=RUN_SECONDS)) as running:
        yield running


@pytest.fixture
def way_out(github):
    return DescribedOutbound(github.url)


@pytest.fixture
def ready(github, way_out):
    """The context of a step that is about to run."""
    return context(workflow(), http=way_out, github_api_url=github.url)


def test_a_dispatch_is_waited_for_with_a_link_to_its_run(ready, github):
    outcome = STEP.run(ready)
    assert isinstance(outcome, Waiting)
    assert outcome.check_after == timedelta(seconds=2)
    assert outcome.tracking_url == f"{github.url}/acme/monitoring/actions/runs/{outcome.external_id}"


def test_a_run_that_goes_well_yields_what_its_artifact_holds(ready):
    outcome = followed(ready, STEP.run(ready))
    assert isinstance(outcome, Done)
    assert outcome.outputs == {"dashboard_url": "https://grafana.example.com/dashboards/customer-portal"}


def test_the_archive_is_fetched_from_another_host_without_the_token(ready, way_out):
    followed(ready, STEP.run(ready))
    assert [(path.split("/")[1], status) for _, path, status in way_out.exchanges[-2:]] == [("repos", 302), ("_storage", 200)]


def test_a_run_that_still_goes_on_is_looked_at_less_and_less_often(ready, github):
    tell(github, "delay", seconds=60)
    outcome, pauses = STEP.run(ready), []
    for _ in range(10):
        outcome = STEP.poll(replace(ready, handle=outcome.handle))
        pauses.append(outcome.check_after.total_seconds())
    assert pauses[:3] == [3, 4.5, 6.75]
    assert pauses[-1] == 30


def test_a_run_that_fails_is_a_failed_step_that_may_be_retried(ready, github):
    tell(github, "fail", conclusion="timed_out")
    outcome = followed(ready, STEP.run(ready))
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.details["conclusion"], outcome.retryable) == ("workflow_failed", "timed_out", True)
    assert "/actions/runs/" in outcome.details["run_url"]


def test_a_failure_that_the_catalog_knows_carries_its_advice(ready, github):
    tell(github, "fail")
    advised = replace(
        ready, errors=[{"match": "ended as fail", "error_code": "MonitoringFailed", "advice": "Look at the run."}]
    )
    outcome = followed(advised, STEP.run(advised))
    assert (outcome.details["error_code"], outcome.details["advice"]) == ("MonitoringFailed", "Look at the run.")


def test_running_again_follows_the_run_that_the_wish_already_has(ready, github):
    first = STEP.run(ready)
    again = STEP.run(replace(ready, attempt=2))
    assert again.external_id == first.external_id
    assert len(dispatches(github)) == 1


def test_running_again_after_a_failed_run_dispatches_a_new_one(ready, github):
    tell(github, "fail")
    followed(ready, STEP.run(ready))
    assert isinstance(followed(ready, STEP.run(ready)), Done)
    assert len(dispatches(github)) == 2


def test_another_wish_does_not_follow_a_run_of_the_first(ready, github):
    first = STEP.run(ready)
    assert STEP.run(replace(ready, idempotency_key="3f0c3c6e-1:2")).external_id != first.external_id


def test_an_answer_without_a_run_is_correlated_by_our_id(ready, github):
    STEP.run(replace(ready, idempotency_key="another wish"))
    tell(github, "answer_204")
    outcome = STEP.run(ready)
    assert "seeking" in outcome.handle
    found = STEP.poll(replace(ready, handle=outcome.handle))
    assert found.handle["run_id"] == dispatches(github)[1]["run_ids"][0]


def test_a_lost_answer_is_looked_for_and_not_sent_again(ready, github):
    tell(github, "drop")
    outcome = STEP.run(ready)
    assert isinstance(outcome, Waiting)
    assert isinstance(followed(ready, outcome), Done)
    assert len(dispatches(github)) == 1


def test_a_dispatch_of_which_no_run_ever_appears_is_unknown_after_two_minutes(ready, github):
    tell(github, "lose")
    outcome, waited = STEP.run(ready), timedelta()
    while isinstance(outcome, Waiting):
        waited += outcome.check_after
        outcome = STEP.poll(replace(ready, handle=outcome.handle))
    assert isinstance(outcome, Indeterminate)
    assert outcome.evidence["stratus_id"].startswith("req-20261124-abc123.step-004.")
    assert timedelta(minutes=2) <= waited <= timedelta(minutes=3)


def test_a_failed_run_of_an_earlier_attempt_is_not_taken_for_the_lost_one(ready, github):
    tell(github, "fail")
    failed = followed(ready, STEP.run(ready))
    tell(github, "lose")
    outcome = STEP.run(ready)
    assert outcome.handle["known"] == [failed.details["run_id"]]
    assert "seeking" in STEP.poll(replace(ready, handle=outcome.handle)).handle


def test_of_two_runs_with_our_id_the_first_is_followed(ready, github):
    tell(github, "duplicate")
    tell(github, "answer_204")
    found = STEP.poll(replace(ready, handle=STEP.run(ready).handle))
    assert found.handle["run_id"] == min(dispatches(github)[0]["run_ids"])


@pytest.mark.parametrize("behaviour", ["answer_204", "drop"])
def test_without_an_id_of_ours_an_unclear_dispatch_is_unknown_at_once(ready, github, behaviour):
    tell(github, behaviour)
    outcome = STEP.run(replace(ready, params=workflow(inputs={"service_name": "customer-portal"})))
    assert isinstance(outcome, Indeterminate)


def test_a_rate_limit_is_waited_out(ready, github):
    tell(github, "rate_limit", retry_after=7)
    outcome = STEP.run(ready)
    assert isinstance(outcome, Failed)
    assert (outcome.retryable, outcome.retry_after) == (True, timedelta(seconds=7))
    assert dispatches(github) == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"workflow_id": "unknown.yml"}, 404),
        ({"inputs": {"service_name": "customer-portal", "colour": "red"}}, 422),
        ({"inputs": {}}, 422),
    ],
)
def test_what_github_refuses_is_not_tried_again(ready, change, status):
    outcome = STEP.run(replace(ready, params=workflow(**change)))
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.details["status"], outcome.retryable) == ("github_error", status, False)


def test_an_output_that_the_artifact_lacks_fails_the_step(ready):
    declared = {"dashboard_url": {"type": "string"}, "alerts_url": {"type": "string"}}
    ready = replace(ready, declared=declared)
    outcome = followed(ready, STEP.run(ready))
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.details) == ("output_missing", {"missing": ["alerts_url"]})


def test_a_declared_default_stands_in_for_an_absent_output(ready):
    ready = replace(ready, declared={"team": {"type": "string", "default": "customer-experience", "sensitive": True}})
    outcome = followed(ready, STEP.run(ready))
    assert outcome.outputs["team"] == "customer-experience"
    assert outcome.sensitive == {"team"}


def test_a_run_that_went_well_may_still_lack_the_artifact_that_is_asked_for(ready):
    evidence = followed(ready, STEP.run(ready)).evidence
    assert all(check.ok for check in verify({"type": "artifact_exists", "name": "stratus-outputs"}, evidence))
    assert not all(check.ok for check in verify({"type": "artifact_exists", "name": "coverage"}, evidence))


def test_a_run_that_went_well_may_still_have_another_conclusion_than_asked_for(ready):
    evidence = followed(ready, STEP.run(ready)).evidence
    assert all(check.ok for check in verify({"type": "workflow_status"}, evidence))
    assert not all(check.ok for check in verify({"type": "workflow_status", "conclusion": "neutral"}, evidence))


def test_the_id_is_shown_in_the_title_of_the_run_and_is_the_same_for_each_attempt(ready, github):
    STEP.run(ready)
    (dispatch,) = dispatches(github)
    run = LOOPBACK.request("GET", f"{github.url}/acme/monitoring/actions/runs/{dispatch['run_ids'][0]}", timeout=5)
    assert dispatch["inputs"]["stratus_id"] in run.text().splitlines()[0]


def test_an_unreachable_github_before_the_dispatch_may_be_tried_again(ready):
    outcome = STEP.run(replace(ready, http=LOOPBACK, settings=replace(ready.settings, github_api_url="http://127.0.0.1:9")))
    assert isinstance(outcome, Failed)
    assert outcome.retryable


def test_a_github_that_cannot_be_seen_for_a_while_is_only_waited_for(ready):
    handle = {"run_id": 7, "run_url": "https://github.example.com/7", "polls": 1}
    outcome = STEP.poll(
        replace(ready, http=LOOPBACK, handle=handle, settings=replace(ready.settings, github_api_url="http://127.0.0.1:9"))
    )
    assert isinstance(outcome, Waiting)
    assert outcome.external_id == "7"


def test_a_run_that_is_gone_is_a_question_for_a_person(ready):
    outcome = STEP.poll(replace(ready, handle={"run_id": 7, "run_url": None, "polls": 0}))
    assert isinstance(outcome, Indeterminate)
    assert outcome.evidence["run_id"] == 7
