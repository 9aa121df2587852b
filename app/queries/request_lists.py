"""Lists of requests, newest first: the same cost at a thousand requests and at a million."""

import uuid
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, String, Subquery, cast, func, select, true, tuple_
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.access import Person
from app.core.statuses import REQUEST_ENDED
from app.models import User
from app.models.tables import REQUEST, REQUEST_TEAM, STEP
from app.queries.paging import Cursors, Page, page
from app.queries.reader import Reader
from app.queries.requests import SUMMARY, summary, visible
from app.queries.shapes import Summary

PURPOSE = "requests"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of requests is narrowed to. mine: only what the person ordered; team: only what that team ordered."""

    statuses: Sequence[str] = ()
    mine: bool = False
    team: str | None = None
    catalog_name: str | None = None


def listing(
    session: Reader, person: Person, filters: Filters, limit: int, cursor: str | None, cursors: Cursors
) -> Page[Summary]:
    """Requests that the person may see, newest first. Cost: one keyset read and one count of the page's steps."""
    after = None
    if cursor is not None:
        at, key = cursors.read(PURPOSE, cursor)
        after = (datetime.fromisoformat(at), uuid.UUID(key))
    keys = _keys(person, filters, limit + 1, after)
    statement: Select[tuple[object, ...]] = select(*SUMMARY).join(keys, keys.c.id == REQUEST.c.id)
    by_name = statement.join(User, User.id == REQUEST.c.requester_id)
    rows = session.execute(by_name.order_by(REQUEST.c.created_at.desc(), REQUEST.c.id.desc())).all()
    counts = _step_counts(session, [row.id for row in rows[:limit]])
    return page(
        rows,
        limit,
        lambda row: (row.created_at.isoformat(), str(row.id)),
        lambda row: summary(row, counts.get(row.id, {})),
        cursors,
        PURPOSE,
    )


After = tuple[datetime, uuid.UUID]
"""The sort key of the last request of the page before."""


def _keys(person: Person, filters: Filters, number: int, after: After | None) -> Subquery:
    """The first `number` requests of the list, by key."""
    if person.is_admin or filters.mine or filters.team or _open(filters):
        found = select(REQUEST.c.created_at, REQUEST.c.id).where(visible(person), *_narrowed(person, filters))
        return _newest(found, REQUEST.c.created_at, REQUEST.c.id, number, after).subquery()
    return _of_teams(person, filters, number, after)


def _of_teams(person: Person, filters: Filters, number: int, after: After | None) -> Subquery:
    """What any of the person's teams sees: the newest of each team out of an index, then the newest of those.

    One condition over all teams would have the planner walk through everybody's requests to find those of a small team.
    """
    teams = func.unnest(cast(sorted(person.teams), ARRAY(String))).table_valued("team", name="teams").render_derived()
    seen = select(REQUEST_TEAM.c.created_at, REQUEST_TEAM.c.request_id.label("id")).where(REQUEST_TEAM.c.team == teams.c.team)
    if narrowed := _narrowed(person, filters):
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


def _narrowed(person: Person, filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
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
    return conditions


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
