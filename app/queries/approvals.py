"""What waits for people to agree: lists, one approval with the request it is about, and how many wait for somebody."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import array

from app.core.access import Person
from app.core.approvals import keys_of
from app.core.statuses import ApprovalStatus, RequestStatus
from app.errors import NotFound
from app.models import User
from app.models.tables import APPROVAL, REQUEST, VOTE, is_one_of
from app.queries.approval_values import Approval, approval, votes_of
from app.queries.paging import Cursors, Page, page
from app.queries.reader import Reader
from app.queries.requests import teams_of, visible

PURPOSE = "approvals"
MOST = 100
"""How far is counted what waits for somebody."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An approval with what lists say of its request. price: as it is kept with the request."""

    it: Approval
    request_id: str
    title: str
    catalog_kind: str
    catalog_name: str
    catalog_title: str
    catalog_version: str
    request_status: str
    requester_name: str
    requester_user_id: str
    requester_team: str
    price: dict[str, Any] | None

    @property
    def waits(self) -> bool:
        """Whether approvers move: it is not decided, and the requester is not asked."""
        return self.it.pending and self.request_status == RequestStatus.PENDING_APPROVAL


@dataclass(frozen=True, slots=True)
class Filters:
    """What the list is narrowed to. waiting: only what the person can decide now."""

    statuses: Sequence[str] = ()
    waiting: bool = False


def listing(
    session: Reader, person: Person, filters: Filters, limit: int, cursor: str | None, cursors: Cursors
) -> Page[Listed]:
    """Approvals that the person is asked for, never of their own orders, oldest first. Cost: two reads."""
    statement = _listed().where(_asked(person), APPROVAL.c.requester_id != person.id)
    if filters.statuses:
        statement = statement.where(APPROVAL.c.status.in_(filters.statuses))
    if filters.waiting:
        statement = statement.where(*_waiting(person))
    if cursor is not None:
        at, key = cursors.read(PURPOSE, cursor)
        after = (datetime.fromisoformat(at), uuid.UUID(key))
        statement = statement.where(tuple_(APPROVAL.c.created_at, APPROVAL.c.id) > after)
    rows = session.execute(statement.order_by(APPROVAL.c.created_at, APPROVAL.c.id).limit(limit + 1)).all()
    votes = votes_of(session, [row.id for row in rows])
    return page(
        rows,
        limit,
        lambda row: (row.created_at.isoformat(), str(row.id)),
        lambda row: _value(row, votes.get(row.id, ())),
        cursors,
        PURPOSE,
    )


def one(session: Reader, person: Person, approval_id: str) -> Listed:
    """One approval, for those who are asked and those who see the request. Raises NotFound."""
    asked_or_seen = or_(_asked(person), visible(person))
    row = session.execute(_listed().where(APPROVAL.c.approval_id == approval_id, asked_or_seen), teams_of(person)).one_or_none()
    if row is None:
        raise NotFound(f"There is no approval {approval_id}, or none that you may see.")
    return _value(row, votes_of(session, [row.id]).get(row.id, ()))


def waiting_for(session: Reader, person: Person) -> int:
    """How many approvals wait for the person now, at most `MOST`. Cost: one read by the index of those that wait."""
    waiting = select(APPROVAL.c.id).join(REQUEST, REQUEST.c.id == APPROVAL.c.request_id)
    rows = waiting.where(_asked(person), APPROVAL.c.requester_id != person.id, *_waiting(person)).limit(MOST).subquery()
    return session.scalar(select(func.count()).select_from(rows)) or 0


def _waiting(person: Person) -> tuple[ColumnElement[bool], ...]:
    voted = select(VOTE.c.id).where(VOTE.c.approval_id == APPROVAL.c.id, VOTE.c.person_id == person.id).exists()
    pending = is_one_of(APPROVAL.c.status, ApprovalStatus.PENDING)
    return pending, REQUEST.c.status == RequestStatus.PENDING_APPROVAL, ~voted


def _asked(person: Person) -> ColumnElement[bool]:
    """The rule of `core.approvals.may_approve` in SQL, but for one's own orders."""
    keys = sorted(keys_of(person))
    return APPROVAL.c.voters.op("?|")(array(keys)) if keys else APPROVAL.c.id.is_(None)


def _listed() -> Select[Any]:
    return (
        select(
            APPROVAL,
            REQUEST.c.request_id.label("public_request_id"),
            REQUEST.c.title,
            REQUEST.c.catalog_kind,
            REQUEST.c.catalog_name,
            REQUEST.c.catalog_title,
            REQUEST.c.catalog_version,
            REQUEST.c.status.label("request_status"),
            REQUEST.c.requester_user_id,
            REQUEST.c.requester_team,
            REQUEST.c.price,
            User.name.label("requester_name"),
        )
        .join(REQUEST, REQUEST.c.id == APPROVAL.c.request_id)
        .join(User, User.id == REQUEST.c.requester_id)
    )


def _value(row: Row[Any], votes: Any) -> Listed:
    return Listed(
        it=approval(row, votes),
        request_id=row.public_request_id,
        title=row.title,
        catalog_kind=row.catalog_kind,
        catalog_name=row.catalog_name,
        catalog_title=row.catalog_title,
        catalog_version=row.catalog_version,
        request_status=row.request_status,
        requester_name=row.requester_name,
        requester_user_id=row.requester_user_id,
        requester_team=row.requester_team,
        price=row.price,
    )
