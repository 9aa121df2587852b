"""`HttpGet`, `HttpPut`, `HttpPost`: what is sent, and what each kind of answer means."""

import base64
import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest

from app.core.outcomes import Again, Done, Failed, Indeterminate
from app.core.verification import verify
from app.outbound import Outbound
from app.steps.http import HttpGet, HttpPost, HttpPut
from tests.steps.exchanges import context, http_params
from tests.steps.scripted import Answer, scripted

MADE = Answer(201, {"connection_id": "conn-1", "status": "configured"}, {"Content-Type": "application/json"})
BROKEN_OFF = Answer(raw=b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")


def call(answer, step=None, *, changes=None, **keys):
    """Run a step (HttpPost) once against a system that gives one answer; gives the outcome and what came there."""
    with scripted(answer) as server:
        params = http_params(f"{server.url}/v1/connections?key=k", **keys)
        outcome = (step or HttpPost()).run(replace(context(params), **(changes or {})))
    return outcome, server.calls


def test_a_call_carries_its_body_and_the_key_of_its_wish():
    _, (came,) = call(MADE, body={"application": "customer-portal"})
    assert (came.method, came.path, json.loads(came.body)) == (
        "POST",
        "/v1/connections?key=k",
        {"application": "customer-portal"},
    )
    assert came.headers["Idempotency-Key"] == "3f0c3c6e-1:1"


def test_a_catalog_cannot_put_another_idempotency_key_in_place_of_ours():
    _, (came,) = call(MADE, headers={"idempotency-key": "mine", "X-Team": "customer-experience", "X-Try": True})
    assert came.headers["Idempotency-Key"] == "3f0c3c6e-1:1"
    assert "idempotency-key" not in came.headers
    assert (came.headers["X-Team"], came.headers["X-Try"]) == ("customer-experience", "true")


@pytest.mark.parametrize(
    ("authentication", "header", "value"),
    [
        ({"type": "bearer", "token": "hush-hush"}, "Authorization", "Bearer hush-hush"),
        ({"type": "basic", "username": "stratus", "password": "hush"}, "Authorization", "Basic c3RyYXR1czpodXNo"),
        ({"type": "header", "name": "X-API-Key", "value": "hush-hush"}, "X-API-Key", "hush-hush"),
    ],
)
def test_each_kind_of_authentication_becomes_its_header(authentication, header, value):
    _, (came,) = call(MADE, authentication=authentication)
    assert came.headers[header] == value


@pytest.mark.parametrize(("step", "method"), [(HttpGet(), "GET"), (HttpPut(), "PUT"), (HttpPost(), "POST")])
def test_each_type_calls_by_its_method(step, method):
    _, (came,) = call(MADE, step)
    assert came.method == method


def test_declared_outputs_are_read_from_the_reply():
    declared = {"connection_id": {"type": "string", "sensitive": True}, "region": {"type": "string", "default": "eu-central-1"}}
    outcome, _ = call(MADE, changes={"declared": declared})
    assert outcome.outputs == {"connection_id": "conn-1", "region": "eu-central-1"}
    assert outcome.sensitive == {"connection_id"}


def test_a_reply_without_a_declared_output_is_a_failed_step():
    outcome, _ = call(MADE, changes={"declared": {"endpoint": {"type": "string"}}})
    assert (outcome.kind, outcome.retryable) == ("output_missing", False)


@pytest.mark.parametrize("body", [b"", b"plain text", b"[1, 2]", b'{"n": NaN}', b'{"text": "\\u0000"}', b"[" * 100_000])
def test_a_reply_that_is_no_json_object_has_no_outputs(body):
    outcome, _ = call(Answer(200, body))
    assert isinstance(outcome, Done)
    assert outcome.outputs == {}


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_every_2xx_is_expected_where_nothing_else_is_said(status):
    assert isinstance(call(Answer(status))[0], Done)


def test_only_the_named_statuses_are_expected_where_some_are_named():
    assert isinstance(call(Answer(200), expect={"status": [201, 409]})[0], Failed)
    assert isinstance(call(Answer(409), expect={"status": [201, 409]})[0], Done)


def test_a_status_that_is_to_be_verified_counts_as_an_answer():
    gone = {"verification": {"type": "http_status", "status": 404}}
    outcome, _ = call(Answer(404), HttpGet(), changes=gone)
    assert isinstance(outcome, Done)
    assert all(check.ok for check in verify(gone["verification"], outcome.evidence))


@pytest.mark.parametrize(
    ("status", "headers", "repeatable", "retryable"),
    [
        (400, {}, True, False),
        (404, {}, True, False),
        (408, {}, False, True),
        (409, {}, True, False),
        (429, {}, False, True),
        (429, {"Retry-After": "3"}, False, True),
        (301, {"Location": "http://127.0.0.1/elsewhere"}, True, False),
        (500, {}, True, True),
        (500, {}, False, False),
        (502, {}, False, False),
        (503, {}, False, False),
        (503, {"Retry-After": "3"}, False, True),
    ],
)
def test_an_unexpected_status_is_a_failed_step(status, headers, repeatable, retryable):
    outcome, calls = call(Answer(status, headers=headers), idempotent=repeatable)
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.details["status"], outcome.retryable) == ("http_error", status, retryable)
    assert len(calls) == 1


@pytest.mark.parametrize(
    ("asked", "wait"),
    [
        ("7", timedelta(seconds=7)),
        ("999999999", timedelta(hours=1)),
        ("Fri, 31 Dec 1999 23:59:59 GMT", timedelta()),
        ("soon", None),
    ],
)
def test_the_wait_that_a_busy_system_asks_for_is_kept_and_capped(asked, wait):
    outcome, _ = call(Answer(429, headers={"Retry-After": asked}))
    assert outcome.retry_after == wait


@pytest.mark.parametrize(
    ("step", "keys"), [(HttpGet(), {}), (HttpPost(), {"idempotent": True}), (HttpPut(), {"idempotent": True})]
)
def test_a_repeatable_call_without_an_answer_may_be_made_again(step, keys):
    outcome, _ = call(BROKEN_OFF, step, **keys)
    assert isinstance(outcome, Failed)
    assert outcome.retryable


@pytest.mark.parametrize("step", [HttpPost(), HttpPut()])
def test_a_call_without_an_answer_that_must_not_be_repeated_is_unknown(step):
    outcome, _ = call(BROKEN_OFF, step)
    assert isinstance(outcome, Indeterminate)
    assert outcome.evidence["idempotency_key"] == "3f0c3c6e-1:1"


def test_a_call_that_never_reached_the_other_side_may_be_made_again():
    outcome = HttpPost().run(context(http_params("http://127.0.0.1:9/")))
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.retryable) == ("http_error", True)


def test_a_host_that_the_operator_does_not_allow_is_a_final_failure():
    outcome = HttpPost().run(context(http_params("https://intranet.example.com/"), http=Outbound(["api.example.com"])))
    assert (outcome.kind, outcome.retryable) == ("http_error", False)
    assert "OUTBOUND_HOSTS" in outcome.message


def test_a_budget_that_runs_out_ends_the_call():
    released = threading.Event()
    slow = Answer(200, before=lambda: released.wait(5))
    outcome, _ = call(slow, HttpGet(), changes={"budget": timedelta(seconds=0.2)})
    released.set()
    assert "within 0.2 s" in outcome.message


def test_neither_log_nor_outcome_holds_the_secrets_of_a_call():
    lines, secret = [], "hush-hush/42"
    echo = Answer(422, {"you_sent": secret, "basic": base64.b64encode(f"stratus:{secret}".encode()).decode()})
    basic = {"type": "basic", "username": "stratus", "password": secret}
    outcome, _ = call(echo, authentication=basic, changes={"log": lines.append})
    told = f"{lines} {outcome}"
    assert "masked" in told
    assert not [form for form in (secret, "key=k", base64.b64encode(secret.encode()).decode()[:12]) if form in told]


def test_a_failure_that_the_catalog_knows_carries_its_advice():
    known = [{"match": "name .* taken", "error_code": "NameTaken", "advice": "Choose another name."}]
    outcome, _ = call(Answer(409, {"error": "the name web is taken"}), changes={"errors": known})
    assert outcome.details["error_code"] == "NameTaken"


@pytest.mark.parametrize(
    "asked",
    [
        {"type": "http_status", "status": 200},
        {"type": "response_body", "path": "$.status", "equals": "active"},
        {"type": "response_body", "path": "$.endpoint"},
        {"type": "headers_present", "headers": ["Location"]},
    ],
)
def test_a_call_that_succeeds_may_still_fail_its_verification(asked):
    outcome, _ = call(MADE, changes={"verification": asked})
    assert isinstance(outcome, Done)
    assert not all(check.ok for check in verify(asked, outcome.evidence))


@pytest.mark.parametrize(
    ("step", "keys"), [(HttpGet(), {}), (HttpPost(), {"idempotent": True}), (HttpPut(), {"idempotent": True})]
)
def test_a_repeatable_call_whose_worker_died_may_be_made_again(step, keys):
    assert isinstance(step.probe(context(http_params("http://127.0.0.1:9/", **keys))), Again)


@pytest.mark.parametrize("step", [HttpPost(), HttpPut()])
def test_another_call_whose_worker_died_is_a_persons_who_learns_its_key_and_no_secret(step):
    outcome = step.probe(context(http_params("http://api.example.com/v1/connections?key=hush")))
    assert isinstance(outcome, Indeterminate)
    assert outcome.evidence == {
        "method": step.method,
        "url": "http://api.example.com/v1/connections",
        "idempotency_key": "3f0c3c6e-1:1",
    }
