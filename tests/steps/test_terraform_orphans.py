"""No process outlives its run of Terraform: stopped, left in the background, its guard or its worker killed, or both."""

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.core.outcomes import Done, Indeterminate
from app.steps.terraform.leftovers import end_all_in
from tests.steps.processes import StoppingAt, alive, sleeper, wait_until
from tests.steps.terraform_runs import site

HERE = str(Path(__file__).parents[2])
WORKER = """
import sys
from pathlib import Path
from tests.steps.terraform_runs import site
with site(Path(sys.argv[1])) as place:
    print(place.run(sys.stdin.read()), place.lines)
"""
BEGINS_IN_SECONDS = 150
"""How long the worker has to come to its `sleep`: on a machine with two dozen others at work it took 36 seconds."""


@pytest.fixture
def place(tmp_path):
    with site(tmp_path) as made:
        yield made


@contextmanager
def worker_at_work(folder):
    """A worker of its own whose module sleeps, and the mark of that; the worker is killed in the end, if it was not before."""
    module, mark = sleeper()
    surroundings = {**os.environ, "PYTHONPATH": HERE}
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen([sys.executable, "-c", WORKER, str(folder)], env=surroundings, **pipes) as worker:
        try:
            # Not as an argument: until it calls exec, a child that the worker forks has the worker's own command line.
            worker.stdin.write(module.encode())
            worker.stdin.close()
            begun = wait_until(lambda: alive(mark) or worker.poll() is not None, BEGINS_IN_SECONDS)
            early = worker.poll()
            if not begun or early is not None:
                worker.kill()
                raise AssertionError(f"the worker did not begin ({early}): {worker.stdout.read().decode()}")
            yield worker, mark
        finally:
            worker.kill()


def guard_of(worker):
    """The process that leads the session of the worker's run."""
    children = Path(f"/proc/{worker.pid}/task").glob("*/children")
    (guard,) = [int(number) for listed in children for number in listed.read_text().split()]
    return guard


def test_a_stopped_step_leaves_no_process(place):
    module, mark = sleeper()
    place.lines = StoppingAt("started", place.stopping.set)
    place.run(module)
    assert wait_until(lambda: alive(mark) == [], 2)  # a killed process is gone a moment after the kill


@pytest.mark.parametrize("command", ["sleep {mark} >/dev/null 2>&1 &", "setsid sleep {mark} >/dev/null 2>&1 &"])
def test_a_process_left_in_the_background_ends_with_the_step(place, command):
    module, mark = sleeper(command)
    assert isinstance(place.run(module), Done)
    assert wait_until(lambda: alive(mark) == [], 2)


def test_a_step_whose_guard_is_killed_is_unknown_and_leaves_no_process(place):
    module, mark = sleeper("sleep {mark} & kill -9 $(cut -d' ' -f4 /proc/$PPID/stat); wait")
    assert isinstance(place.run(module), Indeterminate)
    assert wait_until(lambda: alive(mark) == [], 2)


def test_nothing_outlives_a_killed_worker(tmp_path):
    with worker_at_work(tmp_path) as (worker, mark):
        worker.send_signal(signal.SIGKILL)
    assert wait_until(lambda: alive(mark) + alive(str(tmp_path)) == [], 10)


def test_what_outlives_a_worker_killed_together_with_its_guard_is_ended_by_its_folder(tmp_path):
    with worker_at_work(tmp_path) as (worker, mark):
        worker.send_signal(signal.SIGSTOP)  # else it would see its guard die, and end the rest
        os.kill(guard_of(worker), signal.SIGKILL)
        worker.send_signal(signal.SIGKILL)
    assert end_all_in(tmp_path) > 0
    assert wait_until(lambda: alive(mark) == [], 2)


def test_a_process_elsewhere_is_left_alone(tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run-2").mkdir()
    with subprocess.Popen(["sleep", "30"], cwd=tmp_path / "run-2") as other:
        assert end_all_in(tmp_path / "run") == 0
        assert other.poll() is None
        other.kill()
