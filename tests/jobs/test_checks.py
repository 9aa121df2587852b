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


FREE = "{name: free, type: unique, value: 'host-{{ size }}', within: %s}"
TAKES = "quota: {vcpu: '{{ size * 2 }}'}\n"


def limited(house: House, most: int, preflight: str) -> str:
    """The id of an order of something that takes six of a quota, which is then set to `most`."""
    house.offer(thing=with_checks(item(http("make"), fields=FIELDS, extra=TAKES), preflight))
    request_id = house.order({"catalog_item": "thing", "parameters": {}}).request_id
    (house.folder / "quotas.yaml").write_text(f"default: {{vcpu: {most}}}\nresources: {{vcpu: {{title: vCPU}}}}\n")
    house.offer()
    return request_id


def test_of_two_orders_with_one_value_the_second_is_not_built(house: House, performer: Performer) -> None:
    first = offered(house, preflight=FREE % "team")
    assert isinstance(act(house, performer), Done)
    house.finish(Done())
    second = house.order({"catalog_item": "thing", "parameters": {}}).request_id
    assert isinstance(act(house, performer), Failed)
    (check,) = shown(house, second).checks
    assert (check.status, check.expected, check.actual) == ("failed", "no other order has it", f"{first} has it")


def test_whose_a_value_is_another_team_does_not_hear(house: House, performer: Performer) -> None:
    offered(house, preflight=FREE % "all")
    act(house, performer)
    house.finish(Done())
    house.order({"catalog_item": "thing", "parameters": {}}, who="mallory-666")
    assert act(house, performer).message == "expected no other order has it, found another order has it"


def test_within_a_team_others_may_have_the_same_value(house: House, performer: Performer) -> None:
    offered(house, preflight=FREE % "team")
    act(house, performer)
    house.finish(Done())
    house.order({"catalog_item": "thing", "parameters": {}}, who="mallory-666")
    assert isinstance(act(house, performer), Done)


def test_a_value_that_was_taken_is_the_requests_own_when_it_is_looked_at_again(house: House, performer: Performer) -> None:
    offered(house, preflight=FREE % "all")
    claim = house.must_claim()
    held = Held(uuid.uuid4())
    assert [type(performer.perform(claim, held).outcome) for _ in range(2)] == [Done, Done]


@pytest.mark.parametrize(
    ("check", "most", "comes_to"),
    [
        ("{name: fits, type: quota}", 6, Done),
        ("{name: fits, type: quota, resource: vcpu}", 5, Failed),
        ("{name: fits, type: quota, resource: vcpu, leave: 4}", 10, Done),
        ("{name: fits, type: quota, resource: vcpu, leave: 4}", 9, Failed),
        ("{name: fits, type: quota, resource: services}", 5, Done),
    ],
)
def test_a_quota_is_looked_at_as_it_is_when_building_begins(
    house: House, performer: Performer, check: str, most: int, comes_to: type
) -> None:
    limited(house, most, check)
    assert type(act(house, performer)) is comes_to


def test_a_quota_check_says_what_must_be_left_and_what_is(house: House, performer: Performer) -> None:
    request_id = limited(house, 5, "{name: fits, type: quota, resource: vcpu}")
    act(house, performer)
    (check,) = shown(house, request_id).checks
    assert (check.expected, check.actual) == ("at least 0 left", "vCPU: -1 of 5 left")
