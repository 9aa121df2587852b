"""Checks: one look, patience, and what people hear in the end."""

import dataclasses
import socket
from datetime import timedelta

import pytest

from app.core.outcomes import Again, Done, Failed, Waiting
from app.core.step_params import DnsCheckParams, ExpressionCheckParams, HttpCheckParams, TcpCheckParams
from app.core.verification import verify
from app.outbound import Outbound
from app.steps.checks import DnsCheck, ExpressionCheck, HttpCheck, TcpCheck
from tests.steps.exchanges import context
from tests.steps.scripted import Answer, scripted

CHECKS = [HttpCheck(), TcpCheck(), DnsCheck(), ExpressionCheck()]
DNS = DnsCheckParams(host="db.example.com", within=60, every=10)


def names(*addresses):
    """A way out with one name that has these addresses."""
    return Outbound(["db.example.com"], resolve=lambda *_: list(addresses))


def looked(check, params, **more):
    return check.run(context(params, **more))


@pytest.mark.parametrize(
    ("answered", "status", "ok"),
    [(200, None, True), (204, None, True), (302, None, False), (503, None, False), (404, 404, True), (200, [201, 202], False)],
)
def test_an_address_answers_as_it_should(answered, status, ok):
    with scripted(Answer(status=answered)) as server:
        outcome = looked(HttpCheck(), HttpCheckParams(url=server.url, status=status))
    assert isinstance(outcome, Done if ok else Failed)


def test_what_was_expected_and_what_was_seen_is_told_and_nothing_of_the_reply():
    with scripted(Answer(status=503, body=b"the password is swordfish")) as server:
        outcome = looked(HttpCheck(), HttpCheckParams(url=server.url, message="The vault is sealed."))
    assert outcome == Failed(
        "The vault is sealed.", "check_failed", {"expected": "2xx", "actual": 503, "looks": 1}, retryable=False
    )


def test_without_a_message_the_two_are_said():
    with scripted(Answer(status=503)) as server:
        outcome = looked(HttpCheck(), HttpCheckParams(url=server.url, status=[200, 204]))
    assert outcome.message == "expected 200 or 204, found 503"


def test_headers_are_sent():
    with scripted(Answer(status=200)) as server:
        looked(HttpCheck(), HttpCheckParams(url=server.url, headers={"X-Trace": "req-1"}))
    assert server.calls[0].headers["X-Trace"] == "req-1"


def test_a_port_takes_connections():
    with socket.create_server(("127.0.0.1", 0)) as taking:
        port = taking.getsockname()[1]
        outcome = looked(TcpCheck(), TcpCheckParams(host="localhost", port=str(port)))
    assert outcome.evidence["ok"]


def test_a_port_that_takes_none_says_why():
    with socket.create_server(("127.0.0.1", 0)) as taking:
        port = taking.getsockname()[1]
    outcome = looked(TcpCheck(), TcpCheckParams(host="127.0.0.1", port=port))
    assert (outcome.details["expected"], outcome.details["actual"]) == ("takes connections", "Connection refused")


def test_a_name_has_an_address():
    assert looked(DnsCheck(), DNS, http=names("93.184.215.14")).evidence["actual"] == "93.184.215.14"


@pytest.mark.parametrize(("value", "kind"), [(True, Done), (3, Done), (False, Failed), ("", Failed), (None, Failed)])
def test_an_expression_holds_when_it_counts_as_true(value, kind):
    outcome = looked(ExpressionCheck(), ExpressionCheckParams(when=value, expression="size < 10"))
    assert isinstance(outcome, kind)


def test_the_value_of_an_expression_is_not_shown():
    outcome = looked(ExpressionCheck(), ExpressionCheckParams(when="swordfish", expression="secret"))
    assert "swordfish" not in str(outcome)


def test_what_does_not_hold_yet_waits_without_a_worker():
    outcome = looked(DnsCheck(), DNS, http=names())
    assert isinstance(outcome, Waiting)
    assert outcome.check_after == timedelta(seconds=10)
    assert (outcome.handle["looks"], outcome.handle["actual"]) == (1, "no address")


def test_patience_ends_after_the_time_it_has():
    looks, seen = DnsCheck(), context(DNS, http=names())
    outcome, pauses = looks.run(seen), []
    while isinstance(outcome, Waiting):
        pauses.append(outcome.check_after.total_seconds())
        outcome = looks.poll(dataclasses.replace(seen, handle=outcome.handle))
    assert sum(pauses) == pytest.approx(60, abs=1)
    assert (outcome.kind, outcome.details["looks"]) == ("check_failed", len(pauses) + 1)


def test_a_handle_names_no_host_for_that_may_be_a_secret():
    assert "db.example.com" not in str(looked(DnsCheck(), DNS, http=names()).handle)


def test_a_later_look_may_find_that_it_holds():
    waiting = looked(DnsCheck(), DNS, http=names())
    outcome = DnsCheck().poll(context(DNS, http=names("93.184.215.14"), handle=waiting.handle))
    assert outcome.evidence == {"ok": True, "expected": "an address", "actual": "93.184.215.14", "looks": 2}


def test_where_nobody_may_look_patience_is_not_asked():
    outcome = looked(DnsCheck(), DNS, http=Outbound(["vault.example.com"]))
    assert isinstance(outcome, Failed)
    assert "OUTBOUND_HOSTS" in outcome.message
    assert outcome.details["actual"] == "not looked at"


def test_verification_believes_what_a_check_saw():
    done = looked(DnsCheck(), DNS, http=names("93.184.215.14"))
    (seen,) = verify({"type": "check", "name": "Name"}, done.evidence)
    assert (seen.ok, seen.actual) == (True, "93.184.215.14")


@pytest.mark.parametrize("check", CHECKS, ids=lambda one: one.name)
def test_a_look_that_got_lost_or_is_stopped_may_be_taken_again(check):
    assert isinstance(check.probe(context(DNS)), Again)
    assert isinstance(check.stop(context(DNS)), Again)


def test_each_look_leaves_a_line():
    lines = []
    looked(DnsCheck(), DNS, http=names("93.184.215.14"), log=lines.append)
    assert lines == ["Look 1: 93.184.215.14."]
