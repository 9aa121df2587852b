"""`TerraformFile` told to stop, out of time, or its worker dead: nothing is left running, the outcome says what is known."""

import os
import signal
import subprocess
import sys
import time
import uuid
from datetime import timedelta
from pathlib import Path

import pytest

from app.core.outcomes import Indeterminate
from app.steps.terraform import program
from tests.steps.terraform_runs import ECHO, SETTINGS, site

DEAF = """
import json, signal, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
if sys.argv[1] == "apply":
    print(json.dumps({"type": "apply_start", "@message": "terraform_data.deaf: Creating..."}), flush=True)
    time.sleep(60)
"""
WORKER = """
import sys
from pathlib import Path
from tests.steps.terraform_runs import site
with site(Path(sys.argv[1])) as place:
    print(place.run(sys.argv[2]), place.lines)
"""


SLOW = """
resource "terraform_data" "slow" {{
  provisioner "local-exec" {{ command = "{command}" }}
}}
"""


def sleeper(command="echo started; sleep {mark}"):
    """A module that sleeps while it is built, and a mark that its process carries on its command line."""
    mark = f"61.{uuid.uuid4().int % 10**9}"
    return SLOW.format(command=command.format(mark=mark)), mark


def alive(mark):
    """The processes that have `mark` in their command line."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (process / "cmdline").read_bytes() and process.name != str(os.getpid()):
                found.append(int(process.name))
        except OSError:
            continue
    return found


def wait_until(condition, seconds):
    until = time.monotonic() + seconds
    while not condition() and time.monotonic() < until:
        time.sleep(0.05)
    return condition()


@pytest.fixture
def place(tmp_path):
    with site(tmp_path) as made:
        yield made


def stop_when(place, word):
    """Set `stopping` when the log says `word`."""

    class Log(list):
        def append(self, line):
            super().append(line)
            if word in line:
                place.stopping.set()

    place.lines = Log()


def test_a_step_told_to_stop_before_it_begins_has_built_nothing(place):
    place.stopping.set()
    outcome = place.run(ECHO, {"word": "x"})
    assert (outcome.kind, outcome.retryable, place.store.states) == ("interrupted", True, {})


def test_a_step_out_of_time_before_it_builds_is_a_timeout(place):
    outcome = place.run(ECHO, {"word": "x"}, budget=timedelta(0))
    assert (outcome.kind, outcome.retryable, place.store.states) == ("timeout", True, {})


def test_a_step_stopped_while_it_builds_is_indeterminate(place):
    module, _ = sleeper()
    stop_when(place, "started")
    outcome = place.run(module)
    assert isinstance(outcome, Indeterminate)
    assert (outcome.evidence["stage"], outcome.evidence["reason"]) == ("apply", "interrupted")


def test_a_step_out_of_time_while_it_builds_is_indeterminate(place):
    module, mark = sleeper()
    outcome = place.run(module, budget=timedelta(seconds=2))
    assert isinstance(outcome, Indeterminate)
    assert outcome.evidence["reason"] == "timeout"
    assert wait_until(lambda: alive(mark) == [], 2)


def test_an_interrupted_build_saves_its_state(place):
    module, _ = sleeper()
    stop_when(place, "started")
    place.run(module)
    assert b"terraform_data" in place.store.states[place.step]


def test_a_stopped_step_leaves_no_process(place):
    module, mark = sleeper()
    stop_when(place, "started")
    place.run(module)
    assert wait_until(lambda: alive(mark) == [], 2)  # a killed process is gone a moment after the kill


def test_a_process_left_in_the_background_ends_with_the_step(place):
    module, mark = sleeper("sleep {mark} >/dev/null 2>&1 &")
    assert place.run(module).outputs == {}
    assert wait_until(lambda: alive(mark) == [], 2)


def test_a_program_that_ignores_the_interrupt_is_killed(place, tmp_path, monkeypatch):
    monkeypatch.setattr(program, "GRACE_SECONDS", 0.3)
    deaf = tmp_path / "deaf.py"
    deaf.write_text(DEAF)
    settings = SETTINGS.__class__("", "", f"{sys.executable} {deaf}")
    stop_when(place, "Creating")
    assert isinstance(place.run(ECHO, {"word": "x"}, settings=settings), Indeterminate)
    assert wait_until(lambda: alive(str(deaf)) == [], 2)


def test_nothing_outlives_a_killed_worker(tmp_path):
    module, mark = sleeper()
    surroundings = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, "-c", WORKER, str(tmp_path), module]
    with subprocess.Popen(command, env=surroundings, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as worker:
        begun = wait_until(lambda: len(alive(f"sleep {mark}")) > 1 or worker.poll() is not None, 30)
        early = worker.poll()
        worker.send_signal(signal.SIGKILL)
        assert (begun, early) == (True, None), worker.communicate()[0].decode()
    assert wait_until(lambda: alive(mark) + alive(str(tmp_path)) == [], 6)


def test_a_stop_after_everything_was_built_is_heard_too_late(place):
    stop_when(place, "Apply complete")
    assert place.run(ECHO, {"word": "x"}).outputs == {"word": "x"}
