"""Running one command under its guard, with small programs of our own in the place of Terraform."""

import os
import signal
import sys
import time
from threading import Event

import pytest

from app.steps.terraform import program
from app.steps.terraform.program import Ended, Limits, Session, find


def execute(tmp_path, code, *, seconds=30.0, environment=None):
    """Run a Python program; it is told to stop when it prints `begun`."""
    lines = []
    limits = Limits(time.monotonic() + seconds, Event())

    def take(line):
        lines.append(line)
        if line == b"begun":
            limits.stopping.set()

    with Session(tmp_path, environment or {}) as session:
        return session.run([sys.executable, "-c", code], take, limits), lines


def test_each_line_is_given_without_its_end(tmp_path):
    assert execute(tmp_path, "print('one'); print(); print('two', end='')") == (Ended(0), [b"one", b"two"])


def test_the_exit_code_is_the_programs(tmp_path):
    assert execute(tmp_path, "raise SystemExit(3)")[0].code == 3


def test_a_program_that_a_signal_ended_says_which(tmp_path):
    assert execute(tmp_path, "import os; os.kill(os.getpid(), 9)")[0].code == 128 + signal.SIGKILL


def test_standard_error_is_kept_apart(tmp_path):
    ended, lines = execute(tmp_path, "import sys; print('out'); print('complaint', file=sys.stderr)")
    assert (ended.complaint, lines) == (b"complaint\n", [b"out"])


def test_only_the_end_of_a_long_complaint_is_kept(tmp_path):
    ended, _ = execute(tmp_path, "import sys; sys.stderr.write('x' * 100_000 + 'end')")
    assert len(ended.complaint) == program.TAIL_BYTES
    assert ended.complaint.endswith(b"end")


def test_a_line_beyond_the_cap_is_dropped_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(program, "LINE_BYTES", 100_000)
    assert execute(tmp_path, "print('x' * 300_000); print('short')")[1] == [b"short"]


def test_a_line_below_the_cap_arrives_whole(tmp_path):
    assert [len(line) for line in execute(tmp_path, "print('x' * 1_000_000)")[1]] == [1_000_000]


def test_the_environment_is_exactly_what_is_given(tmp_path):
    _, lines = execute(tmp_path, "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))", environment={"ONLY": "1"})
    assert lines == [b"['ONLY']"]


def test_standard_input_is_empty(tmp_path):
    assert execute(tmp_path, "import sys; print(len(sys.stdin.read()))")[1] == [b"0"]


def test_a_program_told_to_stop_is_interrupted(tmp_path):
    code = "import time\ntry: print('begun', flush=True); time.sleep(30)\nexcept KeyboardInterrupt: print('graceful')"
    assert execute(tmp_path, code) == (Ended(0, "interrupted"), [b"begun", b"graceful"])


def test_a_program_out_of_time_says_so(tmp_path):
    assert execute(tmp_path, "import time; time.sleep(30)", seconds=0.2)[0].stopped == "timeout"


def test_a_deaf_program_is_killed(tmp_path, monkeypatch):
    monkeypatch.setattr(program, "GRACE_SECONDS", 0.2)
    code = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('begun', flush=True); time.sleep(30)"
    ended, _ = execute(tmp_path, code)
    assert (ended.code, ended.stopped, ended.killed) == (-signal.SIGKILL, "interrupted", True)


def test_a_process_that_left_the_group_does_not_hold_the_step_up(tmp_path):
    code = "import os, time\nif os.fork() == 0:\n os.setsid()\n time.sleep(4)"
    begun = time.monotonic()
    execute(tmp_path, code)
    assert time.monotonic() - begun < 3


def test_commands_of_one_session_do_not_mix(tmp_path):
    lines, limits = [], Limits(time.monotonic() + 30, Event())
    with Session(tmp_path, {}) as session:
        codes = [session.run([sys.executable, "-c", f"print({n}); exit({n})"], lines.append, limits).code for n in range(4)]
    assert (codes, lines) == ([0, 1, 2, 3], [b"0", b"1", b"2", b"3"])


def test_an_interrupt_that_comes_too_late_does_not_meet_the_next_command(tmp_path):
    limits = Limits(time.monotonic() + 30, Event())
    with Session(tmp_path, {}) as session:
        session.run([sys.executable, "-c", ""], list, limits)
        os.kill(session._guard.pid, signal.SIGINT)
        assert session.run([sys.executable, "-c", "import time; time.sleep(0.2)"], list, limits) == Ended(0)


def test_a_killed_guard_takes_its_command_along(tmp_path):
    code = "import os, time; os.kill(os.getppid(), 9); time.sleep(30)"
    assert execute(tmp_path, code)[0].code == -signal.SIGKILL


@pytest.mark.parametrize("configured", ["", "  "])
def test_terraform_is_preferred_to_tofu(tmp_path, monkeypatch, configured):
    for name in ("terraform", "tofu"):
        (tmp_path / name).touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find(configured) == [str(tmp_path / "terraform")]


def test_tofu_does_where_terraform_is_not(tmp_path, monkeypatch):
    (tmp_path / "tofu").touch(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find("") == [str(tmp_path / "tofu")]


def test_what_is_configured_is_split_as_a_shell_would(tmp_path):
    (tmp_path / "a program").touch(0o755)
    assert find(f"'{tmp_path}/a program' --shim 'x y'") == [f"{tmp_path}/a program", "--shim", "x y"]


def test_what_is_configured_and_absent_is_not_replaced(monkeypatch):
    monkeypatch.setenv("PATH", os.environ["PATH"])
    assert find("/nowhere/terraform") is None
