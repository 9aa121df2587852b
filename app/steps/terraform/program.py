"""Finds the operator's `terraform` or `tofu` and runs commands of it, which can be stopped at any moment."""

import os
import selectors
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from pathlib import Path
from threading import Event
from typing import IO, Self

from app.steps.terraform.leftovers import end_all_in

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


class Session:
    """A private session of processes in which the commands of one step run, one after the other, under a guard.

    Whatever they leave behind is killed when the block ends, in the session or out of it, or when the worker dies.
    """

    def __init__(self, workdir: Path, environment: Mapping[str, str]) -> None:
        """Commands run in `workdir` and see exactly `environment`. Raises OSError when the guard cannot be started."""
        self._workdir = workdir
        self._results, results = os.pipe()
        try:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", "-S", GUARD, str(results)],
                cwd=workdir,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[results],
                start_new_session=True,
                umask=0o077,
            )
        except OSError:
            os.close(self._results)
            raise
        finally:
            os.close(results)
        self._output, self._errors = (_number(stream) for stream in (self._guard.stdout, self._guard.stderr))
        self._open = selectors.DefaultSelector()
        for number in (self._output, self._errors, self._results):
            self._open.register(number, selectors.EVENT_READ)

    def run(self, command: Sequence[str], take: Callable[[bytes], None], limits: Limits) -> Ended:
        """Run one command; each line of its standard output goes to `take`.

        When the limits are reached it is interrupted, gets GRACE_SECONDS, and is killed with all the session. A guard that
        was killed itself starts nothing any more.
        """
        reading = _Reading(take)
        stopped, until = None, float("inf")
        try:
            os.write(_number(self._guard.stdin), b"\0".join(word.encode() for word in command))
        except BrokenPipeError:
            return Ended(-signal.SIGKILL, killed=True)
        while not self._read(POLL_SECONDS, reading):
            if stopped is None and (stopped := limits.reached()):
                os.kill(self._guard.pid, signal.SIGINT)  # which passes it on, to the command alone
                until = time.monotonic() + GRACE_SECONDS
            if time.monotonic() >= until:
                return Ended(-signal.SIGKILL, stopped, killed=True, complaint=reading.complaint)
        self._drain(reading)
        return Ended(reading.code, stopped, complaint=reading.complaint)

    def _read(self, seconds: float, reading: "_Reading") -> bool:
        """Read once of what there is, waiting at most so long; says whether the command has ended."""
        ended = False
        for key, _ in self._open.select(seconds):
            chunk = os.read(key.fd, 65536)
            if key.fd == self._results:
                # Nothing to read means that the guard was killed, and the command with it, as far as we know.
                reading.code = int(chunk) if chunk else -signal.SIGKILL
                ended = True
            elif not chunk:
                self._open.unregister(key.fd)
            elif key.fd == self._output:
                reading.lines.feed(chunk)
            else:
                reading.complaint = (reading.complaint + chunk)[-TAIL_BYTES:]
        return ended

    def _drain(self, reading: "_Reading") -> None:
        """Read what the command had written when it ended. Bounded: what it left in the background may write on."""
        until = time.monotonic() + DRAIN_SECONDS
        while self._open.select(0) and time.monotonic() < until and not self._read(0, reading):
            pass
        reading.lines.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # The guard is not reaped before, so its number cannot mean somebody else's group.
        os.killpg(self._guard.pid, signal.SIGKILL)
        with self._guard:
            self._open.close()
            os.close(self._results)
        end_all_in(self._workdir)


@dataclass(slots=True)
class _Reading:
    """What has been read of one command."""

    take: InitVar[Callable[[bytes], None]]
    lines: _Lines = field(init=False)
    complaint: bytes = b""
    code: int = 0

    def __post_init__(self, take: Callable[[bytes], None]) -> None:
        self.lines = _Lines(take)


def _number(stream: IO[bytes] | None) -> int:
    assert stream is not None, "every stream of the guard is a pipe"
    return stream.fileno()
