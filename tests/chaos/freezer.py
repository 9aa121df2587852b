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


class Freezer:
    """Listens to the calls that come outside (`called`) and freezes `times` of their workers, one after the other."""

    def __init__(self, stack: Stack, times: int) -> None:
        self.stack, self.left, self.left_over = stack, times, 0
        self._frozen: tuple[str, int, float] | None = None
        self._lock = threading.Lock()

    def called(self, path: str, key: str) -> None:
        """A call came: freeze who made it, or let go on who made it before."""
        with self._lock:
            if self._frozen is not None:
                if self._frozen[0] == key:
                    self._thaw()
            elif self.left > 0 and path.startswith("/many/") and UNDO not in path:
                self._freeze(key)

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

    def _thaw(self) -> None:
        if self._frozen is not None:
            with suppress(ProcessLookupError):
                os.kill(self._frozen[1], signal.SIGCONT)
            self._frozen = None
