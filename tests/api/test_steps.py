"""GET /requests/{id}/steps/{step}, its log, and running it again."""

from datetime import timedelta

import pytest
from sqlalchemy import insert

from app.core.outcomes import Done, Failed, Indeterminate, Waiting
from app.models.tables import LOG
from tests.api.conftest import CONFLICT, work
from tests.fixtures.house import House

URL = "/api/v1/requests"


@pytest.fixture
def logged(stuck, house: House):
    """The stuck order, whose failed step has written five lines."""
    step = house.step("provision_postgres").id
    with house.engine.begin() as connection:
        for number in range(1, 6):
            connection.execute(insert(LOG).values(step_id=step, attempt_number=1, number=number, line=f"line {number}"))
    return stuck


# The step


def test_a_failed_step_tells_why_as_the_story_shows(sarah, stuck):
    body = sarah.get(f"{URL}/{stuck}/steps/step-002").json
    (attempt,) = body["attempts"]
    assert (body["request_id"], body["name"], body["type"], body["status"]) == (
        stuck,
        "provision_postgres",
        "TerraformFile",
        "failed",
    )
    assert (attempt["attempt_number"], attempt["status"]) == (1, "failed")
    assert attempt["error"] == {"type": CONFLICT.kind, "message": CONFLICT.message, "details": CONFLICT.details}
    assert attempt["logs_href"] == f"{URL}/{stuck}/steps/step-002/logs?attempt=1"


def test_a_failed_step_tells_what_can_be_done(sarah, stuck, ticket):
    body = sarah.get(f"{URL}/{stuck}/steps/step-002").json
    assert (body["can_retry"], body["manual_fallback_available"], body["can_skip"]) == (True, True, False)
    assert (body["ticket_id"], body["owner_team"]) == (ticket, "platform-data-team")


def test_a_step_that_has_not_begun_has_no_attempts(sarah, placed):
    body = sarah.get(f"{URL}/{placed}/steps/step-005").json
    assert (body["status"], body["attempts"], body["can_retry"], body["ticket_id"]) == ("pending", [], False, None)


def test_a_step_that_is_done_shows_what_was_verified(sarah, placed, house):
    checks = [{"name": "resource_count", "ok": True, "expected": 3, "actual": 4}]
    claim = house.must_claim()
    house.record(claim, Done({}), checks=checks)
    assert sarah.get(f"{URL}/{placed}/steps/step-001").json["verification"] == checks


def test_an_unknown_outcome_shows_its_evidence(sarah, placed, house):
    house.finish(Indeterminate({"called": "https://eks.example.com"}))
    body = sarah.get(f"{URL}/{placed}/steps/step-001").json
    assert (body["status"], body["attempts"][0]["evidence"]) == ("indeterminate", {"called": "https://eks.example.com"})


def test_a_run_elsewhere_can_be_followed(sarah, placed, house):
    house.finish(Waiting({}, timedelta(minutes=1), "run-7"))
    body = sarah.get(f"{URL}/{placed}/steps/step-001").json
    assert body["job_tracking"] == {"external_id": "run-7", "tracking_url": None}
    assert body["attempts"][0]["external_id"] == "run-7"


def test_an_unknown_step_is_not_found(sarah, placed):
    assert sarah.get(f"{URL}/{placed}/steps/step-099").status_code == 404


# Its log


def numbers(answer):
    return [line["number"] for line in answer.json["lines"]]


def test_a_log_shows_its_lines_in_order(sarah, logged):
    body = sarah.get(f"{URL}/{logged}/steps/step-002/logs").json
    assert (body["attempt_number"], body["lines"][0]["text"], len(body["lines"])) == (1, "line 1", 5)


def test_a_log_goes_on_after_a_number(sarah, logged):
    assert numbers(sarah.get(f"{URL}/{logged}/steps/step-002/logs?attempt=1&after=3")) == [4, 5]


def test_a_long_log_keeps_its_last_lines(sarah, logged):
    assert numbers(sarah.get(f"{URL}/{logged}/steps/step-002/logs?tail=2")) == [4, 5]


def test_a_log_is_paged_backwards_from_its_tail_and_forwards_again(sarah, logged):
    url = f"{URL}/{logged}/steps/step-002/logs?tail=2"
    tail = sarah.get(url).json
    assert (tail["has_earlier"], tail["has_later"], tail["ended"]) == (True, False, True)
    before = sarah.get(f"{url}&before={tail['lines'][0]['number']}")
    assert (numbers(before), before.json["has_earlier"], before.json["has_later"]) == ([2, 3], True, True)
    after = sarah.get(f"{url}&after=0")
    assert (numbers(after), after.json["has_earlier"], after.json["has_later"]) == ([1, 2], False, True)


def test_a_log_is_not_paged_both_ways_at_once(sarah, logged):
    answer = sarah.get(f"{URL}/{logged}/steps/step-002/logs?after=1&before=4")
    assert answer.json["errors"][0]["pointer"] == "/before"


def test_a_step_that_has_not_begun_has_an_empty_log(sarah, placed):
    body = sarah.get(f"{URL}/{placed}/steps/step-005/logs").json
    assert (body["attempt_number"], body["lines"]) == (0, [])


@pytest.mark.parametrize("step", ["step-002/logs?attempt=2", "step-099/logs"])
def test_an_attempt_that_never_was_has_no_log(sarah, logged, step):
    assert sarah.get(f"{URL}/{logged}/steps/{step}").status_code == 404


# Running it again


def test_the_requester_runs_a_failed_step_again(sarah, stuck, ticket, carol, house):
    answer = sarah.post(f"{URL}/{stuck}/steps/step-002/retry")
    assert (answer.status_code, answer.json["status"], answer.json["can_retry"]) == (200, "ready", False)
    assert carol.get(f"/api/v1/tickets/{ticket}").json["status"] == "retried"
    work(house)
    assert sarah.get(f"{URL}/{stuck}").json["status"] == "completed"


def test_a_step_that_fails_again_keeps_both_attempts(sarah, stuck, house):
    sarah.post(f"{URL}/{stuck}/steps/step-002/retry")
    house.finish(Failed("again", retryable=False))
    body = sarah.get(f"{URL}/{stuck}/steps/step-002").json
    assert [attempt["attempt_number"] for attempt in body["attempts"]] == [1, 2]


def test_once_somebody_is_at_it_the_requester_is_told_who(sarah, carol, stuck, ticket):
    carol.post(f"/api/v1/tickets/{ticket}/claim")
    answer = sarah.post(f"{URL}/{stuck}/steps/step-002/retry")
    assert (answer.status_code, answer.json["detail"]) == (409, f"{ticket} is claimed by Carol.")


def test_the_platform_team_may_still_run_it_again(carol, stuck, ticket):
    carol.post(f"/api/v1/tickets/{ticket}/claim")
    assert carol.post(f"{URL}/{stuck}/steps/step-002/retry").status_code == 200


def test_a_step_that_did_not_fail_is_not_run_again(sarah, stuck):
    answer = sarah.post(f"{URL}/{stuck}/steps/step-001/retry")
    assert (answer.status_code, answer.json["code"]) == (409, "conflict")


def test_a_retry_takes_no_body(sarah, stuck):
    url = f"{URL}/{stuck}/steps/step-002/retry"
    assert sarah.post(url, json={"outputs": {}}).json["errors"][0]["pointer"] == "/outputs"
    assert sarah.post(url, json={}).status_code == 200
