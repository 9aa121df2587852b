"""What the live streams read: for all their watchers in one statement each, however many there are.

Who may watch what was decided at the door by the guards; `still_allowed` asks the same of everybody again, from the rows.
"""

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    TIMESTAMP,
    Boolean,
    Integer,
    String,
    TableValuedAlias,
    Uuid,
    and_,
    bindparam,
    column,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.type_api import TypeEngine

from app.core.access import Person
from app.core.statuses import AttemptStatus
from app.errors import NotFound
from app.models import AccessToken, Team, TeamMember, User, UserSession
from app.models.tables import ATTEMPT, EVENT, LOG, REQUEST, STEP
from app.queries.reader import Reader
from app.queries.requests import teams_of, visible
from app.queries.shapes import Event, Line

GOES_ON = (AttemptStatus.RUNNING, AttemptStatus.WAITING)


@dataclass(frozen=True, slots=True)
class News:
    """The next events of a request. last: the number of its newest one; ended: nothing more comes by itself."""

    events: Sequence[Event]
    last: int
    ended: bool


@dataclass(frozen=True, slots=True)
class Lines:
    """The next lines of a log. ended: its attempt is over, and these were the last ones unless there are `limit` of them."""

    lines: Sequence[Line]
    ended: bool


@dataclass(frozen=True, slots=True)
class Watcher:
    """Who watches which request, by what right: a session, a personal token, or a right that ends at `until`."""

    request: uuid.UUID
    user: uuid.UUID
    session: uuid.UUID | None = None
    token: uuid.UUID | None = None
    until: datetime | None = None


def _given(**columns: TypeEngine[Any]) -> TableValuedAlias:
    """A table made of one array parameter for each column: its text is the same for any number of rows."""
    arrays = [bindparam(name, type_=ARRAY(kind)) for name, kind in columns.items()]
    return func.unnest(*arrays).table_valued(*(column(name, kind) for name, kind in columns.items())).render_derived("given")


_WANTED = _given(id=Uuid(), after=Integer())
_NEXT = (
    select(EVENT)
    .where(EVENT.c.request_id == _WANTED.c.id, EVENT.c.number > _WANTED.c.after)
    .order_by(EVENT.c.number)
    .limit(bindparam("most", type_=Integer()))
    .lateral("told")
)
# One statement, one snapshot: a request that says it has ended has told everything up to its last event.
_NEWS = (
    select(REQUEST.c.id, REQUEST.c.last_event, REQUEST.c.completed_at, _NEXT)
    .select_from(_WANTED.join(REQUEST, REQUEST.c.id == _WANTED.c.id).outerjoin(_NEXT, true()))
    .order_by(REQUEST.c.id, _NEXT.c.number)
)


def news(session: Reader, after: Mapping[uuid.UUID, int], limit: int) -> dict[uuid.UUID, News]:
    """For each request, at most `limit` events numbered above the given one, oldest first. One that is gone is left out."""
    rows = session.execute(_NEWS, {"id": list(after), "after": list(after.values()), "most": limit})
    found: dict[uuid.UUID, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.id].append(row)
    return {key: _news(those) for key, those in found.items()}


def _news(rows: Sequence[Any]) -> News:
    events = [
        Event(row.number, row.kind, row.occurred_at, row.actor, row.step_id, row.payload)
        for row in rows
        if row.number is not None
    ]
    return News(events, rows[0].last_event, rows[0].completed_at is not None)


_HEADS = select(REQUEST.c.id, REQUEST.c.last_event, REQUEST.c.completed_at).where(
    REQUEST.c.id == func.any(bindparam("ids", type_=ARRAY(Uuid())))
)


def heads(session: Reader, requests: Collection[uuid.UUID]) -> dict[uuid.UUID, tuple[int, bool]]:
    """For each request the number of its newest event, and whether it has ended. Cost: one index read each."""
    rows = session.execute(_HEADS, {"ids": list(requests)})
    return {row.id: (row.last_event, row.completed_at is not None) for row in rows}


_LOGS = _given(step=Uuid(), attempt=Integer(), after=Integer())
_NEXT_LINES = (
    select(LOG.c.number, LOG.c.logged_at, LOG.c.line)
    .where(LOG.c.step_id == _LOGS.c.step, LOG.c.attempt_number == _LOGS.c.attempt, LOG.c.number > _LOGS.c.after)
    .order_by(LOG.c.number)
    .limit(bindparam("most", type_=Integer()))
    .lateral("lines")
)
_LINES = (
    select(_LOGS.c.step, _LOGS.c.attempt, ATTEMPT.c.status, _NEXT_LINES)
    .select_from(
        _LOGS.outerjoin(
            ATTEMPT, and_(ATTEMPT.c.step_id == _LOGS.c.step, ATTEMPT.c.attempt_number == _LOGS.c.attempt)
        ).outerjoin(_NEXT_LINES, true())
    )
    .order_by(_LOGS.c.step, _LOGS.c.attempt, _NEXT_LINES.c.number)
)


def lines(session: Reader, after: Mapping[tuple[uuid.UUID, int], int], limit: int) -> dict[tuple[uuid.UUID, int], Lines]:
    """For each log (the key of a step, the number of an attempt), at most `limit` lines above the given one, oldest first."""
    given = {"step": [key[0] for key in after], "attempt": [key[1] for key in after], "after": list(after.values())}
    found: dict[tuple[uuid.UUID, int], list[Any]] = defaultdict(list)
    for row in session.execute(_LINES, {**given, "most": limit}):
        found[row.step, row.attempt].append(row)
    return {
        key: Lines(
            [Line(row.number, row.logged_at, row.line) for row in rows if row.number is not None],
            rows[0].status not in GOES_ON,
        )
        for key, rows in found.items()
    }


_WATCHERS = _given(place=Integer(), request=Uuid(), who=Uuid(), session=Uuid(), token=Uuid(), until=TIMESTAMP(timezone=True))
_MEMBER = select(Team.id).join(TeamMember, TeamMember.team_id == Team.id).where(TeamMember.user_id == User.id)
_SEES = or_(
    _MEMBER.where(Team.name == bindparam("admin_team", type_=String())).exists(),
    _MEMBER.where(or_(Team.name == REQUEST.c.requester_team, REQUEST.c.owner_teams.op("?")(Team.name))).exists(),
)
_HOLDS = or_(
    and_(UserSession.ended_at.is_(None), UserSession.expires_at > func.clock_timestamp()),
    and_(AccessToken.revoked_at.is_(None), AccessToken.expires_at > func.clock_timestamp()),
    _WATCHERS.c.until > func.clock_timestamp(),
)
_FRESH = or_(
    bindparam("stale_is_fine", type_=Boolean()),
    User.seen_at > func.clock_timestamp() - bindparam("fresh_for", type_=None),
)
_ALLOWED = (
    select(_WATCHERS.c.place)
    .join(User, User.id == _WATCHERS.c.who)
    .join(REQUEST, REQUEST.c.id == _WATCHERS.c.request)
    .outerjoin(UserSession, UserSession.id == _WATCHERS.c.session)
    .outerjoin(AccessToken, AccessToken.id == _WATCHERS.c.token)
    .where(_HOLDS, _FRESH, _SEES)
)


def still_allowed(session: Reader, watchers: Sequence[Watcher], admin_team: str, fresh_for: timedelta | None) -> frozenset[int]:
    """The places in `watchers` of those who may go on, by the rules of `identity` and of `queries.requests.visible`.

    fresh_for: how old the last word of the sign-in provider about somebody's teams may be; None: of any age.
    """
    rows = session.execute(
        _ALLOWED,
        {
            "place": list(range(len(watchers))),
            "request": [one.request for one in watchers],
            "who": [one.user for one in watchers],
            "session": [one.session for one in watchers],
            "token": [one.token for one in watchers],
            "until": [one.until for one in watchers],
            "admin_team": admin_team,
            "fresh_for": fresh_for or timedelta(),
            "stale_is_fine": fresh_for is None,
        },
    )
    return frozenset(row.place for row in rows)


@dataclass(frozen=True, slots=True)
class Head:
    """Where a request stands. key: of its row; last: the number of its newest event; ended: nothing more comes by itself."""

    key: uuid.UUID
    last: int
    ended: bool


def head(session: Reader, person: Person, request_id: str) -> Head:
    """Where a request stands. Raises NotFound, also for what the person may not see."""
    row = session.execute(
        select(REQUEST.c.id, REQUEST.c.last_event, REQUEST.c.completed_at).where(
            REQUEST.c.request_id == request_id, visible(person)
        ),
        teams_of(person),
    ).one_or_none()
    if row is None:
        raise NotFound(f"There is no request {request_id}, or none that you may see.")
    return Head(row.id, row.last_event, row.completed_at is not None)


@dataclass(frozen=True, slots=True)
class LogHead:
    """A log that can be followed. step: the key of its row; attempt: 0 before the first; goes_on: lines may still come."""

    step: uuid.UUID
    attempt: int
    goes_on: bool


def log_head(session: Reader, request: uuid.UUID, step_id: str, attempt: int | None) -> LogHead:
    """The log of an attempt, of the newest one without `attempt`. Raises NotFound."""
    row = session.execute(
        select(STEP.c.id, STEP.c.attempt).where(STEP.c.request_id == request, STEP.c.step_id == step_id)
    ).one_or_none()
    if row is None or (attempt is not None and not 1 <= attempt <= row.attempt):
        raise NotFound("There is no such attempt.")
    number = attempt or row.attempt
    status = session.scalar(select(ATTEMPT.c.status).where(ATTEMPT.c.step_id == row.id, ATTEMPT.c.attempt_number == number))
    return LogHead(row.id, number, status in GOES_ON)
