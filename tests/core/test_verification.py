"""Verification as a table: what is asked for, what was observed, whether it holds."""

from typing import Any

import pytest

from app.core.verification import verify

HTTP = {"status": 201, "headers": {"etag": '"1"'}, "body": {"state": "ready", "parts": [{"ok": True}, {"ok": False}], "n": 1}}
RUN = {"conclusion": "success", "artifacts": ["stratus-outputs"]}
STATE = {"resource_count": 3, "outputs": ["address", "port"]}

HOLDS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "http_status", "status": 201}, HTTP),
    ({"type": "http_status", "status": [200, 201]}, HTTP),
    ({"type": "headers_present", "headers": ["ETag"]}, HTTP),
    ({"type": "response_body", "path": "$.state"}, HTTP),
    ({"type": "response_body", "path": "state", "equals": "ready"}, HTTP),
    ({"type": "response_body", "path": "$.state", "matches": "^rea"}, HTTP),
    ({"type": "response_body", "path": "$.parts[0].ok", "equals": True}, HTTP),
    ({"type": "workflow_status"}, RUN),
    ({"type": "workflow_status", "conclusion": "success"}, RUN),
    ({"type": "artifact_exists", "name": "stratus-outputs"}, RUN),
    ({"type": "terraform_state", "resource_count": 3, "required_outputs": ["address"]}, STATE),
    ({"type": "terraform_state"}, STATE),
]
FAILS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "http_status", "status": 200}, HTTP),
    ({"type": "http_status", "status": [200, 202]}, HTTP),
    ({"type": "headers_present", "headers": ["ETag", "Location"]}, HTTP),
    ({"type": "response_body", "path": "$.missing"}, HTTP),
    ({"type": "response_body", "path": "$.parts[*].ok", "equals": True}, HTTP),
    ({"type": "response_body", "path": "$.nothing[*]", "equals": True}, HTTP),
    ({"type": "response_body", "path": "$.n", "equals": True}, HTTP),
    ({"type": "response_body", "path": "$.state", "matches": "^done"}, HTTP),
    ({"type": "response_body", "path": "$.n", "matches": "1"}, HTTP),
    ({"type": "response_body", "path": "$.state"}, {"status": 200, "headers": {}, "body": "no JSON"}),
    ({"type": "response_body", "path": "$.["}, HTTP),
    ({"type": "response_body", "path": "$.state", "matches": "("}, HTTP),
    ({"type": "workflow_status", "conclusion": "neutral"}, RUN),
    ({"type": "artifact_exists", "name": "report"}, RUN),
    ({"type": "terraform_state", "resource_count": 4}, STATE),
    ({"type": "terraform_state", "required_outputs": ["address", "admin_secret_arn"]}, STATE),
]


@pytest.mark.parametrize(("spec", "evidence"), HOLDS)
def test_what_was_observed_holds(spec, evidence):
    assert all(check.ok for check in verify(spec, evidence))


@pytest.mark.parametrize(("spec", "evidence"), FAILS)
def test_what_was_observed_does_not_hold(spec, evidence):
    assert not all(check.ok for check in verify(spec, evidence))


@pytest.mark.parametrize("spec", [spec for spec, _ in HOLDS if spec != {"type": "terraform_state"}])
def test_evidence_that_was_never_taken_fails_the_check(spec):
    assert not all(check.ok for check in verify(spec, {}))


def test_a_failed_check_says_what_was_expected_and_what_was_found():
    (check,) = verify({"type": "http_status", "status": 200}, HTTP)
    assert str(check) == "HTTP status: expected 200, found 201"


def test_each_required_output_is_a_check_of_its_own():
    checks = verify({"type": "terraform_state", "resource_count": 3, "required_outputs": ["port", "host"]}, STATE)
    assert [(check.name, check.ok) for check in checks] == [
        ("resources in the state", True),
        ("output port", True),
        ("output host", False),
    ]


@pytest.mark.parametrize(("evidence", "ok"), [({"ok": True, "expected": 200, "actual": 200}, True), ({"looks": 1}, False)])
def test_a_check_is_believed_what_it_saw(evidence, ok):
    (seen,) = verify({"type": "check", "name": "Answers"}, evidence)
    assert (seen.name, seen.ok, seen.expected, seen.actual) == ("Answers", ok, evidence.get("expected"), evidence.get("actual"))
