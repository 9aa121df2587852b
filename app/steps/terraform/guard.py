"""Runs the commands of one step, one after the other, and sees to it that nothing of them outlives the worker.

Started as a script, by path, with `-I -S` and one argument: the file descriptor that takes exit codes, a line each. A command
comes on standard input, its words joined by NUL, its first one an absolute path; the next one comes after the exit code.

The guard leads the session. Its standard input is a pipe that only the worker holds: end of file means that the step is over
or the worker dead, however it died. Then the running command is interrupted, gets a moment, and the whole group is killed:
provider plugins and `local-exec` children as well, which PDEATHSIG would miss (it reaches one process, and is tied to the
*thread* that forked).

An interrupt goes to the command alone, never to the group: one that meets Go in the middle of a fork is counted twice, and at
the second one Terraform exits at once and loses its state (seen in 9 of 60 runs). Imports stay few: this starts in 7 ms.
"""

import os
import select
import signal
import sys
import time

GRACE_SECONDS = 4.0
"""What a command gets after the worker's death. Its state has nowhere to go any more, so waiting longer saves nothing."""
INPUT = 0


def _outlive(_signal: int, _frame: object) -> None:
    """Do nothing: what matters is the signal's number in the wake-up pipe."""


class _Guard:
    """The command that runs, if one does, and the pipe that tells of its end and of interrupts."""

    def __init__(self, results: int) -> None:
        self._results = results
        self._child = 0
        os.set_inheritable(results, False)
        self._wake, waker = os.pipe()
        os.set_blocking(self._wake, False)
        os.set_blocking(waker, False)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGINT, _outlive)
        signal.signal(signal.SIGCHLD, _outlive)

    def serve(self) -> None:
        """Run what is asked until nobody can ask any more."""
        while True:
            readable, _, _ = select.select([INPUT, self._wake], [], [])
            if self._wake in readable:
                self._heed()
            if INPUT in readable:
                command = os.read(INPUT, 65536)
                if not command:
                    break
                self._start(command.split(b"\0"))
        self._end()

    def _start(self, command: list[bytes]) -> None:
        self._heed()  # an interrupt that came too late for the last command is not meant for this one
        quiet = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
        inherited = [signal.SIGINT, signal.SIGPIPE, signal.SIGXFSZ]  # Python ignores the last two
        self._child = os.posix_spawn(command[0], command, os.environ, file_actions=quiet, setsigdef=inherited)

    def _heed(self) -> None:
        """Pass an interrupt on; tell the exit code of a command that ended. Until then its number is its own."""
        try:
            numbers = os.read(self._wake, 64)
        except BlockingIOError:
            return
        if self._child and signal.SIGINT in numbers:
            os.kill(self._child, signal.SIGINT)
        if self._child and (code := self._exit_code()) is not None:
            self._child = 0
            os.write(self._results, b"%d\n" % code)

    def _exit_code(self) -> int | None:
        """Its exit code, or 128 + the signal that ended it; None while it runs."""
        pid, status = os.waitpid(self._child, os.WNOHANG)
        if not pid:
            return None
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code

    def _end(self) -> None:
        """Interrupt what runs, wait, kill the group, this process included."""
        if self._child:
            os.kill(self._child, signal.SIGINT)
            until = time.monotonic() + GRACE_SECONDS
            while self._exit_code() is None and (left := until - time.monotonic()) > 0:
                select.select([self._wake], [], [], min(left, 0.1))
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    _Guard(int(sys.argv[1])).serve()
