"""Log lines of one attempt: numbered, masked, capped, written in batches while the step runs."""

import logging
import threading
import uuid
from typing import Any

from sqlalchemy import Engine, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from app.models.tables import LOG
from app.outbound import Redactor

log = logging.getLogger(__name__)
MOST_LINES = 10_000
LONGEST_LINE = 4_000
BATCH_SECONDS = 0.5
MOST_TRIES = 240
"""How often lines are tried to be written while PostgreSQL does not answer: two minutes, then they are given up."""


class AttemptLog:
    """Where a step writes its lines. Safe to call from several threads; never raises, and never waits for PostgreSQL."""

    def __init__(self, engine: Engine, step: uuid.UUID, attempt: int, redactor: Redactor) -> None:
        self.engine, self.step, self.attempt, self.redactor = engine, step, attempt, redactor
        self._waiting: list[str] = []
        self._noted = self._misses = 0
        self._lock = threading.Lock()
        self._writing = threading.Lock()
        self._timer: threading.Timer | None = None
        self._last: int | None = None

    def __call__(self, line: str) -> None:
        """Note one line (a text with several lines becomes several)."""
        for part in self.redactor(line).splitlines() or [""]:
            self._note(part.replace("\x00", "\ufffd")[:LONGEST_LINE])

    def flush(self) -> None:
        """Write what waits. Cost: one INSERT a batch; the first one also reads where the numbers stand.

        What PostgreSQL does not take waits for the next time: a log that cannot be written is no reason to break a step off.
        """
        with self._writing:
            with self._lock:
                batch, self._waiting, self._timer = self._waiting, [], None
            if batch:
                self._try(batch)

    def close(self) -> None:
        """Write the rest."""
        with self._lock:
            if self._timer is not None:
                self._timer.cancel()
        self.flush()

    def _note(self, line: str) -> None:
        with self._lock:
            self._noted += 1
            if self._noted <= MOST_LINES + 1:  # One more than is kept tells that some are missing.
                self._waiting.append(line)
                self._arm()

    def _arm(self) -> None:
        if self._timer is None:
            self._timer = threading.Timer(BATCH_SECONDS, self.flush)
            self._timer.daemon = True
            self._timer.start()

    def _try(self, batch: list[str]) -> None:
        try:
            self._write(batch)
            self._misses = 0
        except SQLAlchemyError as error:
            self._misses += 1
            self._last = None
            log.warning("log lines not written", extra={"lines": len(batch), "error": type(error).__name__})
            if self._misses < MOST_TRIES:
                with self._lock:
                    self._waiting = batch + self._waiting
                    self._arm()

    def _write(self, batch: list[str]) -> None:
        with self.engine.begin() as connection:
            if self._last is None:
                mine = (LOG.c.step_id == self.step, LOG.c.attempt_number == self.attempt)
                self._last = connection.scalar(select(func.coalesce(func.max(LOG.c.number), 0)).where(*mine)) or 0
            rows = self._numbered(batch, self._last + 1)
            if rows:
                connection.execute(insert(LOG), rows)
        self._last += len(batch)

    def _numbered(self, batch: list[str], first: int) -> list[dict[str, Any]]:
        """The batch with its numbers; the line past the cap says that the rest is missing."""
        ends = f"the log ends here: more than {MOST_LINES} lines"
        return [
            {
                "step_id": self.step,
                "attempt_number": self.attempt,
                "number": number,
                "line": line if number <= MOST_LINES else ends,
            }
            for number, line in enumerate(batch, first)
            if number <= MOST_LINES + 1
        ]
