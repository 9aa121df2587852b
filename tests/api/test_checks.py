"""Checks in the API: apart from steps, and looked at like them."""

import pytest
from sqlalchemy import insert

from app.core.outcomes import Done, Failed
from app.models.tables import LOG
from tests.fixtures.house import http, item, with_checks

URL = "/api/v1/requests"
SAW = {"expected": "2xx", "actual": 503, "looks": 1}


@pytest.fixture
def checked(house, sarah):
    """The id of an order with one preflight, one step and one health check."""
    preflight = "{name: vault_answers, type: http, url: 'https://vault.example.com/health', message: The vault is sealed.}"
    health = "{name: it_listens, type: tcp, host: cache.example.com, port: 6379}"
    house.offer(cache=with_checks(item(http("make")), preflight, health))
    return sarah.post(URL, json={"catalog_item": "cache"}).json["request_id"]


def test_checks_stand_apart_from_steps(sarah, checked):
    built = sarah.get(f"{URL}/{checked}").json["fulfillment"]
    assert [(one["step_id"], one["position"]) for one in built["steps"]] == [("step-001", 1)]
    assert [(one["check_id"], one["kind"], one["status"]) for one in built["checks"]] == [
        ("check-001", "preflight", "ready"),
        ("check-002", "health", "pending"),
    ]


def test_a_check_that_does_not_hold_says_what_was_expected_and_seen(sarah, checked, house):
    house.finish(Failed("The vault is sealed.", "check_failed", SAW, retryable=False))
    (check, _) = sarah.get(f"{URL}/{checked}").json["fulfillment"]["checks"]
    assert (check["status"], check["expected"], check["actual"]) == ("failed", "2xx", 503)
    assert check["error"]["message"] == "The vault is sealed."
    assert check["ticket_id"] == house.tickets()[0].ticket_id


def test_a_check_is_shown_whole_where_steps_are(sarah, checked, house):
    seen = [{"name": "Vault answers", "ok": True, "expected": "2xx", "actual": 200}]
    house.record(house.must_claim(), Done(evidence={"ok": True}), checks=seen)
    body = sarah.get(f"{URL}/{checked}/steps/check-001").json
    assert (body["type"], body["status"], body["verification"]) == ("HttpCheck", "completed", seen)


def test_the_log_of_a_check_is_read_as_that_of_a_step(sarah, checked, house):
    check = house.must_claim().step
    with house.engine.begin() as connection:
        connection.execute(insert(LOG).values(step_id=check.id, attempt_number=1, number=1, line="Look 1: 503."))
    body = sarah.get(f"{URL}/{checked}/steps/check-001/logs").json
    assert [line["text"] for line in body["lines"]] == ["Look 1: 503."]


def test_lists_count_steps_only(sarah, checked):
    (found,) = sarah.get(URL).json["requests"]
    assert found["steps"] == {"pending": 1}
