"""Runs one program and sees to it that nothing of it outlives the worker. Started as a script, by path, with `-I -S`.

The guard leads the session. Its standard input is a pipe that only the worker holds: end of file means that the worker is
dead, however it died. Then the program is interrupted, gets a moment, and the whole group is killed: provider plugins and
`local-exec` children as well, which PDEATHSIG would miss (it reaches one process, and is tied to the *thread* that forked).

An interrupt goes to the program alone, never to the group: one that meets Go in the middle of a fork is counted twice, and
at the second one Terraform exits at once and loses its state (seen in 9 of 60 runs). Imports stay few, since this start is
paid for every command: 7 ms.
"""

import os
import select
import signal
import sys
import time

GRACE_SECONDS = 4.0
"""What the program gets after the worker's death. Its state has nowhere to go any more, so waiting longer saves nothing."""


def _outlive(_signal: int, _frame: object) -> None:
    """Do nothing: what matters is the signal's number in the wake-up pipe."""


class _Child:
    """The program, and the pipe that tells of its end and of interrupts."""

    def __init__(self, command: list[str]) -> None:
        self._wake, waker = os.pipe()
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGINT, _outlive)
        signal.signal(signal.SIGCHLD, _outlive)
        quiet = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
        inherited = [signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ]  # Python ignores the last two
        self._pid = os.posix_spawn(command[0], command, os.environ, file_actions=quiet, setsigdef=inherited)

    def wait(self, seconds: float | None, *others: int) -> list[int]:
        """Wait for news and pass an interrupt on; gives those of the `others` that can be read."""
        readable, _, _ = select.select([self._wake, *others], [], [], seconds)
        if self._wake in readable and signal.SIGINT in os.read(self._wake, 64):
            self.interrupt()
        return [one for one in readable if one != self._wake]

    def interrupt(self) -> None:
        """The program is not reaped yet, so its number is still its own."""
        os.kill(self._pid, signal.SIGINT)

    def exit_code(self) -> int | None:
        """Its exit code, or 128 + the signal that ended it; None while it runs."""
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if not pid:
            return None
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code


def _sweep(child: _Child) -> None:
    """The worker is dead: interrupt the program, wait, kill the group, this process included."""
    child.interrupt()
    until = time.monotonic() + GRACE_SECONDS
    while child.exit_code() is None and (left := until - time.monotonic()) > 0:
        child.wait(left)
    os.killpg(0, signal.SIGKILL)


def main(command: list[str]) -> int:
    """Run `command`, whose first word is an absolute path; gives its exit code."""
    child = _Child(command)
    while True:
        orphaned = child.wait(None, 0) and not os.read(0, 64)
        code = child.exit_code()
        if code is not None:
            return code
        if orphaned:
            _sweep(child)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
