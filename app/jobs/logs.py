"""Log lines of one attempt: numbered, masked, capped, written in batches while the step runs."""

import threading
import uuid
from typing import Any

from sqlalchemy import Engine, func, insert, select

from app.models.tables import LOG
from app.outbound import Redactor

MOST_LINES = 10_000
LONGEST_LINE = 4_000
BATCH_SECONDS = 0.5


class AttemptLog:
    """Where a step writes its lines. Safe to call from several threads."""

    def __init__(self, engine: Engine, step: uuid.UUID, attempt: int, redactor: Redactor) -> None:
        self.engine, self.step, self.attempt, self.redactor = engine, step, attempt, redactor
        self._waiting: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None
        self._last: int | None = None

    def __call__(self, line: str) -> None:
        """Note one line (a text with several lines becomes several)."""
        for part in self.redactor(line).splitlines() or [""]:
            self._note(part.replace("\x00", "\ufffd")[:LONGEST_LINE])

    def flush(self) -> None:
        """Write what waits. Cost: one INSERT a batch; the first one also reads where the numbers stand."""
        with self._lock:
            batch, self._waiting = self._waiting, []
            self._timer = None
            if not batch:
                return
            with self.engine.begin() as connection:
                if self._last is None:
                    mine = (LOG.c.step_id == self.step, LOG.c.attempt_number == self.attempt)
                    self._last = connection.scalar(select(func.coalesce(func.max(LOG.c.number), 0)).where(*mine)) or 0
                rows = self._numbered(batch)
                if rows:
                    connection.execute(insert(LOG), rows)

    def close(self) -> None:
        """Write the rest."""
        if self._timer is not None:
            self._timer.cancel()
        self.flush()

    def _note(self, line: str) -> None:
        with self._lock:
            self._waiting.append({"step_id": self.step, "attempt_number": self.attempt, "line": line})
            if self._timer is None:
                self._timer = threading.Timer(BATCH_SECONDS, self.flush)
                self._timer.daemon = True
                self._timer.start()

    def _numbered(self, batch: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The batch with its numbers; past the cap one line says that the rest is missing."""
        first = (self._last or 0) + 1
        rows = [{**row, "number": first + offset} for offset, row in enumerate(batch) if first + offset <= MOST_LINES]
        if first <= MOST_LINES < first + len(batch) - 1:
            rows[-1]["line"] = f"the log ends here: more than {MOST_LINES} lines"
        self._last = first + len(batch) - 1
        return rows
