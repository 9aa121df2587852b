"""Batches as whoever sent them reads them: what became of each row, and how its request stands now."""

import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, select, true, tuple_

from app.core.access import Person
from app.errors import NotFound
from app.models import User
from app.models.tables import BATCH, BATCH_ROW, REQUEST
from app.queries.paging import Cursors, Page, page
from app.queries.reader import Reader
from app.queries.requests import teams_of, visible

PURPOSE = "batches"


@dataclass(frozen=True, slots=True)
class BatchHead:
    """A batch as lists show it. kind, name, version: what all of its rows order, None where they order different things."""

    batch_id: str
    mode: str
    kind: str | None
    name: str | None
    version: str | None
    rows: int
    taken: int
    requester_user_id: str
    requester_name: str
    created_at: datetime

    @property
    def refused(self) -> int:
        """How many rows became no request."""
        return self.rows - self.taken


@dataclass(frozen=True, slots=True)
class BatchLine:
    """One row. order: without its secrets. request_id, title, status: of its request now; None where it became none, or one
    that the reader may not see any more. faults: as problem details tell them."""

    position: int
    key: str
    order: Mapping[str, Any]
    taken: bool
    repeated: bool
    request_id: str | None
    title: str | None
    status: str | None
    ended: bool
    faults: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class BatchDetail:
    """A batch, whole."""

    head: BatchHead
    lines: Sequence[BatchLine]

    @property
    def statuses(self) -> Mapping[str, int]:
        """How many of its requests are in which state, as far as the reader may see them."""
        return Counter(line.status for line in self.lines if line.status is not None)

    @property
    def moving(self) -> bool:
        """Whether anything in it may change by itself."""
        return any(line.status is not None and not line.ended for line in self.lines)


def found(session: Reader, person: Person, batch_id: str) -> BatchDetail:
    """One batch with its rows. Raises NotFound, also for one that somebody else sent. Cost: two indexed reads."""
    row = session.execute(_heads(person).where(BATCH.c.batch_id == batch_id)).one_or_none()
    if row is None:
        raise NotFound(f"There is no batch {batch_id}, or none that you may see.")
    lines = (
        select(BATCH_ROW, REQUEST.c.request_id.label("name"), REQUEST.c.title, REQUEST.c.status, REQUEST.c.completed_at)
        .outerjoin(REQUEST, (REQUEST.c.id == BATCH_ROW.c.request_id) & visible(person))
        .where(BATCH_ROW.c.batch_id == row.id)
        .order_by(BATCH_ROW.c.position)
    )
    return BatchDetail(_head(row), [_line(one) for one in session.execute(lines, teams_of(person))])


def listing(session: Reader, person: Person, limit: int, cursor: str | None, cursors: Cursors) -> Page[BatchHead]:
    """The batches that a person sent, of administrators all, newest first."""
    statement = _heads(person)
    if cursor is not None:
        at, key = cursors.read(PURPOSE, cursor)
        before = (datetime.fromisoformat(at), uuid.UUID(key))
        statement = statement.where(tuple_(BATCH.c.created_at, BATCH.c.id) < before)
    newest = statement.order_by(BATCH.c.created_at.desc(), BATCH.c.id.desc()).limit(limit + 1)
    rows = session.execute(newest).all()
    return page(rows, limit, lambda row: (row.created_at.isoformat(), str(row.id)), _head, cursors, PURPOSE)


def requests_in(session: Reader, person: Person, batch_id: str) -> Sequence[uuid.UUID]:
    """The keys of the requests of a batch; none of a batch that there is not, or that somebody else sent."""
    rows = select(BATCH_ROW.c.request_id).join(BATCH, BATCH.c.id == BATCH_ROW.c.batch_id)
    mine = rows.where(BATCH.c.batch_id == batch_id, _seen_by(person), BATCH_ROW.c.request_id.is_not(None))
    return list(session.scalars(mine))


def _seen_by(person: Person) -> ColumnElement[bool]:
    """A batch is whoever's sent it, and administrators': its rows hold answers that were refused, maybe of several teams."""
    return true() if person.is_admin else BATCH.c.requester_id == person.id


def _heads(person: Person) -> Any:
    who = (User.subject.label("requester_user_id"), User.name.label("requester_name"))
    return select(BATCH, *who).join(User, User.id == BATCH.c.requester_id).where(_seen_by(person))


def _head(row: Row[Any]) -> BatchHead:
    return BatchHead(
        batch_id=row.batch_id,
        mode=row.mode,
        kind=row.catalog_kind,
        name=row.catalog_name,
        version=row.catalog_version,
        rows=row.rows,
        taken=row.taken,
        requester_user_id=row.requester_user_id,
        requester_name=row.requester_name,
        created_at=row.created_at,
    )


def _line(row: Row[Any]) -> BatchLine:
    return BatchLine(
        position=row.position,
        key=row.key,
        order=row.order,
        taken=row.faults is None,
        repeated=row.repeated,
        request_id=row.name,
        title=row.title,
        status=row.status,
        ended=row.completed_at is not None,
        faults=row.faults or (),
    )
