"""Claiming: the guarded way in which a worker makes a step its own, with a fencing token and a lease.

A claim and its intent (the attempt row) are one transaction, committed before anything outside is called. The candidate is
found with both its row and its request's row locked, skipping what others hold: a worker that has just recorded holds one
request's lock already, and waiting for a second one could deadlock with a worker that does the same the other way round.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Float, Row, bindparam, cast, func, insert, select, text, update

from app.core.statuses import Activity, AttemptStatus, RequestStatus, StepStatus
from app.lifecycle import write
from app.models.tables import ATTEMPT, REQUEST, STEP, is_one_of

DUE_BY = func.statement_timestamp()
"""When a statement looks for what is due. `clock_timestamp()` moves on while it runs: no index could be asked for it."""
_COLUMNS = (STEP.c.id.label("step"), REQUEST, func.clock_timestamp().label("locked_at"))
_READY = (
    select(*_COLUMNS)
    .join(REQUEST, REQUEST.c.id == STEP.c.request_id)
    .where(is_one_of(STEP.c.status, StepStatus.READY))
    .order_by(STEP.c.priority, STEP.c.request_number, STEP.c.position)
    .limit(1)
    .with_for_update(key_share=True, skip_locked=True)
)
_DUE = (
    select(*_COLUMNS)
    .join(REQUEST, REQUEST.c.id == STEP.c.request_id)
    .where(is_one_of(STEP.c.status, StepStatus.WAITING), STEP.c.activity == Activity.POLL)
    .where(STEP.c.check_after <= DUE_BY)
    .order_by(STEP.c.check_after)
    .limit(1)
    .with_for_update(key_share=True, skip_locked=True)
)
_ANY_READY = select(text("1")).where(select(STEP.c.id).where(is_one_of(STEP.c.status, StepStatus.READY)).limit(1).exists())


@dataclass(frozen=True, slots=True)
class Claim:
    """A step that this worker owns until its lease runs out. `step` is the row as it was claimed."""

    step: Row[Any]
    request: Row[Any]
    token: uuid.UUID
    activity: Activity
    idempotency_key: str


@dataclass(frozen=True, slots=True)
class Claimant:
    """Who claims, for how long at first, and how long a step may take whose catalog entry names no timeout."""

    worker: str
    lease: timedelta
    budget: timedelta = timedelta(hours=1)


def claim_next(connection: Connection, claimant: Claimant) -> Claim | None:
    """Claim the next ready step, else the next wait that is due. None when there is none that nobody else holds.

    Cost: one indexed SELECT when there is nothing; five statements for a claim. The caller commits.
    """
    for candidate, activity in ((_READY, Activity.RUN), (_DUE, Activity.POLL)):
        found = connection.execute(candidate).one_or_none()
        if found is not None:
            return _take(connection, found, activity, claimant)
    return None


def any_ready(connection: Connection) -> bool:
    """Whether a ready step exists at all, held by somebody or not: a claim that came back empty may have lost a race."""
    return connection.scalar(_ANY_READY) is not None


def _take(connection: Connection, found: Row[Any], activity: Activity, claimant: Claimant) -> Claim | None:
    token = uuid.uuid4()
    running = activity == Activity.RUN
    with write.change(connection, found.id, f"worker:{claimant.worker}", locked=found) as change:
        step = change.move_step(
            found.step,
            StepStatus.RUNNING,
            StepStatus.READY if running else StepStatus.WAITING,
            activity=activity,
            lease_token=token,
            lease_until=func.clock_timestamp() + claimant.lease,
            claimed_at=func.clock_timestamp(),
            claimed_by=claimant.worker,
            **(_first_run(claimant) if running else {}),
            quiet=not running,
        )
        if step is None:
            return None
        if change.status == RequestStatus.SUBMITTED:
            change.move_request(RequestStatus.IN_PROGRESS)
    key = f"{step.id}:{step.attempt_group}"
    if running:
        _intend(connection, step, key, token, claimant.worker)
    return Claim(step, found, token, activity, key)


def _first_run(claimant: Claimant) -> dict[str, Any]:
    timeout = cast(STEP.c.step_config["timeout"].astext, Float)
    budget = func.coalesce(func.make_interval(0, 0, 0, 0, 0, 0, timeout), claimant.budget)
    return {
        "deadline": func.clock_timestamp() + budget,
        "attempt": STEP.c.attempt + 1,
        "group_attempt": STEP.c.group_attempt + 1,
        "started_at": func.coalesce(STEP.c.started_at, func.clock_timestamp()),
        "check_after": None,
        "losses": 0,
    }


def _intend(connection: Connection, step: Row[Any], key: str, token: uuid.UUID, worker: str) -> None:
    connection.execute(
        insert(ATTEMPT).values(
            step_id=step.id,
            attempt_number=step.attempt,
            idempotency_key=key,
            status=AttemptStatus.RUNNING,
            worker=worker,
            lease_token=token,
        )
    )


_EXTEND = (
    update(STEP)
    .where(STEP.c.lease_token.in_(bindparam("tokens", expanding=True)))
    .where(is_one_of(STEP.c.status, StepStatus.RUNNING, StepStatus.VERIFYING))
    .values(lease_until=func.clock_timestamp() + bindparam("lease"))
    .returning(STEP.c.lease_token)
)


def extend(connection: Connection, tokens: Sequence[uuid.UUID], lease: timedelta) -> set[uuid.UUID]:
    """Heartbeat: lengthen the leases of `tokens`; answers those that are still ours. One UPDATE for all of a worker's steps."""
    if not tokens:
        return set()
    return set(connection.execute(_EXTEND, {"tokens": list(tokens), "lease": lease}).scalars())
