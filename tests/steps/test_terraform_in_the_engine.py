"""A step of Terraform through the whole engine, with the real program and the real state: killed, stopped, rolled back."""

import json
import uuid

import pytest
from sqlalchemy import select

from app.core.outcomes import Again, Done, Failed
from app.jobs.leases import Held
from app.lifecycle.engine import planning
from app.models import TerraformState
from tests.fixtures.house import item, terraform
from tests.steps.terraform_runs import BINARY
from worker import build

MODULE = """
resource "terraform_data" "first" { input = "x" }
resource "terraform_data" "second" {
  input = terraform_data.first.id
  provisioner "local-exec" { command = "%s" }
}
"""
ONCE = "test -e %s || { touch %s; kill -9 $PPID; }"


@pytest.fixture
def performer(house):
    runtime = build(house.settings.model_copy(update={"terraform_binary": BINARY}), "w1")
    yield runtime.performer
    runtime.leases.engine.dispose()
    runtime.close()


@pytest.fixture
def worker(house, performer):
    """One claim at a time: `worker(record=False)` dies between the call and its record."""

    def work(*, record=True, held=None):
        claim = house.must_claim()
        result = performer.perform(claim, held or Held(uuid.uuid4()))
        if record:
            assert house.record(claim, result.outcome, inputs=result.inputs, stopped=result.stopped) is not None
        return claim.activity, result.outcome

    return work


@pytest.fixture
def order(house):
    def ordered(command="true"):
        (house.folder / "modules" / "tiny" / "main.tf").write_text(MODULE % command)
        house.offer(built=item(terraform("build")))
        return house.order("built").request_id

    return ordered


def going():
    """What a worker holds that was told to go."""
    held = Held(uuid.uuid4())
    held.stopping.set()
    return held


def kept(house):
    """The names of the resources in the newest state."""
    newest = select(TerraformState.id, TerraformState.ciphertext).order_by(TerraformState.version.desc()).limit(1)
    (row,) = house.rows(newest)
    return [
        one["name"]
        for one in json.loads(house.vault.decrypt(row.ciphertext, f"terraform_states.ciphertext:{row.id}"))["resources"]
    ]


def test_a_worker_that_dies_after_the_build_costs_nothing(house, worker, order):
    order()
    worker(record=False)
    house.lose("build")
    assert worker()[0] == "probe"
    assert house.statuses() == {"build": "completed"}
    assert house.tickets() == []


def test_a_worker_that_dies_before_the_build_costs_nothing(house, worker, order):
    order()
    house.must_claim()
    house.lose("build")
    activity, outcome = worker()
    assert (activity, type(outcome)) == ("probe", Again)
    worker()
    assert (house.statuses(), len(house.attempts("build"))) == ({"build": "completed"}, 2)


def test_a_probe_that_is_stopped_is_made_by_the_next_worker(house, worker, order):
    order()
    worker(record=False)
    house.lose("build")
    worker(held=going())
    assert house.statuses() == {"build": "indeterminate"}
    assert worker()[0] == "probe"
    assert (house.statuses(), len(house.attempts("build"))) == ({"build": "completed"}, 1)


def test_a_build_that_is_killed_asks_a_person_once_and_tells_where_to_look(house, worker, order, tmp_path):
    order(ONCE % (tmp_path / "once", tmp_path / "once"))
    worker()
    worker()
    (ticket,) = house.tickets()
    assert ticket.ticket_type == "unknown"
    assert house.attempts("build")[0].evidence["check"] == ["terraform_data.first", "terraform_data.second"]


def test_a_step_that_is_handed_back_before_it_builds_is_built_by_the_next_worker(house, worker, order):
    order()
    assert isinstance(worker(held=going())[1], Again)
    assert isinstance(worker()[1], Done)


def test_what_was_built_is_destroyed_when_its_request_is_rolled_back(house, worker, order):
    request = order()
    worker()
    house.roll_back(request)
    assert worker() == ("undo", Done())
    assert (house.request(request).status, kept(house)) == ("rolled_back", [])


def test_a_worker_that_dies_after_it_destroyed_costs_nothing(house, worker, order):
    request = order()
    worker()
    house.roll_back(request)
    worker(record=False)
    house.lose("build")
    assert worker() == ("undo", Done())
    assert house.request(request).status == "rolled_back"


def test_what_a_failed_build_left_is_destroyed_too(house, worker, order):
    request = order("false")
    worker()
    assert house.statuses() == {"build": "failed"}
    house.end_ticket("reject", "not worth it")
    house.roll_back(request)
    worker()
    assert (house.request(request).status, kept(house)) == ("rolled_back", [])


def test_before_a_retry_the_plan_tells_what_is_left_to_build(house, worker, order):
    request = order("false")
    worker()
    with house.unit() as unit:
        planning.ask(unit, house.caller("sarah-123"), request, "step-001")
    before = kept(house)
    assert worker()[0] == "plan"
    with house.unit() as unit:
        seen = planning.look(unit.connection, house.caller("sarah-123").person, request, "step-001")
    assert {one["resource"]: one["action"] for one in seen.row.found["changes"]} == {"terraform_data.second": "replace"}
    assert (kept(house), len(house.attempts("build")), house.statuses()) == (before, 1, {"build": "failed"})
    house.decide("retry_step", request, "step-001")
    worker()
    with house.unit() as unit:
        seen = planning.look(unit.connection, house.caller("sarah-123").person, request, "step-001")
    assert seen.old == ["the step has run since", "what is built has changed since"]


def test_what_a_person_made_is_taken_over_and_destroyed_with_its_request(house, worker, order):
    request = order()
    house.finish(Failed("no room", retryable=False))
    rows = [{"address": f"terraform_data.{name}", "id": f"{name} by hand"} for name in ("first", "second")]
    house.end_ticket("resolve", {}, None, rows)
    activity, outcome = worker(record=False)
    assert (activity, type(outcome)) == ("adopt", Done)
    house.lose("build")
    worker()
    assert (house.step("build").managed_by, kept(house)) == ("automation", ["first", "second"])
    house.roll_back(request)
    worker()
    assert (house.request(request).status, kept(house)) == ("rolled_back", [])
