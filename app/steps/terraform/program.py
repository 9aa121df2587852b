"""Finds the operator's `terraform` or `tofu` and runs one command of it, which can be stopped at any moment."""

import os
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event

GUARD = str(Path(__file__).with_name("guard.py"))
GRACE_SECONDS = 20.0
"""What an interrupted command gets to finish the resource it is at and to save its state, before it is killed."""
POLL_SECONDS = 0.2
DRAIN_SECONDS = 1.0
LINE_BYTES = 64 * 1024 * 1024
"""Longest line that is kept: `show -json` is one line that holds the whole state."""
TAIL_BYTES = 8 * 1024


def find(configured: str) -> list[str] | None:
    """The program as the first words of a command: what is configured (split as a shell would), else from PATH, else None."""
    try:
        words = shlex.split(configured)
    except ValueError:
        return None
    names = words[:1] or ["terraform", "tofu"]
    found = next(filter(None, map(shutil.which, names)), None)
    return None if found is None else [str(Path(found).absolute()), *words[1:]]


@dataclass(frozen=True, slots=True)
class Limits:
    """When a command has to stop: at `deadline` (of `time.monotonic`), or when `stopping` is set."""

    deadline: float
    stopping: Event

    def reached(self) -> str | None:
        """`interrupted`, `timeout`, or None while the command may go on."""
        if self.stopping.is_set():
            return "interrupted"
        return "timeout" if time.monotonic() >= self.deadline else None


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended. stopped: why it was told to (see Limits), or None. complaint: the end of its standard error, raw."""

    code: int
    stopped: str | None = None
    killed: bool = False
    complaint: bytes = b""


class _Lines:
    """Cuts chunks into lines, each given to `take` without its end. A line beyond LINE_BYTES is dropped whole."""

    def __init__(self, take: Callable[[bytes], None]) -> None:
        self._take = take
        self._rest = bytearray()
        self._dropping = False

    def feed(self, chunk: bytes) -> None:
        *whole, rest = chunk.split(b"\n")
        for part in whole:
            self._append(part)
            self.end()
        self._append(rest)

    def end(self) -> None:
        if self._rest and not self._dropping:
            self._take(bytes(self._rest))
        self._rest.clear()
        self._dropping = False

    def _append(self, part: bytes) -> None:
        self._dropping = self._dropping or len(self._rest) + len(part) > LINE_BYTES
        if not self._dropping:
            self._rest += part


class _Command:
    """One running command: its guard, and what has been read of it."""

    def __init__(self, process: subprocess.Popen[bytes], take: Callable[[bytes], None]) -> None:
        self._process = process
        self._lines = _Lines(take)
        self._complaint = b""
        self._open = selectors.DefaultSelector()
        for stream in (process.stdout, process.stderr):
            assert stream is not None
            self._open.register(stream, selectors.EVENT_READ)

    def follow(self, limits: Limits) -> Ended:
        """Read until the command ends, or is ended by the limits."""
        stopped, until = None, float("inf")
        while (code := self._exit_code()) is None:
            self._read(POLL_SECONDS)
            if stopped is None and (stopped := limits.reached()):
                os.kill(self._process.pid, signal.SIGINT)  # the guard passes it on, to the program alone
                until = time.monotonic() + GRACE_SECONDS
            if time.monotonic() >= until:
                return Ended(-signal.SIGKILL, stopped, killed=True, complaint=self._complaint)
        self._drain()
        return Ended(code, stopped, complaint=self._complaint)

    def close(self) -> None:
        """Kill what is left of the group. The guard is not reaped before, so its number cannot mean somebody else."""
        self._kill()
        self._open.close()

    def _exit_code(self) -> int | None:
        ended = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return None
        return ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status

    def _drain(self) -> None:
        """Read what was still in the pipes. Bounded: a process that left the group may hold them open and write on."""
        self._kill()
        until = time.monotonic() + DRAIN_SECONDS
        while self._read(0) and time.monotonic() < until:
            pass
        self._lines.end()

    def _kill(self) -> None:
        os.killpg(self._process.pid, signal.SIGKILL)

    def _read(self, seconds: float) -> bool:
        """Read once of what there is, waiting at most so long; says whether there was something."""
        if not self._open.get_map():
            # Both ends were closed: the guard is about to exit.
            time.sleep(min(seconds, 0.002))
            return False
        ready = self._open.select(seconds)
        for key, _ in ready:
            chunk = os.read(key.fd, 65536)
            if not chunk:
                self._open.unregister(key.fileobj)
            elif key.fileobj is self._process.stdout:
                self._lines.feed(chunk)
            else:
                self._complaint = (self._complaint + chunk)[-TAIL_BYTES:]
        return bool(ready)


def run(
    command: Sequence[str], workdir: Path, environment: Mapping[str, str], take: Callable[[bytes], None], limits: Limits
) -> Ended:
    """Run one command in `workdir` under exactly `environment`; each line of its standard output goes to `take`.

    When the limits are reached the command is interrupted, gets GRACE_SECONDS, and its process group is killed. Whatever it
    leaves behind in its group is killed when it ends. Raises OSError when the guard cannot be started.
    """
    with subprocess.Popen(
        [sys.executable, "-I", "-S", GUARD, *command],
        cwd=workdir,
        env=dict(environment),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        umask=0o077,
    ) as process:
        following = _Command(process, take)
        try:
            return following.follow(limits)
        finally:
            following.close()
