"""Leader and followers: of a worker's threads one at a time looks for work, and hands the lead on when its step takes long.

Threads that all look at once would only skip one another's rows and fight for the interpreter. Steps that end at once are done
by one thread, in a row; as soon as one takes longer, the next thread goes on looking. When no thread is left, another worker is
rung for.

What a step of a type took last time is expected of the next one: whoever begins one that took long hands the lead on at once,
and what ended at once is watched at leisure.
"""

import threading
import time
from collections.abc import Callable, Hashable

PATIENCE_SECONDS = 0.0008
"""How long a step may take before another thread looks for work beside it."""
LOOK_SECONDS = 0.0005
"""Pause between two looks at how long it takes, where nobody knows how long such steps take."""
EASY_SECONDS = 0.005
"""The same, where the last one of its type ended at once."""


class Lead:
    """Who of a worker's threads leads. Threads name themselves by an object of their own."""

    def __init__(self, all_busy: Callable[[], object]) -> None:
        """all_busy: called when a step takes long and no thread waits to go on looking."""
        self._all_busy = all_busy
        self._vacant = threading.Condition()
        self._holder: object | None = None
        self._since: float | None = None
        self._pause = LOOK_SECONDS
        self._was_long: dict[Hashable, bool] = {}
        self._waiting = 0
        self._nobody_there = False
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

    def begins(self, who: object, kind: Hashable) -> None:
        """Whoever leads begins a step of a kind: the lead may pass on from now on, at once if such steps take long."""
        if self._holder is not who:
            return
        was_long = self._was_long.get(kind)
        if was_long:
            self._hand_on()
            return
        self._pause = LOOK_SECONDS if was_long is None else EASY_SECONDS
        self._since = time.monotonic()
        self._works.set()

    def learns(self, kind: Hashable, seconds: float) -> None:
        """A step of a kind took so long."""
        self._was_long[kind] = seconds > PATIENCE_SECONDS

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

    def _hand_on(self) -> None:
        """Pass the lead on now. Where nobody waits for it the usher says so: whoever begins a step has no time for Redis."""
        with self._vacant:
            self._pass_on()
            if self._waiting == 0:
                self._nobody_there, self._pause = True, LOOK_SECONDS
                self._works.set()

    def _usher_on(self) -> None:
        while not self._closed:
            self._works.wait()
            time.sleep(self._pause)
            self._works.clear()  # before the look: whoever begins after it sets it again
            if self._look():
                self._all_busy()

    def _look(self) -> bool:
        """Pass the lead on when its holder's step takes long; whether nobody was there to take it."""
        with self._vacant:
            nobody, self._nobody_there = self._nobody_there, False
            if self._since is None:
                return nobody
            if time.monotonic() - self._since < PATIENCE_SECONDS:
                self._works.set()
                return nobody
            self._pass_on()
            return nobody or self._waiting == 0
