"""Leader and followers: of a worker's threads one at a time looks for work, and hands the lead on when its step takes long.

Threads that all look at once would only skip one another's rows and fight for the interpreter. Steps that end at once are done
by one thread, in a row; as soon as one takes longer, the next thread goes on looking. When no thread is left, another worker is
rung for.
"""

import threading
import time
from collections.abc import Callable

PATIENCE_SECONDS = 0.0008
"""How long a step may take before another thread looks for work beside it."""
LOOK_SECONDS = 0.0005
"""Pause between two looks at how long it takes."""


class Lead:
    """Who of a worker's threads leads. Threads name themselves by an object of their own."""

    def __init__(self, all_busy: Callable[[], object]) -> None:
        """all_busy: called when a step takes long and no thread waits to go on looking."""
        self._all_busy = all_busy
        self._vacant = threading.Condition()
        self._holder: object | None = None
        self._since: float | None = None
        self._waiting = 0
        self._works = threading.Event()
        self._closed = False
        self._usher = threading.Thread(target=self._usher_on, name="usher", daemon=True)
        self._usher.start()

    def take(self, who: object, seconds: float) -> bool:
        """Wait for the lead; False when somebody else still has it after so long."""
        with self._vacant:
            if self._holder is not who:
                self._waiting += 1
                self._vacant.wait_for(lambda: self._holder is None, seconds)
                self._waiting -= 1
                self._holder = self._holder or who
            return self._holder is who

    def begins(self, who: object) -> None:
        """Whoever leads begins a step: from now on the lead may pass on."""
        if self._holder is who:
            self._since = time.monotonic()
            self._works.set()

    def ended(self, who: object) -> bool:
        """A step has ended; whether the one who did it leads, still or again."""
        with self._vacant:
            if self._holder is who:
                self._since = None
            self._holder = self._holder or who
            return self._holder is who

    def leave(self, who: object) -> None:
        """Give the lead back, if `who` has it."""
        with self._vacant:
            if self._holder is who:
                self._pass_on()

    def close(self) -> None:
        """End the thread that passes the lead on."""
        self._closed = True
        self._works.set()
        self._usher.join()

    def _pass_on(self) -> None:
        self._holder = self._since = None
        self._vacant.notify()

    def _usher_on(self) -> None:
        while not self._closed:
            self._works.wait()
            time.sleep(LOOK_SECONDS)
            self._works.clear()  # before the look: whoever begins after it sets it again
            if self._look():
                self._all_busy()

    def _look(self) -> bool:
        """Pass the lead on when its holder's step takes long; whether nobody was there to take it."""
        with self._vacant:
            if self._since is None:
                return False
            if time.monotonic() - self._since < PATIENCE_SECONDS:
                self._works.set()
                return False
            self._pass_on()
            return self._waiting == 0
