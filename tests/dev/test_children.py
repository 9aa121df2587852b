"""Children of the supervisor: they never outlive who started them, and come again when they die."""

import signal
import subprocess
import sys
import time

import pytest

from dev.children import LARGEST_LOG, Child, Launch
from dev.embedded.servers import wait_until
from dev.errors import RefusedError
from dev.folder import ROOT
from dev.keeper import Kept
from dev.processes import descendants

SLEEP = (sys.executable, "-I", "-S", "-c", "import time; time.sleep(60)")
FAMILY = f"import subprocess, time; subprocess.Popen({list(SLEEP)!r}, start_new_session=True); time.sleep(60)"
STARTER = """
import sys, time
from pathlib import Path
from dev.children import Child, Launch
print(Child(Launch("sleeper", tuple(sys.argv[2:]), Path("/")), Path(sys.argv[1])).start().pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def child(tmp_path):
    def start(*argv):
        started.append(Child(Launch("child", argv, tmp_path), tmp_path / "child.log").start())
        return started[-1]

    started = []
    yield start
    for child in started:
        child.end(0)


def test_a_child_dies_when_its_starter_is_killed(tmp_path, gone_within):
    starter = subprocess.Popen(
        [sys.executable, "-c", STARTER, tmp_path / "log", *SLEEP], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    with starter:
        pid = int(starter.stdout.readline())
        starter.kill()
    assert gone_within([pid], 5) == []


def test_ending_a_child_ends_its_family_in_other_sessions_too(child, gone_within):
    parent = child(sys.executable, "-I", "-S", "-c", FAMILY)
    while not (family := descendants(parent.pid)):
        time.sleep(0.02)
    assert not parent.end(0)
    assert gone_within(family, 5) == []


def test_a_child_that_stops_when_asked_is_not_ended(child):
    sleeper = child(*SLEEP)
    sleeper.ask_to_stop()
    assert sleeper.end(5)
    assert sleeper.status == -signal.SIGTERM


def test_a_program_that_is_not_there_says_so_in_the_log(child):
    missing = child("/no/such/program")
    missing.end(5)
    assert "/no/such/program: No such file or directory" in missing.tail()


def test_a_child_that_ends_before_it_is_ready_is_refused_with_its_last_words(child):
    with pytest.raises(RefusedError, match=r"did not start \(status 3\)(.|\n)*last words"):
        wait_until(child("/bin/sh", "-c", "echo last words; exit 3"), lambda _pid: False)


def test_a_child_that_is_never_ready_is_given_up(child):
    with pytest.raises(RefusedError, match="was not ready after 0 s"):
        wait_until(child(*SLEEP), lambda _pid: False, seconds=0.1)


def test_a_large_log_is_put_aside(child, tmp_path):
    (tmp_path / "child.log").write_bytes(b"x" * (LARGEST_LOG + 1))
    child("/bin/true").end(5)
    assert (tmp_path / "child.old.log").stat().st_size > LARGEST_LOG


def test_a_dead_child_is_started_again_after_a_pause(child):
    kept = Kept(child("/bin/false"))
    kept.child.end(5)
    assert "ended with status 1, again in 0.5 s" in kept.look(100.0)
    assert kept.look(100.4) is None
    assert kept.look(100.6) == "child is started again"


def test_a_child_that_keeps_dying_is_started_ever_more_rarely(child):
    kept, now, pauses = Kept(child("/bin/false")), 0.0, []
    for _ in range(8):
        kept.child.end(5)
        kept.child.started = now
        kept.look(now)
        pauses.append(kept.again - now)
        now = kept.again
        kept.look(now)
    assert pauses == [0.5, 1, 2, 4, 8, 16, 30, 30]
