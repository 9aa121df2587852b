"""What happens to the approvals of a request as a whole: they are asked for, dropped, or all there, so that it may begin."""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, case, func, insert, literal_column, select, update

from app.core.approvals import NeededApproval, digest
from app.core.statuses import BEFORE_BUILDING, ApprovalStatus, RequestStatus
from app.lifecycle.engine import stopping
from app.lifecycle.engine.scopes import Scopes
from app.lifecycle.engine.settle import settle
from app.lifecycle.write import Change
from app.models import APPROVAL_NUMBERS
from app.models.tables import APPROVAL, ITEM, MESSAGE, REQUEST, is_one_of

EVER: ColumnElement[Any] = literal_column("'-infinity'::timestamptz")


def ask(change: Change, needed: Iterable[NeededApproval]) -> None:
    """Ask for the approvals that the request needs as it is now; it waits for them."""
    pinned = digest_of(change.connection, change.request.id)
    change.move_request(RequestStatus.PENDING_APPROVAL, RequestStatus.SUBMITTED)
    for position, one in enumerate(needed, 1):
        approval_id = f"APR-{change.connection.scalar(APPROVAL_NUMBERS)}"
        change.connection.execute(insert(APPROVAL).values(approval_id=approval_id, **_row(change, one, position, pinned)))
        change.tell("approval.asked", None, approval_id=approval_id, asked=one.by.key, count=one.count)
        change.audit("approval.asked", f"approval:{approval_id}", asked=one.by.key, count=one.count, digest=pinned)


def _row(change: Change, needed: NeededApproval, position: int, pinned: str) -> dict[str, Any]:
    now = func.clock_timestamp()
    return {
        "request_id": change.request.id,
        "requester_id": change.request.requester_id,
        "position": position,
        "status": ApprovalStatus.PENDING,
        "asked": needed.by.key,
        "voters": [needed.by.key],
        "needed": needed.count,
        "reason": needed.reason,
        "digest": pinned,
        "on_timeout": needed.on_timeout,
        "escalate_to": needed.escalate_to.key,
        "remind_at": now + needed.remind,
        "due_at": now + needed.timeout,
        "next_at": now + needed.remind,
    }


def digest_of(connection: Connection, request: uuid.UUID) -> str:
    """What is there to approve, from the request's rows as they are stored."""
    row = connection.execute(select(REQUEST).where(REQUEST.c.id == request)).one()
    taken = select(ITEM.c.alias, ITEM.c.catalog_item, ITEM.c.version).where(ITEM.c.request_id == request)
    versions = {item.alias: f"{item.catalog_item} {item.version}" for item in connection.execute(taken)}
    return digest(
        bundle_parameters=row.bundle_parameters,
        item_parameters=row.item_parameters,
        selected=row.selected,
        versions={"": f"{row.catalog_name} {row.catalog_version}", **versions},
        price=row.price,
    )


def pending(connection: Connection, request: uuid.UUID) -> list[Row[Any]]:
    """The approvals that are still waited for, in their order."""
    mine = (APPROVAL.c.request_id == request, is_one_of(APPROVAL.c.status, ApprovalStatus.PENDING))
    return list(connection.execute(select(APPROVAL).where(*mine).order_by(APPROVAL.c.position)))


def void(change: Change, *, agreed_too: bool = False) -> None:
    """Nobody has to say anything any more; with `agreed_too` what was agreed counts no more either."""
    statuses = [ApprovalStatus.PENDING, *([ApprovalStatus.APPROVED] if agreed_too else [])]
    mine = (APPROVAL.c.request_id == change.request.id, APPROVAL.c.status.in_(statuses))
    for key in change.connection.scalars(select(APPROVAL.c.id).where(*mine).order_by(APPROVAL.c.position)).all():
        change.move_approval(key, ApprovalStatus.VOID)


def drop(change: Change, target: RequestStatus, reason: str) -> None:
    """End a request that was not approved yet, as `target`: nothing of it was begun."""
    void(change)
    stopping.cancel_unstarted(change)
    change.move_request(target, *sorted(BEFORE_BUILDING), failure=reason)


def let_begin(change: Change, scopes: Scopes, *, turn: bool, timeout: timedelta | None) -> int:
    """Everybody has agreed: it is built, or waits for its turn. Answers how many steps became ready.

    timeout: how long building may take.
    """
    deadline = func.clock_timestamp() + timeout if timeout else None
    change.move_request(
        RequestStatus.IN_PROGRESS, RequestStatus.PENDING_APPROVAL, unapproved=False, admitted=turn, deadline=deadline
    )
    change.admitted = turn
    if not turn:
        change.decided("request.queued")
        return 0
    return settle(change, scopes)


def hold(change: Change) -> None:
    """Stop the clocks of what is waited for: the requester is asked something."""
    _times(change, next_at=None)


def held_since(change: Change) -> Any:
    """When the first question was asked that is not answered yet."""
    mine = MESSAGE.c.request_id == change.request.id
    last = select(func.max(MESSAGE.c.created_at)).where(mine, MESSAGE.c.kind != "question").scalar_subquery()
    asked = select(func.min(MESSAGE.c.created_at)).where(mine, MESSAGE.c.kind == "question")
    return change.connection.scalar(asked.where(MESSAGE.c.created_at > func.coalesce(last, EVER)))


def go_on(change: Change, since: Any) -> None:
    """Let the clocks go on that have stood still since then (a time, from `held_since`)."""
    stood = func.clock_timestamp() - since
    remind, due = APPROVAL.c.remind_at + stood, APPROVAL.c.due_at + stood
    _times(change, remind_at=remind, due_at=due)
    _times(change, next_at=next_of())


def next_of() -> Any:
    """When the sweep has something to do for an approval, from its own columns: remind, then escalate or reject."""
    return case(
        (APPROVAL.c.escalated_at.is_not(None), None),
        (APPROVAL.c.reminded_at.is_(None), APPROVAL.c.remind_at),
        else_=APPROVAL.c.due_at,
    )


def _times(change: Change, **values: Any) -> None:
    mine = (APPROVAL.c.request_id == change.request.id, is_one_of(APPROVAL.c.status, ApprovalStatus.PENDING))
    change.connection.execute(update(APPROVAL).where(*mine).values(**values))
