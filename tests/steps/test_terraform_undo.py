"""`TerraformFile.undo` against the real program: all that the step's state holds is destroyed, whatever comes in between."""

import json
from dataclasses import replace

import pytest

from app.core.outcomes import Again, Done, Failed
from tests.steps.processes import StoppingAt, enough_to_begin
from tests.steps.terraform_runs import ECHO, SETTINGS, example, site

NOWHERE = replace(SETTINGS, terraform_binary="/nowhere/terraform")
PROTECTED = """
resource "terraform_data" "first" { input = "x" }
resource "terraform_data" "kept" {
  input = terraform_data.first.id
  lifecycle { prevent_destroy = true }
}
"""
FAREWELL = """
resource "terraform_data" "first" { input = "x" }
resource "terraform_data" "second" {
  input = terraform_data.first.id
  provisioner "local-exec" {
    when    = destroy
    command = "test -e ../once || { touch ../once; %s; }"
  }
}
"""
"""Does something the first time that it is destroyed, and nothing the second time."""


@pytest.fixture
def place(tmp_path):
    with site(tmp_path) as made:
        yield made


def left(place):
    """The resources that the state holds."""
    return [one["name"] for one in json.loads(place.store.states[place.step])["resources"]]


def built(place, module, variables=None):
    assert isinstance(place.run(module, variables), Done)
    place.noted.clear()
    return module


def test_what_a_run_built_is_destroyed(place):
    variables = {"database_name": "customer_portal_db", "environment": "staging"}
    module = built(place, example("postgres"), variables)
    assert place.call("undo", module, variables) == Done()
    assert left(place) == []


def test_the_log_tells_what_is_destroyed(place):
    built(place, ECHO, {"word": "x"})
    place.lines = []
    place.call("undo", ECHO, {"word": "x"})
    assert place.lines[-1] == "Apply complete! Resources: 0 added, 0 changed, 1 destroyed."


def test_what_a_failed_run_left_is_destroyed(place):
    place.run('resource "terraform_data" "a" {\n provisioner "local-exec" { command = "false" }\n}')
    assert left(place) == ["a"]
    assert place.call("undo", 'resource "terraform_data" "a" {}') == Done()
    assert left(place) == []


def test_undoing_again_is_done_without_terraform(place):
    built(place, ECHO, {"word": "x"})
    place.call("undo", ECHO, {"word": "x"})
    assert place.call("undo", ECHO, {"word": "x"}, settings=NOWHERE) == Done()


def test_what_was_never_built_is_undone_without_terraform(place):
    assert place.call("undo", ECHO, {"word": "x"}, settings=NOWHERE) == Done()


def test_a_state_that_cannot_be_read_is_not_taken_for_an_empty_one(place):
    built(place, ECHO, {"word": "x"})
    place.store.lost.set()
    assert isinstance(place.call("undo", ECHO, {"word": "x"}), Failed)


def test_a_state_elsewhere_is_asked_for_by_terraform(place):
    with place.server.open(place.step, place.lease) as elsewhere:
        backend = {"type": "http", "address": elsewhere.address, "username": elsewhere.username, "password": elsewhere.password}
        template = {"backend_config": backend}
        assert isinstance(place.run(ECHO, {"word": "x"}, template=template), Done)
        for _ in range(2):
            assert place.call("undo", ECHO, {"word": "x"}, template=template, state=None) == Done()
    assert left(place) == []


def test_what_is_about_to_be_destroyed_is_noted(place):
    built(place, ECHO, {"word": "x"})
    place.call("undo", ECHO, {"word": "x"})
    assert place.noted == [{"destroys": ["terraform_data.echo"]}]


def test_what_cannot_be_noted_is_not_destroyed(place):
    built(place, ECHO, {"word": "x"})
    assert isinstance(place.call("undo", ECHO, {"word": "x"}, note=lambda _facts: False), Again)
    assert left(place) == ["echo"]


def test_a_module_that_protects_what_it_built_says_so(place):
    outcome = place.call("undo", built(place, PROTECTED))
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.retryable) == ("terraform_protected", False)
    assert outcome.message == ("The module protects terraform_data.kept from being destroyed (prevent_destroy). Nothing was.")
    assert left(place) == ["first", "kept"]


def test_a_failure_is_told_and_the_next_try_goes_on(place):
    module = built(place, FAREWELL % "echo no such zone >&2; exit 3")
    outcome = place.call("undo", module)
    assert isinstance(outcome, Failed)
    assert "no such zone" in outcome.message
    assert place.call("undo", module) == Done()


def test_told_to_stop_before_it_begins_it_may_be_done_again(place):
    built(place, ECHO, {"word": "x"})
    place.stopping.set()
    assert isinstance(place.call("undo", ECHO, {"word": "x"}), Again)


def test_told_to_stop_in_the_middle_it_goes_on_from_the_state(place):
    module = built(place, FAREWELL % "echo started; sleep 5")
    place.lines = StoppingAt("started", place.stopping.set)
    assert isinstance(place.call("undo", module), Again)
    place.stopping.clear()
    place.lines = []
    assert place.call("undo", module) == Done()
    assert left(place) == []


def test_out_of_time_in_the_middle_it_is_a_timeout(place):
    module = built(place, FAREWELL % "sleep 600")
    outcome = place.call("undo", module, budget=enough_to_begin(place))
    assert (outcome.kind, left(place)) == ("timeout", ["first", "second"])


def test_killed_in_the_middle_it_may_be_tried_again(place):
    module = built(place, FAREWELL % "kill -9 $PPID")
    outcome = place.call("undo", module)
    assert isinstance(outcome, Failed)
    assert "Undoing again is safe" in outcome.message
    assert place.call("undo", module) == Done()
    assert left(place) == []
