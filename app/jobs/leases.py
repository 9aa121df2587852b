"""Heartbeats: one thread a worker lengthens the leases of everything it runs, on a connection of its own.

A step whose lease is gone is told to stop. One that does not stop, or a heartbeat that cannot be given three times in a row,
ends the process hard: it must not go on with what somebody else may have taken over. The supervisor starts it again.
"""

import logging
import os
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import Engine, func, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError

from app.lifecycle.engine import claims
from app.models.tables import WORKER

log = logging.getLogger(__name__)
MISSES = 3
GRACE_SECONDS = 30.0
EXIT_CODE = 70


@dataclass(slots=True)
class Held:
    """One lease that this worker holds, from the claim to the record. `stopping` is set when the step must end.

    stoppable: whether a request that is being cancelled ends it: a run, but not one who only looks or who undoes.
    """

    token: uuid.UUID
    stoppable: bool = True
    running: bool = True
    stopping: threading.Event = field(default_factory=threading.Event)
    lost_at: float | None = None


class Leases:
    """The leases of one worker and the thread that keeps them alive.

    engine: one of its own, so that no heartbeat ever waits until a step gives a connection back.
    """

    def __init__(
        self, engine: Engine, claimant: claims.Claimant, threads: int, exit_hard: Callable[[int], None] = os._exit
    ) -> None:
        self.engine, self.claimant, self.threads, self.exit_hard = engine, claimant, threads, exit_hard
        self._held: dict[uuid.UUID, Held] = {}
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._misses = 0
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)

    def start(self) -> None:
        """Say that this worker is there, and go on saying it."""
        self._beat()
        self._thread.start()

    def stop(self) -> None:
        """Stop the thread and say that this worker is gone."""
        self._ended.set()
        self._thread.join(timeout=5)
        try:
            with self.engine.begin() as connection:
                connection.execute(
                    update(WORKER).where(WORKER.c.name == self.claimant.worker).values(stopped_at=func.clock_timestamp())
                )
        except SQLAlchemyError as error:
            log.warning("could not say goodbye", extra={"worker": self.claimant.worker, "error": str(error)})
        self.engine.dispose()

    def take(self, token: uuid.UUID, *, stoppable: bool = True) -> Held:
        """Keep one lease alive from now on."""
        held = Held(token, stoppable)
        with self._lock:
            self._held[token] = held
        return held

    def drop(self, token: uuid.UUID) -> None:
        """Let a lease go: what was done under it is recorded, or given up."""
        with self._lock:
            self._held.pop(token, None)

    def stop_all(self) -> None:
        """Tell every running step to end: the worker is told to go."""
        for held in self._snapshot():
            held.stopping.set()

    @property
    def busy(self) -> int:
        """How many steps run now."""
        return len(self._held)

    def _snapshot(self) -> list[Held]:
        with self._lock:
            return list(self._held.values())

    def _beat_on(self) -> None:
        pause = self.claimant.lease.total_seconds() / 3
        while not self._ended.wait(min(pause, 5.0)):
            self._beat()

    def _beat(self) -> None:
        held = self._snapshot()
        try:
            alive = self._extend([one.token for one in held])
        except SQLAlchemyError as error:
            self._misses += 1
            log.warning("heartbeat missed", extra={"worker": self.claimant.worker, "misses": self._misses, "error": str(error)})
            alive = {} if self._misses >= MISSES else {one.token: False for one in held}
        else:
            self._misses = 0
        for one in held:
            if one.token not in alive:
                self._lose(one)
            elif alive[one.token] and one.stoppable:
                one.stopping.set()  # Its request is being cancelled; the lease stays ours until it has ended.

    def _extend(self, tokens: list[uuid.UUID]) -> dict[uuid.UUID, bool]:
        with self.engine.begin() as connection:
            # A lost heartbeat costs nothing, unlike a lost claim: no need to wait for the disk.
            connection.execute(text("SET LOCAL synchronous_commit = off"))
            row = {"name": self.claimant.worker, "threads": self.threads}
            connection.execute(
                insert(WORKER)
                .values(**row)
                .on_conflict_do_update(index_elements=["name"], set_={"seen_at": func.clock_timestamp(), "stopped_at": None})
            )
            return claims.extend(connection, tokens, self.claimant.lease)

    def _lose(self, held: Held) -> None:
        with self._lock:
            if held.token not in self._held:
                return  # It has ended in the meantime: nothing was lost.
        now = time.monotonic()
        if held.lost_at is None:
            log.error("lease lost, the step is told to stop", extra={"token": str(held.token)})
            held.lost_at = now
            held.stopping.set()
        elif held.running and now - held.lost_at > GRACE_SECONDS:
            log.critical("a step without lease does not stop: this worker ends", extra={"token": str(held.token)})
            self.exit_hard(EXIT_CODE)
