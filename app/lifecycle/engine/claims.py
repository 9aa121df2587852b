"""Claiming: the guarded way in which a worker makes a step its own, with a fencing token and a lease.

A claim and its intent (the attempt row) are one transaction, committed before anything outside is called. The candidate is
found with both its row and its request's row locked, skipping what others hold: a worker that has just recorded holds one
request's lock already, and waiting for a second one could deadlock with a worker that does the same the other way round.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Float, Row, bindparam, case, cast, func, insert, select, text, update

from app.core.decisions import BADLY
from app.core.statuses import Activity, AttemptStatus, PlanStatus, RequestStatus, StepStatus
from app.lifecycle import write
from app.lifecycle.engine.plan_marks import marks
from app.models.tables import ATTEMPT, EVENT, PLAN, REQUEST, STEP, TICKET, is_one_of

DUE_BY = func.statement_timestamp()
"""When a statement looks for what is due. `clock_timestamp()` moves on while it runs: no index could be asked for it."""
_COLUMNS = (
    STEP.c.id.label("step"),
    STEP.c.status.label("step_status"),
    STEP.c.activity,
    REQUEST,
    func.clock_timestamp().label("locked_at"),
)
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
    .where(STEP.c.check_after <= DUE_BY, STEP.c.activity != Activity.RUN)
    .order_by(STEP.c.check_after)
    .limit(1)
    .with_for_update(key_share=True, skip_locked=True)
)
SOURCES: Mapping[Activity, tuple[StepStatus, ...]] = {
    Activity.RUN: (StepStatus.READY,),
    Activity.POLL: (StepStatus.WAITING,),
    Activity.PROBE: (StepStatus.INDETERMINATE,),
    Activity.ADOPT: (StepStatus.WAITING,),
    Activity.UNDO: (StepStatus.COMPLETED, StepStatus.FAILED, StepStatus.CANCELLED, StepStatus.SKIPPED, StepStatus.WAITING),
}
"""From where a step is claimed for what. Of those that are not ready, `check_after` says when."""
_PLAN_WANTED = (
    select(PLAN.c.step_id.label("step"), REQUEST, func.clock_timestamp().label("locked_at"))
    .join(STEP, STEP.c.id == PLAN.c.step_id)
    .join(REQUEST, REQUEST.c.id == STEP.c.request_id)
    .where(is_one_of(PLAN.c.status, PlanStatus.ASKED))
    .order_by(PLAN.c.asked_at)
    .limit(1)
    .with_for_update(key_share=True, skip_locked=True, of=[PLAN, REQUEST])
)
_ANY_DUE = select(text("1")).where(
    select(STEP.c.id).where(STEP.c.check_after <= DUE_BY, STEP.c.activity != Activity.RUN).limit(1).exists()
    | select(PLAN.c.step_id).where(is_one_of(PLAN.c.status, PlanStatus.ASKED)).limit(1).exists()
)


@dataclass(frozen=True, slots=True)
class Claim:
    """A step that this worker owns until its lease runs out.

    step: the row as it was claimed, or the columns of it that `advance` brings. request, request_id: the key of its request,
    and what people call it.
    """

    step: Row[Any]
    request: uuid.UUID
    request_id: str
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
    """Claim the next ready step, else what is due to be polled, probed or undone, else a plan that somebody asked for.

    None when others hold all there is. Cost: three indexed SELECTs when there is nothing; five statements for a step. The
    caller commits.
    """
    found = connection.execute(_READY).one_or_none() or connection.execute(_DUE).one_or_none()
    return _take(connection, found, claimant) if found is not None else _take_plan(connection, claimant)


def claim_due(connection: Connection, claimant: Claimant) -> Claim | None:
    """Claim what is due to be polled, probed or undone, else a plan, however much is ready. The caller commits.

    To be asked now and then even while steps are ready: else a flood of orders would keep everybody from looking at what goes
    on outside, from finding out what is unknown, and from stopping what is cancelled.
    """
    found = connection.execute(_DUE).one_or_none()
    return _take(connection, found, claimant) if found is not None else _take_plan(connection, claimant)


def any_due(connection: Connection) -> bool:
    """Whether something is due to be polled, probed, undone or planned. Cost: one SELECT of two indexes."""
    return connection.scalar(_ANY_DUE) is not None


def _take(connection: Connection, found: Row[Any], claimant: Claimant) -> Claim | None:
    token = uuid.uuid4()
    activity = Activity.RUN if found.step_status == StepStatus.READY else Activity(found.activity)
    running = activity == Activity.RUN
    begins_undo = activity == Activity.UNDO and found.step_status != StepStatus.WAITING
    with write.change(connection, found.id, f"worker:{claimant.worker}", locked=found) as change:
        step = change.move_step(
            found.step,
            StepStatus.RUNNING,
            *SOURCES[activity],
            quiet=not running and not begins_undo,
            payload={"activity": activity} if begins_undo else None,
            activity=activity,
            lease_token=token,
            lease_until=func.clock_timestamp() + claimant.lease,
            claimed_at=func.clock_timestamp(),
            claimed_by=claimant.worker,
            check_after=None,
            **_begun(activity, claimant),
        )
        if step is None:
            return None
        if change.status == RequestStatus.SUBMITTED:
            change.move_request(RequestStatus.IN_PROGRESS)
    key = f"{step.id}:{step.attempt_group}" + (":undo" if activity == Activity.UNDO else "")
    if running:
        _intend(connection, step, key, token, claimant.worker)
    return Claim(step, found.id, found.request_id, token, activity, key)


def _take_plan(connection: Connection, claimant: Claimant) -> Claim | None:
    """Claim the plan that was asked for first. Its step stays as it is: only the plan's row has the token and the lease."""
    found = connection.execute(_PLAN_WANTED).one_or_none()
    if found is None:
        return None
    step = connection.execute(select(STEP).where(STEP.c.id == found.step)).one()
    token = uuid.uuid4()
    with write.change(connection, found.id, f"worker:{claimant.worker}", locked=found) as change:
        if step.status not in BADLY:
            overtaken = {"type": "overtaken", "message": "The step was run again before the plan was made.", "details": {}}
            change.move_plan(step, PlanStatus.FAILED, PlanStatus.ASKED, error=overtaken)
            return None
        lease = {"lease_token": token, "lease_until": func.clock_timestamp() + claimant.lease}
        held = {**lease, "claimed_by": claimant.worker, **marks(connection, step, found)}
        change.move_plan(step, PlanStatus.RUNNING, PlanStatus.ASKED, **held)
    key = f"{step.id}:{step.attempt_group}:plan"
    return Claim(step, found.id, found.request_id, token, Activity.PLAN, key)


def _begun(activity: Activity, claimant: Claimant) -> dict[str, Any]:
    """What a claim writes besides the lease: a run is counted and has a time, the rest at most a time."""
    if activity == Activity.RUN:
        return _first_run(claimant)
    if activity in (Activity.UNDO, Activity.ADOPT):
        return {"deadline": func.coalesce(STEP.c.deadline, func.clock_timestamp() + _budget(claimant))}
    return {}


def _budget(claimant: Claimant) -> ColumnElement[Any]:
    return func.coalesce(_seconds(cast(STEP.c.step_config["timeout"].astext, Float)), claimant.budget)


def _first_run(claimant: Claimant) -> dict[str, Any]:
    return {
        "deadline": func.least(func.clock_timestamp() + _budget(claimant), _AUTOMATION_ENDS),
        "attempt": STEP.c.attempt + 1,
        "group_attempt": STEP.c.group_attempt + 1,
        "started_at": func.coalesce(STEP.c.started_at, func.clock_timestamp()),
    }


def _seconds(number: ColumnElement[float]) -> ColumnElement[Any]:
    return func.make_interval(0, 0, 0, 0, 0, 0, number)


def _automation_ends() -> ColumnElement[Any]:
    """When the time of the item's whole automation is over, or null where it has none.

    It counts from the first of the item's steps; whenever a person has finished or retried something, or let the request go on,
    it counts anew, since what people take is no fault of the automation. Only steps that have such a time pay for the look-ups.
    """
    other = STEP.alias("sibling")
    mine = (other.c.request_id == STEP.c.request_id, other.c.item_alias.is_not_distinct_from(STEP.c.item_alias))
    began = select(func.min(other.c.started_at)).where(*mine).scalar_subquery()
    decided = select(func.max(TICKET.c.resolved_at)).where(TICKET.c.request_id == STEP.c.request_id).scalar_subquery()
    went_on = (EVENT.c.request_id == STEP.c.request_id, EVENT.c.kind == "request.resumed")
    resumed = select(func.max(EVENT.c.occurred_at)).where(*went_on).scalar_subquery()
    budget = cast(STEP.c.step_config["automation_timeout"].astext, Float)
    counted_from = func.coalesce(func.greatest(began, decided, resumed), func.clock_timestamp())
    return case((budget.is_not(None), counted_from + _seconds(budget)))


_AUTOMATION_ENDS = _automation_ends()


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


_HELD = (
    select(STEP.c.id)
    .where(STEP.c.lease_token.in_(bindparam("tokens", expanding=True)))
    .where(is_one_of(STEP.c.status, StepStatus.RUNNING, StepStatus.VERIFYING))
    .order_by(STEP.c.id)  # The order in which `stopping` locks them too: else the two could wait for each other.
    .with_for_update(key_share=True)
)
_EXTEND = (
    update(STEP)
    .where(STEP.c.id.in_(_HELD))
    .values(lease_until=func.clock_timestamp() + bindparam("lease"))
    .returning(STEP.c.lease_token, STEP.c.stop_wanted)
)

_EXTEND_PLANS = (
    update(PLAN)
    .where(PLAN.c.lease_token.in_(bindparam("tokens", expanding=True)), is_one_of(PLAN.c.status, PlanStatus.RUNNING))
    .values(lease_until=func.clock_timestamp() + bindparam("lease"))
    .returning(PLAN.c.lease_token)
)


def extend(connection: Connection, tokens: Sequence[uuid.UUID], lease: timedelta) -> dict[uuid.UUID, bool]:
    """Heartbeat: lengthen the leases of `tokens`. Answers those that are still ours, and whether each step is asked to stop.

    One UPDATE for all of a worker's steps, and one for its plans where it makes any.
    """
    if not tokens:
        return {}
    held = {row.lease_token: row.stop_wanted for row in connection.execute(_EXTEND, {"tokens": list(tokens), "lease": lease})}
    if others := [token for token in tokens if token not in held]:
        plans = connection.execute(_EXTEND_PLANS, {"tokens": others, "lease": lease})
        held |= dict.fromkeys(plans.scalars(), False)
    return held
