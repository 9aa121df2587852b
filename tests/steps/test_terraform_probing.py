"""`TerraformFile.probe` against the real program: what became of a run whose worker died, as its state tells."""

from dataclasses import replace
from datetime import timedelta
from threading import Event

import pytest

from app.core.outcomes import Again, Done, Indeterminate, Waiting
from app.steps.terraform import TerraformFile, probing
from tests.steps.terraform_runs import ECHO, SETTINGS, example, site

NOWHERE = replace(SETTINGS, terraform_binary="/nowhere/terraform")
THREE = """
resource "terraform_data" "first" { input = "x" }
resource "terraform_data" "second" {
  input = terraform_data.first.id
  provisioner "local-exec" { command = "%s" }
}
resource "terraform_data" "third" { input = terraform_data.second.id }
output "done" { value = terraform_data.third.input != "" }
"""
CREATES_THREE = {
    "planned": [{"resource": f"terraform_data.{name}", "action": "create"} for name in ("first", "second", "third")]
}
REPLACED = 'variable "word" {}\nresource "terraform_data" "echo" { triggers_replace = var.word }'


@pytest.fixture
def place(tmp_path):
    with site(tmp_path) as made:
        yield made


def looked(place, module, variables=None, **changes):
    """The answer of a probe of the last run, as another worker would get it."""
    seen = {"noted": place.noted[-1] if place.noted else {}, "stopping": Event()}
    return place.call("probe", module, variables, **seen | changes)


def killed(place, module=THREE):
    """A run whose program is killed at its second resource; gives what its worker had noted before, as if it had died too."""
    assert isinstance(place.run(module % "kill -9 $PPID"), Indeterminate)
    return place.noted[0]


def test_a_run_that_had_noted_nothing_may_be_run_again_without_a_look(place):
    assert isinstance(looked(place, ECHO, {"word": "x"}, noted={}, settings=NOWHERE), Again)


def test_a_run_that_had_finished_is_done_with_all_that_a_run_yields(place):
    variables = {"database_name": "customer_portal_db", "environment": "staging"}
    built = place.run(example("postgres"), variables)
    assert isinstance(built, Done)
    assert looked(place, example("postgres"), variables) == built


def test_a_run_that_had_nothing_to_change_is_done(place):
    module = 'variable "word" {}\noutput "word" { value = var.word }'
    place.run(module, {"word": "x"})
    assert place.noted == [{"planned": []}]
    assert looked(place, module, {"word": "x"}).outputs == {"word": "x"}


def test_a_run_that_had_nothing_to_create_may_be_run_again(place):
    place.run(ECHO, {"word": "x"})
    update = {"planned": [{"resource": "terraform_data.echo", "action": "update"}]}
    assert isinstance(looked(place, ECHO, {"word": "y"}, noted=update), Again)


def test_a_killed_run_whose_state_was_never_saved_is_a_persons(place):
    outcome = looked(place, THREE % "true", noted=killed(place))
    assert isinstance(outcome, Indeterminate)
    assert outcome.evidence["check"] == ["terraform_data.first", "terraform_data.second", "terraform_data.third"]
    assert outcome.evidence["state_has"] == []


def test_a_run_that_knows_how_far_it_came_leaves_only_that_in_doubt(place):
    killed(place)
    assert looked(place, THREE % "true").evidence["check"] == ["terraform_data.first", "terraform_data.second"]


def test_a_person_is_told_what_the_state_lacks_and_what_it_has(place):
    place.run(THREE % "false")  # the state of the first two is saved, as it is every twenty seconds of a long apply
    outcome = looked(place, THREE % "true", noted=CREATES_THREE)
    assert isinstance(outcome, Indeterminate)
    assert outcome.evidence["check"] == ["terraform_data.third"]
    assert outcome.evidence["state_has"] == ["terraform_data.first", "terraform_data.second"]


def test_where_the_state_has_all_that_was_created_a_new_run_finishes_it(place):
    place.run(ECHO, {"word": "x"})
    assert isinstance(looked(place, ECHO, {"word": "y"}), Again)


def test_a_resource_that_is_still_the_old_one_may_have_a_new_one_beside_it(place):
    place.run(REPLACED, {"word": "x"})
    place.run(REPLACED, {"word": "y"}, note=lambda facts: place.note(facts) and False)
    outcome = looked(place, REPLACED, {"word": "y"})
    assert isinstance(outcome, Indeterminate)
    assert outcome.evidence["check"] == ["terraform_data.echo"]


def test_a_resource_that_is_not_the_old_one_any_more_was_replaced(place):
    for word in ("x", "y"):
        place.run(REPLACED, {"word": word})
    assert isinstance(looked(place, REPLACED, {"word": "z"}), Again)


def test_a_look_writes_no_state(place):
    place.run(THREE % "false")
    before = place.store.states[place.step]
    looked(place, THREE % "true", noted=CREATES_THREE)
    assert place.store.states[place.step] is before


def test_a_look_that_tells_nothing_is_taken_again_a_while_later(place):
    place.run(ECHO, {"word": "x"})
    place.store.lost.set()
    outcome = looked(place, ECHO, {"word": "y"})
    assert outcome == Waiting({"noted": place.noted[-1], "looks": 1}, timedelta(seconds=15))


def test_the_look_after_a_wait_is_the_same(place):
    built = place.run(ECHO, {"word": "x"})
    handle = {"noted": place.noted[-1], "looks": 1}
    assert place.call("poll", ECHO, {"word": "x"}, handle=handle) == built


def test_looks_that_never_tell_anything_end_with_a_person(place):
    outcome = looked(place, ECHO, {"word": "x"}, noted=CREATES_THREE, settings=NOWHERE)
    for _ in range(probing.LOOKS - 1):
        outcome = place.call("poll", ECHO, {"word": "x"}, handle=outcome.handle, settings=NOWHERE)
    assert isinstance(outcome, Indeterminate)
    assert outcome.evidence["check"] == ["terraform_data.first", "terraform_data.second", "terraform_data.third"]
    assert "not installed" in outcome.evidence["problem"]


def test_a_look_that_is_stopped_says_nothing_about_the_run(place):
    place.run(ECHO, {"word": "x"})
    place.stopping.set()
    assert isinstance(looked(place, ECHO, {"word": "x"}, stopping=place.stopping), Again)


def test_a_step_that_is_cancelled_is_looked_at_all_the_same(place):
    built = place.run(ECHO, {"word": "x"})
    handle = {"noted": place.noted[-1], "looks": 1}
    assert place.call("stop", ECHO, {"word": "x"}, handle=handle) == built


@pytest.mark.parametrize("act", ["poll", "stop"])
def test_a_run_that_waits_for_nothing_is_not_polled(place, act):
    with place.context(None, {}) as context, pytest.raises(KeyError):
        getattr(TerraformFile(), act)(context)
