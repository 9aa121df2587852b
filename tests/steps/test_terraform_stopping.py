"""`TerraformFile` told to stop, or out of time: the outcome says whether the next run can go on from what was saved."""

import sys
from datetime import timedelta

import pytest

from app.core.outcomes import Again, Done, Failed, Indeterminate
from app.steps.terraform import program
from tests.steps.processes import StoppingAt, alive, enough_to_begin, sleeper, wait_until
from tests.steps.terraform_runs import ECHO, SETTINGS, site

DEAF = """
import json, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
if sys.argv[1] == "apply":
    print(json.dumps({"type": "apply_start", "@message": "terraform_data.deaf: Creating..."}), flush=True)
    time.sleep(60)
"""
HASTY = """
import json, sys
if sys.argv[1] == "apply":
    print(json.dumps({"type": "diagnostic", "diagnostic": {"severity": "error", "summary": "operation canceled"}}))
    sys.exit(1)
"""


@pytest.fixture
def place(tmp_path):
    with site(tmp_path) as made:
        yield made


def stop_when(place, word):
    """Set `stopping` when the log says `word`."""
    place.lines = StoppingAt(word, place.stopping.set)


def program_of(tmp_path, code):
    """Settings in which a small program of our own takes Terraform's place."""
    (tmp_path / "program.py").write_text(code)
    return SETTINGS.__class__("", "", f"{sys.executable} {tmp_path / 'program.py'}")


def test_a_step_told_to_stop_before_it_begins_may_be_run_again(place):
    place.stopping.set()
    assert place.run(ECHO, {"word": "x"}) == Again("Terraform was stopped before it built anything.")
    assert (place.store.states, place.noted) == ({}, [])


def test_a_step_told_to_stop_after_its_plan_builds_nothing(place):
    stop_when(place, "Plan: 1 to add")
    assert isinstance(place.run(ECHO, {"word": "x"}), Again)
    assert (place.store.states, place.noted) == ({}, [])


def test_a_step_out_of_time_before_it_builds_is_a_timeout(place):
    outcome = place.run(ECHO, {"word": "x"}, budget=timedelta(0))
    assert (outcome.kind, outcome.retryable, place.store.states) == ("timeout", True, {})


def test_what_is_about_to_be_built_is_noted_before_it_is(place):
    place.lines = StoppingAt("Creating", lambda: place.noted.append("building"))
    place.run(ECHO, {"word": "x"})
    assert place.noted == [{"planned": [{"resource": "terraform_data.echo", "action": "create"}]}, "building"]


def test_the_note_of_a_replacement_says_what_stood_there_before(place):
    module = ECHO.replace("{ input = var.word }", "{ triggers_replace = var.word }")
    place.run(module, {"word": "x"})
    place.run(module, {"word": "y"})
    (replaced,) = place.noted[1]["planned"]
    assert (replaced["action"], len(replaced["before"])) == ("replace", 36)


def test_what_cannot_be_noted_is_not_built(place):
    assert isinstance(place.run(ECHO, {"word": "x"}, note=lambda _facts: False), Again)
    assert place.store.states == {}


def test_a_step_stopped_while_it_builds_may_go_on_from_its_state(place):
    module, _ = sleeper()
    stop_when(place, "started")
    outcome = place.run(module)
    assert isinstance(outcome, Again)
    assert "built terraform_data.first" in outcome.reason
    assert b"terraform_data" in place.store.states[place.step]


def test_the_next_run_builds_only_what_is_left(place):
    module, mark = sleeper()
    stop_when(place, "started")
    place.run(module)
    place.stopping.clear()
    place.lines = []
    assert isinstance(place.run(module.replace(mark, "0")), Done)
    assert place.lines[-1] == "Apply complete! Resources: 1 added, 0 changed, 1 destroyed."


def test_a_step_out_of_time_while_it_builds_is_a_timeout_that_tells_what_was_built(place):
    module, mark = sleeper()
    outcome = place.run(module, budget=enough_to_begin(place))
    assert isinstance(outcome, Failed)
    assert (outcome.kind, outcome.retryable) == ("timeout", True)
    assert [one["resource"] for one in outcome.details["built"]] == ["terraform_data.first"]
    assert wait_until(lambda: alive(mark) == [], 2)


def test_a_program_that_ignores_the_interrupt_is_killed(place, tmp_path, monkeypatch):
    monkeypatch.setattr(program, "GRACE_SECONDS", 0.3)
    stop_when(place, "Creating")
    outcome = place.run(ECHO, {"word": "x"}, settings=program_of(tmp_path, DEAF))
    assert isinstance(outcome, Indeterminate)
    assert wait_until(lambda: alive(str(tmp_path / "program.py")) == [], 2)


def test_a_program_that_gives_up_before_it_has_saved_leaves_the_outcome_unknown(place, tmp_path):
    outcome = place.run(ECHO, {"word": "x"}, settings=program_of(tmp_path, HASTY))
    assert isinstance(outcome, Indeterminate)
    assert outcome.evidence["reason"] == "the state could not be saved"


def test_a_stop_after_everything_was_built_is_heard_too_late(place):
    stop_when(place, "Apply complete")
    assert place.run(ECHO, {"word": "x"}).outputs == {"word": "x"}
