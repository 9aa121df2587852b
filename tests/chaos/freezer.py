"""Stops workers in the middle of a call, until somebody else makes the same call: then both are at it at once."""

import os
import signal
import threading
import time
from contextlib import suppress

from tests.chaos.outside import UNDO
from tests.chaos.stack import LEASE_SECONDS, Stack

THAW_SECONDS = 6.0
"""How long after its lease a worker stands still at most."""
BOTH_SECONDS = 2.5
"""How long the second call is held while the first worker, let go on, does what it will: less than a call may take."""


class Freezer:
    """Listens to the calls that come outside (`called`) and freezes `times` of their workers, one after the other."""

    def __init__(self, stack: Stack, times: int) -> None:
        self.stack, self.left, self.left_over = stack, times, 0
        self._frozen: tuple[str, int, float] | None = None
        self._lock = threading.Lock()

    def called(self, path: str, key: str) -> None:
        """A call came: freeze who made it, or let go on who made it before, while this call waits for its answer."""
        with self._lock:
            again = self._frozen is not None and self._frozen[0] == key
            if again:
                self._thaw()
            elif self._frozen is None and self.left > 0 and path.startswith("/many/") and UNDO not in path:
                self._freeze(key)
        if again:
            self._await_a_move(key)

    def is_over(self) -> bool:
        """Whether all have been frozen and gone on. Lets go on whoever nobody took over from."""
        with self._lock:
            if self._frozen is not None and time.monotonic() > self._frozen[2]:
                self._thaw()
            return self._frozen is None and self.left == 0

    def thaw_all(self) -> None:
        """Let everybody go on."""
        with self._lock:
            self.left_over, self.left = self.left, 0
            self._thaw()

    def _freeze(self, key: str) -> None:
        pid = self.stack.holder_of(key)
        if pid is None:
            return
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGSTOP)
            self.left -= 1
            self._frozen = (key, pid, time.monotonic() + LEASE_SECONDS + THAW_SECONDS)

    def _await_a_move(self, key: str) -> None:
        """Wait until the step is no longer held by who calls: only a broken engine moves it meanwhile."""
        holder, until = self.stack.holder_of(key), time.monotonic() + BOTH_SECONDS
        while time.monotonic() < until and self.stack.holder_of(key) == holder:
            time.sleep(0.1)

    def _thaw(self) -> None:
        if self._frozen is not None:
            with suppress(ProcessLookupError):
                os.kill(self._frozen[1], signal.SIGCONT)
            self._frozen = None
