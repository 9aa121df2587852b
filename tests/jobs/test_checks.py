"""Checks on their way through a request: before anything is built, and after it is."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import update

from app.core.outcomes import Done, Failed, Waiting
from app.jobs.leases import Held
from app.jobs.perform import Performer
from app.models.tables import STEP
from app.queries import requests
from app.queries.shapes import Detail
from tests.fixtures.house import House, http, item, with_checks
from tests.steps.scripted import Answer, scripted
from worker import build

FIELDS = "[{name: size, type: integer, default: 3}]"
SMALL = "{name: small, type: expression, when: size < 10, message: 'At most nine, not {{ size }}.'}"


@pytest.fixture
def performer(house: House) -> Iterator[Performer]:
    """What a worker brings along."""
    runtime = build(house.settings.model_copy(update={"outbound_hosts": ("127.0.0.1",)}), "w1")
    yield runtime.performer
    runtime.leases.engine.dispose()
    runtime.close()


def offered(house: House, health: str = "", size: int = 3, preflight: str = SMALL) -> str:
    """The id of an order of an item with one step and checks around it."""
    made = item(http("make"), fields=FIELDS)
    house.offer(thing=with_checks(made, preflight, health))
    return house.order({"catalog_item": "thing", "parameters": {"size": size}}).request_id


def act(house: House, performer: Performer) -> Any:
    """Let a worker take the next thing to do, really; answers what it came to."""
    claim = house.must_claim()
    result = performer.perform(claim, Held(uuid.uuid4()))
    assert house.record(claim, result.outcome, inputs=result.inputs, checks=result.checks) is not None
    return result.outcome


def shown(house: House, request_id: str) -> Detail:
    with house.engine.connect() as connection:
        return requests.detail(connection, house.caller("sarah-123").person, request_id)


def test_nothing_is_built_before_the_preflights_hold(house: House, performer: Performer) -> None:
    offered(house)
    assert house.statuses() == {"small": "ready", "make": "pending"}
    act(house, performer)
    assert house.statuses() == {"small": "completed", "make": "ready"}


def test_a_preflight_that_does_not_hold_keeps_everything_from_beginning(house: House, performer: Performer) -> None:
    offered(house, size=12)
    assert act(house, performer).message == "At most nine, not 12."
    assert house.statuses() == {"small": "failed", "make": "pending"}


def test_whoever_is_asked_about_a_check_hears_what_should_hold(house: House, performer: Performer) -> None:
    offered(house, size=12)
    act(house, performer)
    (ticket,) = house.tickets()
    assert ticket.title == "Small does not hold"
    assert ticket.instructions.startswith("At most nine, not 12.\n\nSee to it")


def test_a_check_is_a_line_of_its_own_with_what_was_expected_and_seen(house: House, performer: Performer) -> None:
    detail = shown(house, offered(house))
    assert ([one.step_id for one in detail.steps], [one.step_id for one in detail.checks]) == (["step-001"], ["check-001"])
    act(house, performer)
    (check,) = shown(house, detail.summary.request_id).checks
    assert (check.kind, check.status, check.expected, check.actual) == ("preflight", "completed", "size < 10", True)


def test_what_a_check_saw_is_shown_when_it_does_not_hold(house: House, performer: Performer) -> None:
    request_id = offered(house, size=12)
    act(house, performer)
    (check,) = shown(house, request_id).checks
    assert (check.status, check.expected, check.actual) == ("failed", "size < 10", False)


def test_a_request_is_done_when_its_health_checks_hold(house: House, performer: Performer) -> None:
    with scripted(Answer(status=503), Answer(status=200)) as server:
        request_id = offered(house, f"{{name: answers, type: http, url: '{server.url}', every: 1s}}", preflight="")
        house.finish(Done())
        assert isinstance(act(house, performer), Waiting)
        (check,) = shown(house, request_id).checks
        assert (check.status, check.expected, check.actual) == ("waiting", "2xx", 503)
        assert house.request(request_id).status == "in_progress"


def test_patience_goes_on_in_the_next_poll(house: House, performer: Performer) -> None:
    with scripted(Answer(status=503), Answer(status=200)) as server:
        request_id = offered(house, f"{{name: answers, type: http, url: '{server.url}', every: 1s}}", preflight="")
        house.finish(Done())
        act(house, performer)
        with house.engine.begin() as connection:
            connection.execute(update(STEP).where(STEP.c.step_name == "answers").values(check_after=STEP.c.started_at))
        assert isinstance(act(house, performer), Done)
    assert house.request(request_id).status == "completed"


def test_lists_count_steps_only(house: House, performer: Performer) -> None:
    request_id = offered(house)
    act(house, performer)
    assert shown(house, request_id).summary.steps == {"ready": 1}


def test_a_check_that_nobody_could_look_at_says_why(house: House, performer: Performer) -> None:
    offered(house, preflight="{name: vault, type: tcp, host: vault.example.org, port: 8200, message: It is down.}")
    outcome = act(house, performer)
    assert isinstance(outcome, Failed)
    assert outcome.message == "vault.example.org is not among the hosts that may be called (OUTBOUND_HOSTS)"
