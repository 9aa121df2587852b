"""Recording: the third act of a step. What it came to, its children, ticket and request in one transaction, or not at all.

Everything is guarded by the fencing token of the claim. A worker that lost its lease changes nothing; what it wanted to say
is kept with the attempt for people to read.
"""

import json
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, func, update

from app.core.outcomes import Done, Failed, Indeterminate, NeedsHuman, Outcome, Waiting
from app.core.retry import decide
from app.core.statuses import Activity, AttemptStatus, StepStatus
from app.lifecycle import tickets, write
from app.lifecycle.claims import Claim
from app.lifecycle.scopes import Scopes, secret_cell
from app.lifecycle.settle import settle
from app.models.tables import ATTEMPT, STEP

POISON = 3
"""How often looking at something may take its worker with it before a person looks instead."""
FREE: Mapping[str, Any] = {"lease_token": None, "lease_until": None, "claimed_by": None}


ATTEMPTS: Mapping[type[Outcome], AttemptStatus] = {
    Done: AttemptStatus.COMPLETED,
    Waiting: AttemptStatus.WAITING,
    NeedsHuman: AttemptStatus.WAITING,
    Failed: AttemptStatus.FAILED,
    Indeterminate: AttemptStatus.INDETERMINATE,
}
"""What an attempt is called after its outcome."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a worker brings back from a step.

    inputs: the rendered template, masked, or None where it could not be rendered. checks: what verification saw.
    """

    outcome: Outcome
    inputs: Mapping[str, Any] | None = None
    checks: Sequence[Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class Tools:
    """What recording needs besides the database: `scopes` of a request, and a roll of the dice for retries, in [0, 1)."""

    scopes: Callable[[Connection, Row[Any]], Scopes]
    roll: Callable[[], float]


def record(connection: Connection, claim: Claim, result: Result, tools: Tools) -> int | None:
    """Record the result of a claim; answers how many steps became ready, or None when the claim was not ours any more.

    The caller commits.
    """
    with write.change(connection, claim.request.id, f"worker:{claim.step.claimed_by}") as change:
        recorder = _Recorder(change, claim, result, tools.scopes(connection, change.request))
        if not recorder.write(tools.roll):
            _keep_late(connection, claim, result)
            return None
        return settle(change, recorder.scopes)


class _Recorder:
    """One result on its way into the rows."""

    def __init__(self, change: write.Change, claim: Claim, result: Result, scopes: Scopes) -> None:
        self.change, self.claim, self.result, self.scopes = change, claim, result, scopes
        self.step = claim.step

    def write(self, roll: Callable[[], float]) -> bool:
        """Write the outcome; False when the token was stale."""
        match self._timed(self.result.outcome):
            case Done() as outcome:
                return self._done(outcome)
            case Waiting() as outcome:
                return self._waiting(outcome)
            case NeedsHuman() as outcome:
                return self._needs_human(outcome)
            case Failed() as outcome:
                return self._failed(outcome, roll())
            case Indeterminate() as outcome:
                return self._indeterminate(outcome)

    def _timed(self, outcome: Outcome) -> Outcome:
        """A wait ends with the step's deadline: it is looked at once more then, and has failed after that."""
        left = self.step.deadline - self.change.now if self.step.deadline else None
        if left is None or not isinstance(outcome, Waiting):
            return outcome
        if left.total_seconds() <= 0:
            message = f"nothing came back before {self.step.deadline:%H:%M:%S %Z}"
            return Failed(message, kind="timeout", retryable=False)
        return replace(outcome, check_after=min(outcome.check_after, left))

    def _move(self, target: StepStatus, **values: Any) -> Row[Any] | None:
        return self.change.move_step(self.step.id, target, StepStatus.RUNNING, token=self.claim.token, **FREE, **values)

    def _attempt(self, status: AttemptStatus, **values: Any) -> None:
        ended = {} if status == AttemptStatus.WAITING else {"completed_at": func.clock_timestamp()}
        if self.result.inputs is not None:
            values["inputs"] = dict(self.result.inputs)
        self.change.connection.execute(
            update(ATTEMPT)
            .where(ATTEMPT.c.step_id == self.step.id, ATTEMPT.c.attempt_number == self.step.attempt)
            .values(status=status, **ended, **values)
        )

    def _done(self, outcome: Done) -> bool:
        open_outputs = {name: value for name, value in outcome.outputs.items() if name not in outcome.sensitive}
        moved = self._move(
            StepStatus.COMPLETED,
            completed_at=func.clock_timestamp(),
            outputs=open_outputs,
            secret_outputs=self._sealed(outcome),
            sensitive_outputs=sorted(outcome.sensitive & outcome.outputs.keys()),
            external_id=outcome.external_id or self.step.external_id,
            tracking_url=outcome.tracking_url or self.step.tracking_url,
            verification=self._checks(),
            managed_by="automation",
            handle={},
            error=None,
        )
        if moved is not None:
            self._attempt(AttemptStatus.COMPLETED, external_id=outcome.external_id or self.step.external_id)
        return moved is not None

    def _sealed(self, outcome: Done) -> bytes | None:
        secret = {name: outcome.outputs[name] for name in outcome.sensitive if name in outcome.outputs}
        return self.scopes.vault.encrypt(json.dumps(secret).encode(), secret_cell(self.step.id)) if secret else None

    def _checks(self) -> list[Any] | None:
        return None if self.result.checks is None else [dict(check) for check in self.result.checks]

    def _waiting(self, outcome: Waiting) -> bool:
        moved = self._move(
            StepStatus.WAITING,
            quiet=self.claim.activity == Activity.POLL,
            activity=Activity.POLL,
            handle=dict(outcome.handle),
            check_after=func.clock_timestamp() + outcome.check_after,
            losses=0,
            external_id=outcome.external_id or self.step.external_id,
            tracking_url=outcome.tracking_url or self.step.tracking_url,
        )
        if moved is not None:
            self._attempt(AttemptStatus.WAITING, external_id=outcome.external_id or self.step.external_id)
        return moved is not None

    def _needs_human(self, outcome: NeedsHuman) -> bool:
        moved = self._move(StepStatus.WAITING, activity=Activity.RUN, check_after=None)
        if moved is not None:
            self._attempt(AttemptStatus.WAITING)
            tickets.open_for(self.change, moved, tickets.Work.manual(outcome, self.result.inputs), self.scopes)
        return moved is not None

    def _failed(self, outcome: Failed, roll: float) -> bool:
        error = {"type": outcome.kind, "message": outcome.message, "details": dict(outcome.details)}
        given_up = self.change.request.failure is not None  # a person has ended the request: nobody is asked any more
        again = decide(
            self.step.step_config.get("retry_policy") or {},
            self.step.group_attempt,
            outcome.retryable and not given_up,
            outcome.retry_after,
            self.change.now,
            roll,
        )
        values: dict[str, Any] = {"error": error, "handle": {}, "verification": self._checks()}
        if again is not None:
            moved = self._move(
                StepStatus.WAITING, activity=Activity.RUN, check_after=again, payload={"retry_at": again.isoformat()}, **values
            )
        else:
            moved = self._move(StepStatus.FAILED, payload={"message": outcome.message}, **values)
        if moved is None:
            return False
        self._attempt(AttemptStatus.FAILED, error=error)
        if again is None and not given_up and self.step.step_config.get("fallback_on_failure", True):
            tickets.open_for(self.change, moved, tickets.Work.failure(error, self.result.inputs), self.scopes)
        return True

    def _indeterminate(self, outcome: Indeterminate) -> bool:
        evidence = dict(outcome.evidence)
        moved = self._move(StepStatus.INDETERMINATE, handle={})
        if moved is None:
            return False
        self._attempt(AttemptStatus.INDETERMINATE, evidence=evidence)
        tickets.open_for(self.change, moved, tickets.Work.unknown(evidence, self.result.inputs), self.scopes)
        return True


def _keep_late(connection: Connection, claim: Claim, result: Result) -> None:
    """Keep a result that came too late beside the attempt that it belongs to; values that may be secret stay out."""
    outcome = result.outcome
    said = {"outcome": type(outcome).__name__}
    if isinstance(outcome, Failed):
        said["message"] = outcome.message
    if isinstance(outcome, Done):
        said["outputs"] = ", ".join(sorted(outcome.outputs))
    if isinstance(outcome, Waiting):
        said["external_id"] = outcome.external_id or ""
    mine = (ATTEMPT.c.step_id == claim.step.id, ATTEMPT.c.attempt_number == claim.step.attempt)
    # What the attempt says already is no late news: a commit whose answer got lost is recorded twice.
    news = ATTEMPT.c.status != ATTEMPTS[type(outcome)]
    connection.execute(update(ATTEMPT).where(*mine, news).values(late_result=said))


def lost_lease(connection: Connection, step: uuid.UUID, request: uuid.UUID, tools: Tools) -> int | None:
    """Take back a step whose lease ran out. A poll goes back to waiting; a run is unknown and goes to a person.

    Answers how many steps became ready, or None when somebody was faster or the lease lives after all.
    """
    with write.change(connection, request, "system") as change:
        expired = func.coalesce(STEP.c.lease_until, STEP.c.claimed_at) < func.clock_timestamp()
        row = connection.execute(
            STEP.select().where(STEP.c.id == step, STEP.c.status == StepStatus.RUNNING, expired)
        ).one_or_none()
        if row is None:
            return None
        scopes = tools.scopes(connection, change.request)
        if row.activity == Activity.POLL and not _hopeless(row, change.now):
            again = {"check_after": change.now, "losses": STEP.c.losses + 1}
            change.move_step(step, StepStatus.WAITING, StepStatus.RUNNING, quiet=True, token=row.lease_token, **again, **FREE)
            return settle(change, scopes)
        evidence = _last_seen(row)
        moved = change.move_step(step, StepStatus.INDETERMINATE, StepStatus.RUNNING, token=row.lease_token, **FREE)
        if moved is None:
            return None
        connection.execute(
            update(ATTEMPT)
            .where(ATTEMPT.c.step_id == step, ATTEMPT.c.attempt_number == row.attempt)
            .values(status=AttemptStatus.INDETERMINATE, evidence=evidence, completed_at=func.clock_timestamp())
        )
        tickets.open_for(change, moved, tickets.Work.unknown(evidence, None), scopes)
        return settle(change, scopes)


def _hopeless(row: Row[Any], now: datetime) -> bool:
    """Whether looking again makes no sense: it has killed its workers, or the time is up."""
    return row.losses + 1 >= POISON or (row.deadline is not None and row.deadline <= now)


def _last_seen(row: Row[Any]) -> dict[str, Any]:
    seen = {"worker": row.claimed_by, "claimed_at": row.claimed_at.isoformat()}
    if row.activity == Activity.POLL:
        what = f"the worker died or lost its way while it looked, {row.losses + 1} times in a row"
        return seen | {"what": what, "external_id": row.external_id, "handle": row.handle}
    return seen | {"what": "the worker died or lost its way between the call and its answer"}
