"""The sweep: what every worker looks for every few seconds, so that no bell, worker or clock is ever needed to go on.

Each repair is a transaction of its own under the request's lock, and guarded: two sweeps at once do the same work once.
"""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, Select, func, select, union_all

from app import events
from app.core.statuses import TICKET_OPEN, Activity, PlanStatus, RequestStatus, StepStatus
from app.lifecycle import write
from app.lifecycle.approvals import times
from app.lifecycle.engine import planning, timeouts, turns
from app.lifecycle.engine.claims import DUE_BY
from app.lifecycle.engine.losing import lost_lease
from app.lifecycle.engine.progress import Tools
from app.lifecycle.engine.settle import settle
from app.models.tables import PLAN, REQUEST, STEP, TICKET, is_one_of

BATCH = 50
QUIET = timedelta(seconds=5)
"""How long a request must have been still before the safety net looks at it."""

MOVING = (RequestStatus.SUBMITTED, RequestStatus.IN_PROGRESS, RequestStatus.CANCELLING, RequestStatus.ROLLING_BACK)
_MOVING = (StepStatus.READY, StepStatus.RUNNING, StepStatus.VERIFYING)


@dataclass(slots=True)
class Swept:
    """What one sweep found. `rescued` counts what the safety net had to move: it stays 0 in a healthy house."""

    lost: int = 0
    retried: int = 0
    rescued: int = 0
    timed_out: int = 0
    hurried: int = 0
    """Approvals that were reminded of, escalated or given up."""
    aged: int = 0
    waiting_work: int = 0
    failed: list[str] = field(default_factory=list)
    changed: set[uuid.UUID] = field(default_factory=set, compare=False)
    """Of which requests something was told."""


def sweep(engine: Engine, tools: Tools) -> Swept:
    """Sweep once. A repair that fails is noted and does not stop the others. Cost when all is well: eight indexed reads."""
    swept = Swept()
    with engine.begin() as connection:
        expired = _rows(connection, _expired())
        unmade = _rows(connection, _expired_plans())
        due = _rows(connection, _due_retries())
        stuck = _rows(connection, _stuck())
        late = _rows(connection, _late())
        unanswered = _rows(connection, times.due())
    for step, request in expired:
        swept.lost += _each(engine, swept, partial(_take_back, step=step, request=request, tools=tools))
    for step, request in unmade:
        swept.lost += _each(engine, swept, partial(planning.lost, step=step, request=request))
    for step, request in due:
        swept.retried += _each(engine, swept, partial(_retry, step=step, request=request))
    for _, request in stuck:
        swept.rescued += _each(engine, swept, partial(_rescue, request=request, tools=tools))
    for _, request in late:
        swept.timed_out += _each(engine, swept, partial(timeouts.end, request=request, tools=tools))
    for approval, request in unanswered:
        swept.hurried += _each(engine, swept, partial(times.act, approval=approval, request=request))
    swept.aged = _each(engine, swept, turns.age)
    with engine.begin() as connection:
        swept.waiting_work = connection.scalar(_work()) or 0
    return swept


def _rows(connection: Connection, statement: Select[Any]) -> list[tuple[uuid.UUID, uuid.UUID]]:
    return [(row[0], row[1]) for row in connection.execute(statement.limit(BATCH))]


def _each(engine: Engine, swept: Swept, repair: Callable[[Connection], int]) -> int:
    try:
        with engine.begin() as connection:
            done = int(repair(connection))
            swept.changed |= events.changed(connection)
            return done
    except Exception as error:  # noqa: BLE001  one poisoned row must not keep the sweep from all the others
        swept.failed.append(f"{type(error).__name__}: {error}")
        return 0


def _expired() -> Select[Any]:
    lease = func.coalesce(STEP.c.lease_until, STEP.c.claimed_at)
    return select(STEP.c.id, STEP.c.request_id).where(
        is_one_of(STEP.c.status, StepStatus.RUNNING, StepStatus.VERIFYING), lease < func.clock_timestamp()
    )


def _expired_plans() -> Select[Any]:
    """Plans whose worker is gone."""
    over = (is_one_of(PLAN.c.status, PlanStatus.RUNNING), PLAN.c.lease_until < func.clock_timestamp())
    return select(STEP.c.id, STEP.c.request_id).join(PLAN, PLAN.c.step_id == STEP.c.id).where(*over)


def _due_retries() -> Select[Any]:
    return select(STEP.c.id, STEP.c.request_id).where(*_due(Activity.RUN))


def _due(activity: Activity) -> tuple[ColumnElement[bool], ...]:
    return (
        is_one_of(STEP.c.status, StepStatus.WAITING),
        STEP.c.activity == activity,
        STEP.c.check_after <= DUE_BY,
    )


def _late() -> Select[Any]:
    """Requests whose time is over."""
    open_still = REQUEST.c.completed_at.is_(None) & REQUEST.c.failure.is_(None) & REQUEST.c.status.in_(timeouts.BUILT)
    return select(REQUEST.c.id, REQUEST.c.id).where(open_still, REQUEST.c.deadline <= DUE_BY)


def _take_back(connection: Connection, step: uuid.UUID, request: uuid.UUID, tools: Tools) -> bool:
    return lost_lease(connection, step, request, tools) is not None


def _retry(connection: Connection, step: uuid.UUID, request: uuid.UUID) -> bool:
    """A delayed retry is due: the step is ready again. Looked at anew: it may have run and wait for something else by now."""
    with write.change(connection, request, "system") as change:
        if connection.scalar(select(STEP.c.id).where(STEP.c.id == step, *_due(Activity.RUN))) is None:
            return False
        return change.move_step(step, StepStatus.READY, StepStatus.WAITING, check_after=None) is not None


def _stuck() -> Select[Any]:
    """Requests in which nothing moves and nobody is waited for, though it is their turn and they have not ended."""
    waits = STEP.c.check_after.is_not(None)
    asked = select(TICKET.c.id).where(TICKET.c.request_id == REQUEST.c.id, is_one_of(TICKET.c.status, *sorted(TICKET_OPEN)))
    no_ticket = ~asked.exists()
    moving = select(STEP.c.id).where(STEP.c.request_id == REQUEST.c.id, STEP.c.status.in_(_MOVING) | waits).exists()
    return select(REQUEST.c.id, REQUEST.c.id).where(
        REQUEST.c.completed_at.is_(None),  # what its index holds
        is_one_of(REQUEST.c.status, *MOVING),
        REQUEST.c.admitted,
        no_ticket | is_one_of(REQUEST.c.status, RequestStatus.SUBMITTED, RequestStatus.IN_PROGRESS),
        REQUEST.c.updated_at < func.clock_timestamp() - QUIET,
        ~moving,
    )


def _rescue(connection: Connection, request: uuid.UUID, tools: Tools) -> bool:
    with write.change(connection, request, "system") as change:
        before = len(change.happened)
        settle(change, tools.scopes(connection, change.request))
        return len(change.happened) > before


def _work() -> Select[Any]:
    """How many steps and plans somebody could claim now (at most 64: the bell rings no more often)."""
    due = (STEP.c.check_after <= DUE_BY) & (STEP.c.activity != Activity.RUN)
    claimable = is_one_of(STEP.c.status, StepStatus.READY) | due
    steps = select(STEP.c.id).where(claimable).limit(64)
    plans = select(PLAN.c.step_id).where(is_one_of(PLAN.c.status, PlanStatus.ASKED)).limit(64)
    return select(func.count()).select_from(union_all(steps, plans).limit(64).subquery())
