"""Lists of requests, newest first: the same cost at a thousand requests and at a million."""

import re
import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, String, Subquery, cast, func, literal_column, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY

from app.core.access import Person
from app.core.statuses import REQUEST_ENDED
from app.models import User
from app.models.requests import FOUND_BY
from app.models.tables import REQUEST, REQUEST_TEAM, STEP
from app.queries.batches import requests_in
from app.queries.paging import Cursors, Page, page
from app.queries.reader import Reader
from app.queries.requests import SUMMARY, summary, visible
from app.queries.shapes import Summary

PURPOSE = "requests"
WORD = re.compile(r"[^\W_]+")
MOST_WORDS = 10
AT_ONCE = 1000
"""How many requests an export reads at a time."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of requests is narrowed to.

    mine: only what the person ordered; team: only what that team ordered; requester: only what somebody with this `user_id`
    ordered. created_after: from then on; created_before: until just before. batch: only what came with this batch. text:
    words, or beginnings of words, of the title and the id, all of which must be found.
    """

    statuses: Sequence[str] = ()
    mine: bool = False
    team: str | None = None
    catalog_name: str | None = None
    requester: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    batch: str | None = None
    text: str | None = None


def listing(
    session: Reader, person: Person, filters: Filters, limit: int, cursor: str | None, cursors: Cursors
) -> Page[Summary]:
    """Requests that the person may see, newest first. Cost: one keyset read and one count of the page's steps."""
    after = None
    if cursor is not None:
        at, key = cursors.read(PURPOSE, cursor)
        after = (datetime.fromisoformat(at), uuid.UUID(key))
    rows = _read(session, person, filters, limit + 1, after)
    counts = _step_counts(session, [row.id for row in rows[:limit]])
    return page(
        rows,
        limit,
        lambda row: (row.created_at.isoformat(), str(row.id)),
        lambda row: summary(row, counts.get(row.id, {})),
        cursors,
        PURPOSE,
    )


def every(session: Reader, person: Person, filters: Filters, most: int) -> Iterator[Summary]:
    """The same list without pages, at most `most` of it, read piece by piece: no transaction stays open between two pieces."""
    after = None
    while most > 0:
        rows = _read(session, person, filters, min(AT_ONCE, most), after)
        counts = _step_counts(session, [row.id for row in rows])
        session.rollback()
        yield from (summary(row, counts.get(row.id, {})) for row in rows)
        if len(rows) < min(AT_ONCE, most):
            return
        most -= len(rows)
        after = (rows[-1].created_at, rows[-1].id)


After = tuple[datetime, uuid.UUID]
"""The sort key of the last request of the page before."""
Conditions = Sequence[ColumnElement[bool]]


def _read(session: Reader, person: Person, filters: Filters, number: int, after: After | None) -> Sequence[Row[Any]]:
    keys = _keys(person, filters, _narrowed(session, person, filters), number, after)
    statement: Select[tuple[object, ...]] = select(*SUMMARY).join(keys, keys.c.id == REQUEST.c.id)
    by_name = statement.join(User, User.id == REQUEST.c.requester_id)
    return session.execute(by_name.order_by(REQUEST.c.created_at.desc(), REQUEST.c.id.desc())).all()


def _keys(person: Person, filters: Filters, narrowed: Conditions, number: int, after: After | None) -> Subquery:
    """The first `number` requests of the list, by key.

    Whatever an index of requests finds at once is looked up there; everything else walks through what the person's teams see.
    """
    if person.is_admin or filters.mine or filters.team or _open(filters) or filters.requester or filters.batch or filters.text:
        found = select(REQUEST.c.created_at, REQUEST.c.id).where(visible(person), *narrowed)
        return _newest(found, REQUEST.c.created_at, REQUEST.c.id, number, after).subquery()
    return _of_teams(person, filters, narrowed, number, after)


def _of_teams(person: Person, filters: Filters, narrowed: Conditions, number: int, after: After | None) -> Subquery:
    """What any of the person's teams sees: the newest of each team out of an index, then the newest of those.

    One condition over all teams would have the planner walk through everybody's requests to find those of a small team.
    """
    teams = func.unnest(cast(sorted(person.teams), ARRAY(String))).table_valued("team", name="teams").render_derived()
    seen = select(REQUEST_TEAM.c.created_at, REQUEST_TEAM.c.request_id.label("id")).where(REQUEST_TEAM.c.team == teams.c.team)
    seen = seen.where(*_between(REQUEST_TEAM.c.created_at, filters))
    if narrowed:
        seen = seen.join(REQUEST, REQUEST.c.id == REQUEST_TEAM.c.request_id).where(*narrowed)
    each = _newest(seen, REQUEST_TEAM.c.created_at, REQUEST_TEAM.c.request_id, number, after).lateral()
    either = select(each.c.created_at, each.c.id).select_from(teams).join(each, true()).distinct()
    return either.order_by(each.c.created_at.desc(), each.c.id.desc()).limit(number).subquery()


def _newest(
    found: Select[tuple[datetime, uuid.UUID]],
    at: ColumnElement[datetime],
    key: ColumnElement[uuid.UUID],
    number: int,
    after: After | None,
) -> Select[tuple[datetime, uuid.UUID]]:
    if after is not None:
        found = found.where(tuple_(at, key) < after)
    return found.order_by(at.desc(), key.desc()).limit(number)


def _narrowed(session: Reader, person: Person, filters: Filters) -> list[ColumnElement[bool]]:
    """What is asked of a request besides that the person may see it. Cost: a look-up each for a requester and a batch."""
    conditions = _between(REQUEST.c.created_at, filters)
    if filters.statuses:
        conditions.append(REQUEST.c.status.in_(filters.statuses))
    if _open(filters):
        conditions.append(REQUEST.c.completed_at.is_(None))  # an index holds those alone
    if filters.mine:
        conditions.append(REQUEST.c.requester_id == person.id)
    if filters.team:
        conditions.append(REQUEST.c.requester_team == filters.team)
    if filters.catalog_name:
        conditions.append(REQUEST.c.catalog_name == filters.catalog_name)
    if filters.requester:
        who = list(session.scalars(select(User.id).where(User.subject == filters.requester)))
        conditions.append(REQUEST.c.requester_id.in_(who))
    if filters.batch:
        conditions.append(REQUEST.c.id.in_(requests_in(session, person, filters.batch)))
    if filters.text and (words := _words(filters.text)):
        conditions.append(literal_column(FOUND_BY).op("@@")(cast(words, TSQUERY)))
    return conditions


def _between(at: ColumnElement[datetime], filters: Filters) -> list[ColumnElement[bool]]:
    since = [at >= filters.created_after] if filters.created_after else []
    return [*since, *([at < filters.created_before] if filters.created_before else [])]


def _words(text: str) -> str:
    """`'custom':* & 'port':*`, out of the words as the index has them; every id begins with `req`, which finds nothing."""
    words = [word for word in WORD.findall(text.lower()) if word != "req"][:MOST_WORDS]
    return " & ".join(f"'{word}':*" for word in words)


def _open(filters: Filters) -> bool:
    """Whether only requests that have not ended are asked for."""
    return bool(filters.statuses) and REQUEST_ENDED.isdisjoint(filters.statuses)


def _step_counts(session: Reader, requests: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, int]]:
    counts: dict[uuid.UUID, dict[str, int]] = defaultdict(dict)
    statement = (
        select(STEP.c.request_id, STEP.c.status, func.count().label("number"))
        .where(STEP.c.request_id.in_(requests), STEP.c.kind == "step")
        .group_by(STEP.c.request_id, STEP.c.status)
    )
    for row in session.execute(statement):
        counts[row.request_id][row.status] = row.number
    return counts
