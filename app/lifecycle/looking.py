"""A request as `core.decisions` sees it, read under its lock."""

import uuid
from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, select

from app.core.decisions import Look, StepLook
from app.core.statuses import AttemptStatus, RequestStatus, StepStatus
from app.lifecycle.engine import stopping
from app.lifecycle.write import Change
from app.models.tables import ATTEMPT, STEP, is_one_of


def look_at(change: Change) -> Look:
    """The request as decisions see it, under its lock."""
    rows = list(change.connection.execute(select(STEP).where(STEP.c.request_id == change.request.id).order_by(STEP.c.position)))
    asked = {ticket.step_id: ticket for ticket in stopping.open_tickets(change)}
    unsure = _unsure(change.connection, change.request.id)
    again = [row.id for row in rows if row.completed_at is None and row.attempt_group > 1]
    had_effect = _had_effect(change.connection, again) if again else set()

    def seen(row: Row[Any]) -> StepLook:
        ticket = asked.get(row.id)
        return StepLook(
            step_id=row.step_id,
            title=row.step_title,
            kind=row.kind,
            status=StepStatus(row.status),
            attempt=row.attempt,
            undo_how=row.step_config.get("undo", "person"),
            undo=row.undo,
            managed_by=row.managed_by,
            ticket_status=ticket.status if ticket else None,
            ticket_type=ticket.ticket_type if ticket else None,
            read_by=tuple(row.step_config.get("read_by") or ()),
            unsure=row.id in unsure,
            depends_on=tuple(row.depends_on),
            repeatable=bool(row.step_config.get("repeatable")),
            took_effect=row.id in had_effect,
        )

    request, looks = change.request, [seen(row) for row in rows]
    return Look(RequestStatus(change.status), looks, given_up=request.failure is not None, unapproved=request.unapproved)


def _unsure(connection: Connection, request: uuid.UUID) -> set[uuid.UUID]:
    """The steps of whose last attempt nobody ever found out what had become."""
    last = (ATTEMPT.c.step_id == STEP.c.id) & (ATTEMPT.c.attempt_number == STEP.c.attempt)
    statement = select(STEP.c.id).join(ATTEMPT, last).where(STEP.c.request_id == request)
    return set(connection.scalars(statement.where(is_one_of(ATTEMPT.c.status, AttemptStatus.INDETERMINATE))))


def _had_effect(connection: Connection, steps: Collection[uuid.UUID]) -> set[uuid.UUID]:
    """Those of the steps of which some attempt was completed."""
    done = (ATTEMPT.c.step_id.in_(steps), is_one_of(ATTEMPT.c.status, AttemptStatus.COMPLETED))
    return set(connection.scalars(select(ATTEMPT.c.step_id).where(*done)))
