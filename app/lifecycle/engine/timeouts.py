"""A request whose time is over is wound down and ends failed: what is built stays, and it can be resumed or rolled back."""

import uuid
from functools import partial

from sqlalchemy import Connection, Row, func, update

from app.core.statuses import RequestStatus, TicketStatus
from app.lifecycle import write
from app.lifecycle.engine import stopping
from app.lifecycle.engine.progress import Tools
from app.lifecycle.engine.settle import settle
from app.models.tables import REQUEST

REASON = "it took longer than a request may take"
BUILT = frozenset({RequestStatus.SUBMITTED, RequestStatus.IN_PROGRESS, RequestStatus.AWAITING_MANUAL})
"""The states in which its time runs: taking back what was built may take what it takes."""


def end(connection: Connection, request: uuid.UUID, tools: Tools) -> bool:
    """End one request at its deadline; False when it has ended already or the deadline has moved."""
    with write.change(connection, request, "system") as change:
        row = change.request
        if row.status not in BUILT or row.failure is not None or row.deadline is None or row.deadline > change.now:
            return False
        change.decided("request.timeout", deadline=row.deadline.isoformat())
        change.connection.execute(update(REQUEST).where(REQUEST.c.id == request).values(failure=REASON))
        stopping.wind_down(change, partial(_end_ticket, change))
        settle(change, tools.scopes(connection, row))
        return True


def _end_ticket(change: write.Change, ticket: Row[object]) -> None:
    ended = {"resolution": {"reason": REASON}, "resolved_at": func.clock_timestamp()}
    change.move_ticket(ticket.id, TicketStatus.REJECTED, TicketStatus.OPEN, TicketStatus.CLAIMED, **ended)
