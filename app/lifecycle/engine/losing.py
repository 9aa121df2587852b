"""Taking back a step whose worker died or lost its way: unknown until somebody has looked, and a person's after three times."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, update

from app.core.outcomes import Indeterminate
from app.core.statuses import Activity, AttemptStatus, StepStatus
from app.core.step_params import may_repeat
from app.lifecycle import write
from app.lifecycle.engine import adopting, asking
from app.lifecycle.engine.progress import FREE, POISON, Tools
from app.lifecycle.engine.settle import settle
from app.models.tables import ATTEMPT, STEP


def lost_lease(connection: Connection, step: uuid.UUID, request: uuid.UUID, tools: Tools) -> int | None:
    """Take back a step whose lease ran out: a run is to be probed, whatever else it was is done again.

    Answers how many steps became claimable, or None when somebody was faster or the lease lives after all.
    """
    with write.change(connection, request, "system") as change:
        expired = func.coalesce(STEP.c.lease_until, STEP.c.claimed_at) < func.clock_timestamp()
        row = connection.execute(
            STEP.select().where(STEP.c.id == step, STEP.c.status == StepStatus.RUNNING, expired)
        ).one_or_none()
        if row is None:
            return None
        lost = _Lost(change, row, tools)
        if not lost.taken_back():
            return None
        return 1 + settle(change, lost.scopes)


class _Lost:
    """One step without a worker. Each way answers False when somebody was faster."""

    def __init__(self, change: write.Change, row: Row[Any], tools: Tools) -> None:
        self.change, self.row = change, row
        self.scopes = tools.scopes(change.connection, change.request)
        self.losses = row.losses + 1

    def taken_back(self) -> bool:
        """Whatever it was."""
        match Activity(self.row.activity):
            case Activity.UNDO:
                return self.undo()
            case Activity.ADOPT:
                return self.adoption()
            case _:
                return self.call()

    def adoption(self) -> bool:
        """Taken over by the next worker: what is imported already is found so. After three the person hears of it."""
        if self.losses < POISON:
            return self._move(StepStatus.WAITING, quiet=True, check_after=self.change.now) is not None
        seen = _last_seen(self.row, self.losses)
        error = {"type": "worker_lost", "message": f"It could not be done: {seen['what']}.", "details": seen}
        return adopting.give_back(self.change, self.row, error, **FREE) is not None

    def call(self) -> bool:
        """A run, a poll or a probe."""
        polled = self.row.activity == Activity.POLL
        hopeless = self.losses >= POISON or (polled and _too_late(self.row, self.change.now))
        if polled and not hopeless:
            return self._move(StepStatus.WAITING, quiet=True, check_after=self.change.now) is not None
        moved = self._move(
            StepStatus.INDETERMINATE,
            quiet=self.row.activity == Activity.PROBE and not hopeless,
            activity=Activity.PROBE,
            check_after=None if hopeless else self.change.now,
        )
        if moved is None:
            return False
        evidence = self._note_evidence()
        if hopeless:
            asking.open_for(self.change, moved, asking.Work.unknown(evidence, None), self.scopes)
        return True

    def undo(self) -> bool:
        """Undone again where that is harmless, or where it only had to be looked at; else a person finds out."""
        config = self.row.step_config
        harmless = bool(self.row.handle) or config.get("undo") == "own" or may_repeat(config.get("rollback"))
        again = harmless and self.losses < POISON
        moved = self._move(StepStatus.WAITING, quiet=True, check_after=self.change.now if again else None)
        if moved is not None and not again:
            work = asking.Work.undo(self.row, Indeterminate(_last_seen(self.row, self.losses)))
            asking.open_for(self.change, moved, work, self.scopes)
        return moved is not None

    def _move(self, target: StepStatus, *, quiet: bool, **values: Any) -> Row[Any] | None:
        values = {"losses": self.losses, **FREE, **values}
        return self.change.move_step(self.row.id, target, StepStatus.RUNNING, quiet=quiet, token=self.row.lease_token, **values)

    def _note_evidence(self) -> dict[str, Any]:
        """Keep with the attempt what is known: who had made the call, and how it was lost last."""
        mine = (ATTEMPT.c.step_id == self.row.id, ATTEMPT.c.attempt_number == self.row.attempt)
        before = self.change.connection.execute(ATTEMPT.select().where(*mine)).one_or_none()
        seen = _last_seen(self.row, self.losses)
        evidence = {**seen, **((before.evidence if before is not None else None) or {}), "what": seen["what"]}
        ended = {"status": AttemptStatus.INDETERMINATE, "completed_at": func.clock_timestamp()}
        self.change.connection.execute(update(ATTEMPT).where(*mine).values(evidence=evidence, **ended))
        return evidence


def _too_late(row: Row[Any], now: datetime) -> bool:
    return row.deadline is not None and bool(row.deadline <= now)


WHAT = {
    Activity.RUN: "the worker died or lost its way between the call and its answer",
    Activity.POLL: "the worker died or lost its way while it looked at what goes on outside",
    Activity.PROBE: "the worker died or lost its way while it found out what had become of the call",
    Activity.UNDO: "the worker died or lost its way while it undid the step",
    Activity.ADOPT: "the worker died or lost its way while it took over what a person had made",
}


def _last_seen(row: Row[Any], losses: int) -> dict[str, Any]:
    seen = {"worker": row.claimed_by, "claimed_at": row.claimed_at.isoformat()}
    times = f", {losses} times in a row" if losses > 1 else ""
    seen["what"] = WHAT[Activity(row.activity)] + times
    if row.activity == Activity.POLL:
        seen |= {"external_id": row.external_id, "handle": row.handle}
    return seen
