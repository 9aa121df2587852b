"""Winding a request down: what has not begun is cancelled, what runs is asked to stop, people are asked no more.

What is unknown stays so until somebody has looked: its ticket stays open, whatever becomes of the request.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import Row, func, select, update

from app.core.statuses import TICKET_OPEN, Activity, AttemptStatus, StepStatus
from app.lifecycle.write import Change
from app.models.tables import ATTEMPT, STEP, TICKET, is_one_of

PATIENCE = timedelta(minutes=10)
"""How long something that goes on outside has to end after it was asked to."""


def wind_down(change: Change, end_ticket: Callable[[Row[Any]], None]) -> int:
    """Cancel, ask to stop, and end tickets with `end_ticket`; answers how many waits are due now, to be asked to stop."""
    cancel_unstarted(change)
    for ticket in open_tickets(change):
        if ticket.ticket_type != "unknown":
            end_ticket(ticket)
            change.move_step(ticket.step_id, StepStatus.CANCELLED, StepStatus.WAITING, StepStatus.FAILED)
            close_attempts(change, ticket.step_id, AttemptStatus.CANCELLED)
    return _ask_to_stop(change)


def cancel_unstarted(change: Change) -> None:
    """Cancel what waits for its parents, for a worker, or for its next attempt."""
    again = (STEP.c.status == StepStatus.WAITING) & (STEP.c.activity == Activity.RUN) & STEP.c.check_after.is_not(None)
    unstarted = is_one_of(STEP.c.status, StepStatus.PENDING, StepStatus.READY) | again
    rows = change.connection.scalars(
        select(STEP.c.id).where(STEP.c.request_id == change.request.id, unstarted).order_by(STEP.c.position)
    )
    for step in list(rows):
        sources = (StepStatus.PENDING, StepStatus.READY, StepStatus.WAITING)
        change.move_step(step, StepStatus.CANCELLED, *sources, check_after=None)


def _ask_to_stop(change: Change) -> int:
    """Whoever runs a step learns it with the next heartbeat; what goes on outside is looked at, and stopped, now.

    So is what a probe finds to go on outside, and what was to be taken over is left where it is. The rows are locked in
    the order in which heartbeats lock them.
    """
    mine = (STEP.c.request_id == change.request.id, STEP.c.activity != Activity.UNDO)
    moves = is_one_of(STEP.c.status, StepStatus.RUNNING, StepStatus.VERIFYING, StepStatus.INDETERMINATE)
    outside = (STEP.c.status == StepStatus.WAITING) & STEP.c.activity.in_((Activity.POLL, Activity.ADOPT))
    now = func.clock_timestamp()
    ordered = select(STEP.c.id).where(*mine, moves | outside).order_by(STEP.c.id).with_for_update(key_share=True)
    change.connection.execute(
        update(STEP)
        .where(STEP.c.id.in_(ordered))
        .values(stop_wanted=True, deadline=func.least(STEP.c.deadline, now + PATIENCE))
    )
    return change.connection.execute(update(STEP).where(*mine, outside).values(check_after=now)).rowcount


def open_tickets(change: Change) -> list[Row[Any]]:
    """The request's open tickets, oldest first."""
    mine = (TICKET.c.request_id == change.request.id, TICKET.c.status.in_(sorted(TICKET_OPEN)))
    return list(change.connection.execute(select(TICKET).where(*mine).order_by(TICKET.c.created_at)))


def close_attempts(change: Change, step: Any, status: AttemptStatus, *, unknown: bool = False) -> None:
    """End the attempt that has waited for a person; with `unknown` also one of which a person has found out how it ended."""
    open_still = (AttemptStatus.WAITING, AttemptStatus.INDETERMINATE) if unknown else (AttemptStatus.WAITING,)
    waits = (ATTEMPT.c.step_id == step, ATTEMPT.c.status.in_(open_still))
    change.connection.execute(update(ATTEMPT).where(*waits).values(status=status, completed_at=func.clock_timestamp()))
