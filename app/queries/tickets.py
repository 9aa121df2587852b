"""The manual queue, read-only: what waits for people, and one ticket with all that is needed to finish it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select, tuple_
from sqlalchemy.orm import aliased

from app.core.access import Person, may_work_ticket
from app.core.statuses import TICKET_OPEN
from app.errors import NotFound
from app.models import User
from app.models.tables import COMMENT, REQUEST, STEP, TICKET
from app.queries.catalog import TABLES
from app.queries.paging import Cursors, Page, page
from app.queries.reader import Reader
from app.queries.requests import teams_of, visible

CLAIMER, RESOLVER, REQUESTER = aliased(User), aliased(User), aliased(User)


@dataclass(frozen=True, slots=True)
class Ticket:
    """One ticket with the request and the step that it is about. inputs are masked; outputs_form offers defaults."""

    ticket_id: str
    request_id: str
    request_title: str
    requester_name: str
    requester_team: str
    catalog_title: str
    step_id: str
    step_name: str
    step_title: str
    step_type: str
    item: str | None
    status: str
    type: str
    owner_team: str
    claimed_by: str | None
    claimed_by_user_id: str | None
    resolved_by: str | None
    title: str
    instructions: str
    error: Mapping[str, Any] | None
    inputs: Mapping[str, Any]
    outputs_form: Mapping[str, Any]
    resolution: Mapping[str, Any] | None
    system: str
    external_id: str | None
    external_url: str | None
    created_at: datetime
    claimed_at: datetime | None
    due_at: datetime | None
    resolved_at: datetime | None
    workable: bool
    """Whether the person who reads may work it."""
    adoption: Mapping[str, Any] | None = None
    """`{adopt: [{address, id}], outputs, by, comment, from, error?}`, without secret outputs."""

    @property
    def open(self) -> bool:
        """Whether it still waits for somebody."""
        return self.status in TICKET_OPEN


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody wrote on a ticket."""

    author: str
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Filters:
    """What the queue is narrowed to. mine: claimed by the person; workable: only what the person's teams own."""

    statuses: Sequence[str] = ()
    owner_team: str | None = None
    mine: bool = False
    workable: bool = False
    request_id: str | None = None


def queue(session: Reader, person: Person, filters: Filters, limit: int, cursor: str | None, cursors: Cursors) -> Page[Ticket]:
    """Tickets of requests that the person may see, oldest first."""
    statement = _tickets().where(visible(person), *_narrowed(person, filters))
    if cursor is not None:
        at, key = cursors.read("tickets", cursor)
        statement = statement.where(tuple_(TICKET.c.created_at, TICKET.c.id) > (datetime.fromisoformat(at), uuid.UUID(key)))
    oldest = statement.order_by(TICKET.c.created_at, TICKET.c.id).limit(limit + 1)
    rows = session.execute(oldest, teams_of(person)).all()
    return page(
        rows, limit, lambda row: (row.created_at.isoformat(), str(row.id)), lambda row: _ticket(row, person), cursors, "tickets"
    )


def ticket(session: Reader, person: Person, ticket_id: str) -> Ticket:
    """One ticket. Raises NotFound, also for what the person may not see."""
    row = session.execute(_tickets().where(TICKET.c.ticket_id == ticket_id, visible(person)), teams_of(person)).one_or_none()
    if row is None:
        raise NotFound(f"There is no ticket {ticket_id}, or none that you may see.")
    return _ticket(row, person)


def comments(session: Reader, person: Person, ticket_id: str) -> Sequence[Comment]:
    """What was written on a ticket, oldest first. Raises NotFound."""
    ticket(session, person, ticket_id)
    rows = session.execute(
        select(COMMENT)
        .join(TICKET, TICKET.c.id == COMMENT.c.ticket_id)
        .where(TICKET.c.ticket_id == ticket_id)
        .order_by(COMMENT.c.created_at, COMMENT.c.id)
    )
    return [Comment(row.author_name, row.text, row.created_at) for row in rows]


def waiting_for(session: Reader, person: Person) -> int:
    """How many open tickets the person's teams own: the number beside "Queue". Cost: one index range."""
    statement = select(func.count()).select_from(TICKET).where(TICKET.c.status.in_(sorted(TICKET_OPEN)))
    return session.scalar(statement.where(_own(person))) or 0


def works_tickets(session: Reader, person: Person) -> bool:
    """Whether the person is of a platform team: one that owns something in the catalog or has ever had a ticket."""
    if person.is_admin:
        return True
    teams = sorted(person.teams)
    owns = [select(table.c.id).where(table.c.owner.in_(teams)).exists() for table in TABLES.values()]
    had = select(TICKET.c.id).where(TICKET.c.owner_team.in_(teams)).exists()
    return bool(session.scalar(select(or_(had, *owns))))


def _own(person: Person) -> ColumnElement[bool]:
    return TICKET.c.id.is_not(None) if person.is_admin else TICKET.c.owner_team.in_(sorted(person.teams))


def _narrowed(person: Person, filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if filters.statuses:
        conditions.append(TICKET.c.status.in_(filters.statuses))
    if filters.owner_team:
        conditions.append(TICKET.c.owner_team == filters.owner_team)
    if filters.mine:
        conditions.append(TICKET.c.claimed_by_id == person.id)
    if filters.workable:
        conditions.append(_own(person))
    if filters.request_id:
        conditions.append(REQUEST.c.request_id == filters.request_id)
    return conditions


def _tickets() -> Any:
    return (
        select(
            TICKET,
            REQUEST.c.request_id.label("public_request_id"),
            REQUEST.c.title.label("request_title"),
            REQUEST.c.requester_team,
            REQUEST.c.catalog_title,
            STEP.c.step_id.label("public_step_id"),
            STEP.c.step_name,
            STEP.c.step_title,
            STEP.c.step_type,
            STEP.c.item_alias,
            REQUESTER.name.label("requester_name"),
            CLAIMER.name.label("claimer_name"),
            CLAIMER.subject.label("claimer_subject"),
            RESOLVER.name.label("resolver_name"),
        )
        .join(REQUEST, REQUEST.c.id == TICKET.c.request_id)
        .join(STEP, STEP.c.id == TICKET.c.step_id)
        .join(REQUESTER, REQUESTER.id == REQUEST.c.requester_id)
        .outerjoin(CLAIMER, CLAIMER.id == TICKET.c.claimed_by_id)
        .outerjoin(RESOLVER, RESOLVER.id == TICKET.c.resolved_by_id)
    )


def _ticket(row: Row[Any], person: Person) -> Ticket:
    return Ticket(
        ticket_id=row.ticket_id,
        request_id=row.public_request_id,
        request_title=row.request_title,
        requester_name=row.requester_name,
        requester_team=row.requester_team,
        catalog_title=row.catalog_title,
        step_id=row.public_step_id,
        step_name=row.step_name,
        step_title=row.step_title,
        step_type=row.step_type,
        item=row.item_alias,
        status=row.status,
        type=row.ticket_type,
        owner_team=row.owner_team,
        claimed_by=row.claimer_name,
        claimed_by_user_id=row.claimer_subject,
        resolved_by=row.resolver_name,
        title=row.title,
        instructions=row.instructions,
        error=row.error,
        inputs=row.inputs,
        outputs_form=row.outputs_form,
        resolution=row.resolution,
        adoption=row.adoption,
        system=row.ticket_system,
        external_id=row.external_id,
        external_url=row.ticket_url,
        created_at=row.created_at,
        claimed_at=row.claimed_at,
        due_at=row.due_at,
        resolved_at=row.resolved_at,
        workable=may_work_ticket(person, row.owner_team),
    )
