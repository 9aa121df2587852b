"""`GitHubWorkflow` when GitHub answers what its description does not show: errors, limits, nonsense."""

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.outcomes import Done, Failed, Indeterminate, Waiting
from app.outbound import Outbound
from app.steps.github import GitHubWorkflow
from tests.steps.exchanges import context, workflow
from tests.steps.scripted import Answer, scripted
from tests.steps.test_github_outputs import packed

STEP = GitHubWorkflow()
NO_RUNS = Answer(200, {"total_count": 0, "workflow_runs": []})
OVER = Answer(200, {"id": 7, "html_url": "https://github.example.com/7", "status": "completed", "conclusion": "success"})
LEFT = Answer(200, {"artifacts": [{"id": 9, "name": "stratus-outputs", "size_in_bytes": 300}]})
LOOKING = {"run_id": 7, "run_url": "https://github.example.com/7", "polls": 0}


def run(*answers, **changes):
    with scripted(*answers) as server:
        return STEP.run(replace(context(workflow(), github_api_url=server.url), **changes))


def poll(*answers, **changes):
    with scripted(*answers) as server:
        return STEP.poll(replace(context(workflow(), github_api_url=server.url, handle=LOOKING), **changes))


@pytest.mark.parametrize(
    "unclear",
    [
        Answer(500, {"message": "Server Error"}),
        Answer(502, b"<html>Bad gateway</html>"),
        Answer(200, b"<html>All is well</html>"),
        Answer(200, {"workflow_run_id": "seven"}),
        Answer(raw=b""),
    ],
)
def test_a_dispatch_that_may_have_been_taken_is_looked_for(unclear):
    outcome = run(NO_RUNS, unclear)
    assert isinstance(outcome, Waiting)
    assert "seeking" in outcome.handle


@pytest.mark.parametrize("answer", [Answer(500), Answer(200, b"<html>")])
def test_where_the_look_before_a_dispatch_fails_nothing_is_dispatched(answer):
    with scripted(answer) as server:
        outcome = STEP.run(context(workflow(), github_api_url=server.url))
    assert isinstance(outcome, Failed)
    assert outcome.retryable
    assert [call.method for call in server.calls] == ["GET"]


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [
        (429, {"Retry-After": "9"}, 9),
        (403, {"Retry-After": "9"}, 9),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(time.time()) + 100_000)}, 3600),
        (403, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, 1),
        (429, {}, 60),
    ],
)
def test_each_kind_of_rate_limit_says_how_long_to_wait(status, headers, seconds):
    outcome = run(NO_RUNS, Answer(status, {"message": "API rate limit exceeded"}, headers))
    assert (outcome.retryable, outcome.retry_after) == (True, timedelta(seconds=seconds))


def test_a_rate_limit_while_waiting_lengthens_the_wait():
    outcome = poll(Answer(403, {"message": "secondary rate limit"}, {"Retry-After": "120"}))
    assert isinstance(outcome, Waiting)
    assert outcome.check_after == timedelta(minutes=2)


def test_a_missing_permission_is_no_rate_limit():
    outcome = run(NO_RUNS, Answer(403, {"message": "Resource not accessible by personal access token"}))
    assert isinstance(outcome, Failed)
    assert not outcome.retryable
    assert "Resource not accessible" in outcome.message


def test_a_permission_that_is_lost_while_waiting_is_a_question_for_a_person():
    outcome = poll(Answer(401, {"message": "Bad credentials"}))
    assert isinstance(outcome, Indeterminate)
    assert outcome.evidence["run_id"] == 7


def test_all_pages_of_runs_are_looked_through():
    wish = "req-20261124-abc123.step-004"
    others = [{"id": number, "html_url": "", "display_title": "another"} for number in range(30)]
    ours = {"id": 5000, "html_url": "", "display_title": f"Set up ({wish}.000000000000)"}
    handle = {"seeking": f"{wish}.000000000000", "since": "2026-11-24T04:00:00+00:00", "known": [], "polls": 0}
    outcome = poll(Answer(200, {"workflow_runs": others}), Answer(200, {"workflow_runs": [ours]}), handle=handle)
    assert outcome.handle["run_id"] == 5000


def test_a_run_that_left_no_artifact_is_done_without_outputs():
    outcome = poll(OVER, Answer(200, {"artifacts": []}))
    assert isinstance(outcome, Done)
    assert (outcome.outputs, outcome.evidence["artifacts"]) == ({}, [])


def test_of_two_artifacts_of_one_name_the_newest_is_read():
    twice = Answer(200, {"artifacts": [{"id": number, "name": "stratus-outputs"} for number in (9, 11)]})
    with scripted(
        OVER, twice, Answer(302, headers={"Location": "/archive"}), Answer(200, packed({"outputs.json": "{}"}))
    ) as server:
        STEP.poll(context(workflow(), github_api_url=server.url, handle=LOOKING))
    assert server.calls[2].path == "/repos/acme/monitoring/actions/artifacts/11/zip"


def test_the_token_goes_to_the_api_and_nowhere_else():
    archive = packed({"outputs.json": "{}"})
    with scripted(Answer(200, archive)) as storage:
        elsewhere = storage.url.replace("127.0.0.1", "localhost")
        with scripted(OVER, LEFT, Answer(302, headers={"Location": f"{elsewhere}/x?signature=s"})) as server:
            outcome = STEP.poll(context(workflow(), github_api_url=server.url, handle=LOOKING))
    assert isinstance(outcome, Done)
    assert {"Authorization" in call.headers for call in server.calls} == {True}
    assert "Authorization" not in storage.calls[0].headers


def test_storage_on_a_host_that_is_not_allowed_is_a_question_for_a_person():
    moved = Answer(302, headers={"Location": "https://storage.example.com/x"})
    outcome = poll(OVER, LEFT, moved, http=Outbound(["127.0.0.1"], allow_loopback=True))
    assert isinstance(outcome, Indeterminate)
    assert "storage.example.com" in outcome.evidence["problem"]


def test_an_artifact_that_is_too_large_is_not_fetched():
    outcome = poll(OVER, Answer(200, {"artifacts": [{"id": 9, "name": "stratus-outputs", "size_in_bytes": 2_000_000}]}))
    assert (outcome.kind, outcome.retryable) == ("output_missing", False)


def test_an_artifact_that_does_not_hold_outputs_is_a_final_failure():
    outcome = poll(OVER, LEFT, Answer(302, headers={"Location": "/archive"}), Answer(200, b"no zip"))
    assert (outcome.kind, outcome.retryable) == ("output_missing", False)


def test_a_link_that_is_no_web_address_is_not_shown_as_one():
    outcome = run(NO_RUNS, Answer(200, {"workflow_run_id": 7, "html_url": "javascript:alert(1)"}))
    assert (outcome.external_id, outcome.tracking_url) == ("7", None)
