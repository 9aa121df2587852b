"""Recording: the third act of a step. What it came to, its children, ticket and request in one transaction, or not at all.

Everything is guarded by the fencing token of the claim. A worker that lost its lease changes nothing; what it wanted to say
is kept with the attempt for people to read. Undos are recorded in `undoing`, steps without a worker in `losing`.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select, update

from app.core.outcomes import Again, Done, Failed, Indeterminate, NeedsHuman, Outcome, Waiting
from app.core.retry import decide
from app.core.statuses import Activity, AttemptStatus, ManagedBy, RequestStatus, StepStatus
from app.lifecycle import write
from app.lifecycle.engine import adopting, asking, planning
from app.lifecycle.engine.claims import Claim
from app.lifecycle.engine.result import Result
from app.lifecycle.engine.scopes import Scopes, secret_cell
from app.lifecycle.engine.settle import settle
from app.models.tables import ATTEMPT, STEP

POISON = 3
"""How often a step may take its worker with it, or leave nobody the wiser, before a person looks instead."""
FREE: Mapping[str, Any] = {"lease_token": None, "lease_until": None, "claimed_by": None}

LOOKS = frozenset({Activity.POLL, Activity.PROBE})
"""Activities that only look."""
ATTEMPTS: Mapping[type[Outcome], AttemptStatus] = {
    Done: AttemptStatus.COMPLETED,
    Waiting: AttemptStatus.WAITING,
    NeedsHuman: AttemptStatus.WAITING,
    Failed: AttemptStatus.FAILED,
    Indeterminate: AttemptStatus.INDETERMINATE,
    Again: AttemptStatus.FAILED,
}
"""What an attempt is called after its outcome."""


@dataclass(frozen=True, slots=True)
class Tools:
    """What recording needs besides the database: `scopes` of a request, and a roll of the dice for retries, in [0, 1)."""

    scopes: Callable[[Connection, Row[Any]], Scopes]
    roll: Callable[[], float]


def record(connection: Connection, claim: Claim, result: Result, tools: Tools) -> int | None:
    """Record the result of a claim; answers how many steps became ready, or None when the claim was not ours any more.

    The caller commits.
    """
    if claim.activity == Activity.PLAN:
        return planning.record(connection, claim, result)
    with write.change(connection, claim.request, f"worker:{claim.step.claimed_by}") as change:
        scopes = tools.scopes(connection, change.request)
        recorder = _Recorder(change, claim, result, scopes)
        ready = recorder.recorded(tools.roll)
        if ready is None:
            _keep_late(connection, claim, result)
            return None
        return ready + settle(change, scopes)


class _Recorder:
    """One result on its way into the rows. Each way answers how many steps became ready by it, or None for a stale token."""

    def __init__(self, change: write.Change, claim: Claim, result: Result, scopes: Scopes) -> None:
        self.change, self.claim, self.result, self.scopes = change, claim, result, scopes
        self.step = claim.step

    def recorded(self, roll: Callable[[], float]) -> int | None:
        """Write the outcome of whatever was claimed."""
        if self.claim.activity == Activity.UNDO:
            return self.undone()
        return self.adopted() if self.claim.activity == Activity.ADOPT else self.write(roll)

    def write(self, roll: Callable[[], float]) -> int | None:
        """Write the outcome of a run, a poll or a probe."""
        if self.result.stopped and self.claim.activity in LOOKS and isinstance(self.result.outcome, Again):
            return self._look_again()
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
            case Again() as outcome:
                return self._again(outcome)

    def undone(self) -> int | None:
        """Write the outcome of an undo: gone, going on outside, handed back, or a person's from now on."""
        match self._timed(self.result.outcome):
            case Done():
                free: dict[str, Any] = {"check_after": None, "undo": None, "handle": {}, "losses": 0, "activity": Activity.RUN}
                return self._moved(self._move(StepStatus.ROLLED_BACK, **free))
            case Waiting() as outcome:
                after = func.clock_timestamp() + outcome.check_after
                going = {"handle": dict(outcome.handle), "check_after": after, "losses": 0}
                return self._moved(self._move(StepStatus.WAITING, quiet=True, **going))
            case Again():
                return self._moved(self._move(StepStatus.WAITING, quiet=True, handle={}, check_after=func.clock_timestamp()), 1)
            case outcome:
                moved = self._move(StepStatus.WAITING, quiet=True, check_after=None, handle={})
                if moved is not None:
                    asking.open_for(self.change, moved, asking.Work.undo(self.step, outcome), self.scopes)
                return self._moved(moved)

    def adopted(self) -> int | None:
        """Write what came of taking over what a person made: done, handed back to a worker, or to the person."""
        match self.result.outcome:
            case Done() as outcome:
                moved = self._completed(outcome, payload={"activity": Activity.ADOPT})
                if moved is not None:
                    adopting.taken_over(self.change, moved, outcome.evidence)
                return self._moved(moved)
            case Again() as outcome if not self.change.given_up:
                return self._moved(self._move(StepStatus.WAITING, quiet=True, check_after=func.clock_timestamp()), 1)
            case outcome:
                return self._moved(adopting.give_back(self.change, self.step, _why_not(outcome), **FREE))

    @staticmethod
    def _moved(row: Row[Any] | None, ready: int = 0) -> int | None:
        return None if row is None else ready

    def _timed(self, outcome: Outcome) -> Outcome:
        """A wait ends with the step's deadline: it is looked at once more then, and has failed after that.

        Of an attempt that had got lost nobody knows even then: it has not failed, a person looks.
        """
        left = self.step.deadline - self.change.now if self.step.deadline else None
        if left is None or not isinstance(outcome, Waiting):
            return outcome
        if left.total_seconds() <= 0:
            message = f"nothing came back before {self.step.deadline:%H:%M:%S %Z}"
            if self.claim.activity in LOOKS and (known := self._known_before()):
                return Indeterminate(known | {"problem": message})
            return Failed(message, kind="timeout", retryable=False)
        return replace(outcome, check_after=min(outcome.check_after, left))

    def _move(self, target: StepStatus, **values: Any) -> Row[Any] | None:
        return self.change.move_step(self.step.id, target, StepStatus.RUNNING, token=self.claim.token, **FREE, **values)

    def _attempt(self, status: AttemptStatus, **values: Any) -> None:
        ended = {} if status == AttemptStatus.WAITING else {"completed_at": func.clock_timestamp()}
        if self.result.inputs is not None:
            values["inputs"] = dict(self.result.inputs)
        self.change.connection.execute(update(ATTEMPT).where(*self._mine).values({"status": status, **ended, **values}))

    @property
    def _mine(self) -> tuple[ColumnElement[bool], ...]:
        return ATTEMPT.c.step_id == self.step.id, ATTEMPT.c.attempt_number == self.step.attempt

    def _done(self, outcome: Done) -> int | None:
        moved = self._completed(outcome)
        if moved is not None:
            self._attempt(AttemptStatus.COMPLETED, external_id=outcome.external_id or self.step.external_id)
        return self._moved(moved)

    def _completed(self, outcome: Done, **more: Any) -> Row[Any] | None:
        open_outputs = {name: value for name, value in outcome.outputs.items() if name not in outcome.sensitive}
        return self._move(
            StepStatus.COMPLETED,
            completed_at=func.clock_timestamp(),
            outputs=open_outputs,
            secret_outputs=self._sealed(outcome),
            sensitive_outputs=sorted(outcome.sensitive & outcome.outputs.keys()),
            external_id=outcome.external_id or self.step.external_id,
            tracking_url=outcome.tracking_url or self.step.tracking_url,
            verification=self._checks(),
            managed_by=ManagedBy.AUTOMATION,
            activity=Activity.RUN,
            handle={},
            error=None,
            losses=0,
            **more,
        )

    def _sealed(self, outcome: Done) -> bytes | None:
        secret = {name: outcome.outputs[name] for name in outcome.sensitive if name in outcome.outputs}
        return self.scopes.vault.encrypt(json.dumps(secret).encode(), secret_cell(self.step.id)) if secret else None

    def _checks(self) -> list[Any] | None:
        return None if self.result.checks is None else [dict(check) for check in self.result.checks]

    def _waiting(self, outcome: Waiting) -> int | None:
        # Given up since it was claimed: what goes on outside was not asked to stop yet.
        stop_now = self.change.given_up and not self.step.stop_wanted
        moved = self._move(
            StepStatus.WAITING,
            quiet=self.claim.activity == Activity.POLL,
            activity=Activity.POLL,
            handle=dict(outcome.handle),
            check_after=func.clock_timestamp() + (timedelta(0) if stop_now else outcome.check_after),
            verification=self._checks(),
            losses=0,
            external_id=outcome.external_id or self.step.external_id,
            tracking_url=outcome.tracking_url or self.step.tracking_url,
        )
        if moved is not None:
            self._attempt(AttemptStatus.WAITING, external_id=outcome.external_id or self.step.external_id, completed_at=None)
        return self._moved(moved, int(stop_now))

    def _needs_human(self, outcome: NeedsHuman) -> int | None:
        if self.change.given_up:
            return self._stopped("the request was ended before a person was asked")
        moved = self._move(StepStatus.WAITING, activity=Activity.RUN)
        if moved is not None:
            self._attempt(AttemptStatus.WAITING)
            asking.open_for(self.change, moved, asking.Work.manual(outcome, self.result.inputs), self.scopes)
        return self._moved(moved)

    def _failed(self, outcome: Failed, roll: float) -> int | None:
        error = {"type": outcome.kind, "message": outcome.message, "details": dict(outcome.details)}
        again = decide(
            self.step.step_config.get("retry_policy") or {},
            self.step.group_attempt,
            outcome.retryable and not self.change.given_up,
            outcome.retry_after,
            self.change.now,
            roll,
        )
        values: dict[str, Any] = {"error": error, "handle": {}, "verification": self._checks(), "activity": Activity.RUN}
        if again is not None:
            payload = {"retry_at": again.isoformat(), "message": outcome.message}
            moved = self._move(StepStatus.WAITING, check_after=again, payload=payload, **values)
        else:
            moved = self._move(self._badly, payload={"message": outcome.message}, **values)
        if moved is None:
            return None
        self._attempt(AttemptStatus.FAILED, error=error)
        if again is None and not self.change.given_up and self.step.step_config.get("fallback_on_failure", True):
            asking.open_for(self.change, moved, asking.Work.failure(error, self.result.inputs), self.scopes)
        return 0

    @property
    def _badly(self) -> StepStatus:
        """What a step is that ended badly: of a request that is being cancelled it is part of the cancelling."""
        return StepStatus.CANCELLED if self.change.status == RequestStatus.CANCELLING else StepStatus.FAILED

    def _indeterminate(self, outcome: Indeterminate) -> int | None:
        """A run that does not know is probed; a probe or a poll that does not know asks a person, once."""
        evidence = {**self._known_before(), **outcome.evidence}
        losses = self.step.losses + 1
        probe = self.claim.activity == Activity.RUN and losses < POISON
        moved = self._move(
            StepStatus.INDETERMINATE,
            handle={},
            losses=losses,
            activity=Activity.PROBE,
            check_after=func.clock_timestamp() if probe else None,
        )
        if moved is None:
            return None
        self._attempt(AttemptStatus.INDETERMINATE, evidence=evidence)
        if not probe:
            asking.open_for(self.change, moved, asking.Work.unknown(evidence, self.result.inputs), self.scopes)
        return int(probe)

    def _known_before(self) -> dict[str, Any]:
        """What was known when the attempt got lost, if it ever did."""
        if self.claim.activity not in LOOKS:
            return {}
        return dict(self.change.connection.scalar(select(ATTEMPT.c.evidence).where(*self._mine)) or {})

    def _again(self, outcome: Again) -> int | None:
        """Nothing was done, or nothing is lost by doing it again: ready at once, in the same attempt group."""
        if self.change.given_up:
            return self._stopped(outcome.reason)
        error = {"type": "not_done", "message": outcome.reason, "details": {}}
        # It does not count as one of the attempts that the catalog grants: the step has not failed.
        counted = func.greatest(STEP.c.group_attempt - 1, 0)
        moved = self._move(
            StepStatus.READY, payload={"reason": outcome.reason}, group_attempt=counted, handle={}, activity=Activity.RUN
        )
        if moved is not None:
            self._attempt(AttemptStatus.FAILED, error=error)
        return self._moved(moved, 1)

    def _look_again(self) -> int | None:
        """Whoever looked was told to go before anything was seen: the next worker looks. It says nothing about the step."""
        target = StepStatus.WAITING if self.claim.activity == Activity.POLL else StepStatus.INDETERMINATE
        return self._moved(self._move(target, quiet=True, check_after=func.clock_timestamp()), 1)

    def _stopped(self, reason: str) -> int | None:
        """It ended without effect after the request had been given up."""
        error = {"type": "stopped", "message": reason, "details": {}}
        moved = self._move(StepStatus.CANCELLED, payload={"reason": reason}, error=error, handle={}, activity=Activity.RUN)
        if moved is not None:
            self._attempt(AttemptStatus.CANCELLED, error=error)
        return self._moved(moved)


def _why_not(outcome: Outcome) -> dict[str, Any]:
    """Why a worker could not take over what a person made."""
    match outcome:
        case Failed():
            return {"type": outcome.kind, "message": outcome.message, "details": dict(outcome.details)}
        case Again():
            return {"type": "stopped", "message": outcome.reason, "details": {}}
        case Indeterminate():
            return {"type": "indeterminate", "message": "Nobody can tell what came of it.", "details": dict(outcome.evidence)}
        case _:
            return {"type": "indeterminate", "message": f"It came to {type(outcome).__name__}.", "details": {}}


def _keep_late(connection: Connection, claim: Claim, result: Result) -> None:
    """Keep a result that came too late beside the attempt that it belongs to; values that may be secret stay out."""
    outcome = result.outcome
    of_attempt = claim.activity not in (Activity.UNDO, Activity.ADOPT)
    said = {"outcome": type(outcome).__name__, **({} if of_attempt else {"activity": claim.activity})}
    if isinstance(outcome, Failed):
        said["message"] = outcome.message
    if isinstance(outcome, Done):
        said["outputs"] = ", ".join(sorted(outcome.outputs))
    if isinstance(outcome, Waiting):
        said["external_id"] = outcome.external_id or ""
    mine: tuple[ColumnElement[bool], ...] = (
        ATTEMPT.c.step_id == claim.step.id,
        ATTEMPT.c.attempt_number == claim.step.attempt,
    )
    if of_attempt:
        # What the attempt says already is no late news: a commit whose answer got lost is recorded twice.
        mine = (*mine, ATTEMPT.c.status != ATTEMPTS[type(outcome)])
    connection.execute(update(ATTEMPT).where(*mine).values(late_result=said))
