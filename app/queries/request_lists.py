"""Lists of requests, newest first: the same cost at a thousand requests and at a million."""

import re
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Integer,
    Row,
    Select,
    String,
    Subquery,
    Uuid,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    true,
    tuple_,
)
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY

from app.core.access import Person
from app.core.statuses import REQUEST_ENDED
from app.models import User
from app.models.requests import FOUND_BY
from app.models.tables import REQUEST, REQUEST_TEAM, STEP
from app.queries.batches import requests_in
from app.queries.paging import Cursors, Page, page
from app.queries.reader import Reader
from app.queries.requests import SUMMARY, TEAMS, summary, teams_of, visible
from app.queries.shapes import Summary

PURPOSE = "requests"
WORD = re.compile(r"[^\W_]+")
MOST_WORDS = 10
AT_ONCE = 1000
"""How many requests an export reads at a time."""
NUMBER: BindParameter[int] = bindparam("number", type_=Integer)
"""How many requests are read."""
RECENT = 200
"""Among so many of the newest words are looked for first: of a word that many have no index would be read to its end."""


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


def _read(session: Reader, person: Person, filters: Filters, number: int, after: After | None) -> Sequence[Row[Any]]:
    given = _given(session, person, filters)
    if after is not None:
        given |= {"after_at": after[0], "after_key": after[1]}
    values = {**given, **teams_of(person), "number": number, "recent": RECENT}
    if "words" in given and number < RECENT:
        rows = session.execute(_among_newest(_seen(person, given.keys() - {"words"}), frozenset(given)), values).all()
        if len(rows) == number:
            return rows
    return session.execute(_statement(_seen(person, given.keys()), frozenset(given)), values).all()


def _seen(person: Person, given: Collection[str]) -> ColumnElement[bool] | None:
    """Which requests the person sees; None where they are found by walking through what each team sees."""
    return None if not person.is_admin and FOUND_AT_ONCE.isdisjoint(given) else visible(person)


def _given(session: Reader, person: Person, filters: Filters) -> dict[str, Any]:
    """What is asked of a request besides that the person may see it: the names are those of `CONDITIONS` and `_between`.

    Cost: a look-up each for a requester and a batch.
    """
    given: dict[str, Any] = {
        "statuses": filters.statuses,
        "open": bool(filters.statuses) and REQUEST_ENDED.isdisjoint(filters.statuses),
        "mine": filters.mine and person.id,
        "team": filters.team,
        "catalog_name": filters.catalog_name,
        "created_after": filters.created_after,
        "created_before": filters.created_before,
        "words": filters.text and _words(filters.text),
    }
    given = {name: value for name, value in given.items() if value}
    if filters.requester:
        given["requesters"] = session.scalars(OF_SUBJECT, {"subject": filters.requester}).all()
    if filters.batch:
        given["batched"] = requests_in(session, person, filters.batch)
    return given


def _words(text: str) -> str:
    """`'custom':* & 'port':*`, out of the words as the index has them; every id begins with `req`, which finds nothing."""
    words = [word for word in WORD.findall(text.lower()) if word != "req"][:MOST_WORDS]
    return " & ".join(f"'{word}':*" for word in words)


OF_SUBJECT = select(User.id).where(User.subject == bindparam("subject"))
CONDITIONS: Mapping[str, ColumnElement[bool]] = {
    "statuses": REQUEST.c.status.in_(bindparam("statuses", expanding=True)),
    "open": REQUEST.c.completed_at.is_(None),  # an index holds those alone
    "mine": REQUEST.c.requester_id == bindparam("mine"),
    "team": REQUEST.c.requester_team == bindparam("team"),
    "catalog_name": REQUEST.c.catalog_name == bindparam("catalog_name"),
    "requesters": REQUEST.c.requester_id.in_(bindparam("requesters", expanding=True)),
    "batched": REQUEST.c.id.in_(bindparam("batched", expanding=True)),
    "words": literal_column(FOUND_BY).op("@@")(cast(bindparam("words"), TSQUERY)),
}
FOUND_AT_ONCE = frozenset({"mine", "team", "open", "requesters", "batched", "words"})
"""What an index of requests finds at once; every other list walks through what the person's teams see."""
STEP_COUNTS = (
    select(STEP.c.request_id, STEP.c.status, func.count().label("number"))
    .where(STEP.c.request_id == any_(bindparam("requests", type_=ARRAY(Uuid))), STEP.c.kind == "step")
    .group_by(STEP.c.request_id, STEP.c.status)
)


@lru_cache(maxsize=256)
def _statement(seen: ColumnElement[bool] | None, given: frozenset[str]) -> Select[Any]:
    """The list with these conditions, made once. seen: as `_seen` has it."""
    return _rows(_keys(seen, given, NUMBER))


@lru_cache(maxsize=256)
def _among_newest(seen: ColumnElement[bool] | None, given: frozenset[str]) -> Select[Any]:
    """What has the words among the newest that all other conditions leave: the beginning of the list, maybe not all of it."""
    return _rows(_keys(seen, given - {"words"}, bindparam("recent", type_=Integer))).where(CONDITIONS["words"]).limit(NUMBER)


def _rows(keys: Subquery) -> Select[Any]:
    rows: Select[Any] = select(*SUMMARY).join(keys, keys.c.id == REQUEST.c.id).join(User, User.id == REQUEST.c.requester_id)
    return rows.order_by(REQUEST.c.created_at.desc(), REQUEST.c.id.desc())


def _keys(seen: ColumnElement[bool] | None, given: frozenset[str], most: ColumnElement[int]) -> Subquery:
    return _of_teams(given, most) if seen is None else _found(seen, given, most)


def _found(seen: ColumnElement[bool], given: frozenset[str], most: ColumnElement[int]) -> Subquery:
    found = select(REQUEST.c.created_at, REQUEST.c.id).where(seen, *_conditions(given))
    if "words" not in given:
        return _newest(found, REQUEST.c.created_at, REQUEST.c.id, given, most).subquery()
    # Of beginnings of words PostgreSQL believes that many have them, and would walk through all requests to find the newest.
    worded = _between(found, REQUEST.c.created_at, REQUEST.c.id, given).cte("worded").prefix_with("MATERIALIZED")
    every = select(worded.c.created_at, worded.c.id).order_by(worded.c.created_at.desc(), worded.c.id.desc())
    return every.limit(most).subquery()


def _of_teams(given: frozenset[str], most: ColumnElement[int]) -> Subquery:
    """What any of the person's teams sees: the newest of each team out of an index, then the newest of those.

    One condition over all teams would have the planner walk through everybody's requests to find those of a small team.
    """
    teams = func.unnest(cast(TEAMS, ARRAY(String))).table_valued("team", name="teams").render_derived()
    seen = select(REQUEST_TEAM.c.created_at, REQUEST_TEAM.c.request_id.label("id")).where(REQUEST_TEAM.c.team == teams.c.team)
    if narrowed := _conditions(given):
        seen = seen.join(REQUEST, REQUEST.c.id == REQUEST_TEAM.c.request_id).where(*narrowed)
    each = _newest(seen, REQUEST_TEAM.c.created_at, REQUEST_TEAM.c.request_id, given, most).lateral()
    either = select(each.c.created_at, each.c.id).select_from(teams).join(each, true()).distinct()
    return either.order_by(each.c.created_at.desc(), each.c.id.desc()).limit(most).subquery()


Keys = Select[tuple[datetime, uuid.UUID]]
"""The sort keys of requests."""


def _newest(
    found: Keys, at: ColumnElement[datetime], key: ColumnElement[uuid.UUID], given: frozenset[str], most: ColumnElement[int]
) -> Keys:
    return _between(found, at, key, given).order_by(at.desc(), key.desc()).limit(most)


def _between(found: Keys, at: ColumnElement[datetime], key: ColumnElement[uuid.UUID], given: frozenset[str]) -> Keys:
    between = {
        "created_after": at >= bindparam("created_after"),
        "created_before": at < bindparam("created_before"),
        "after_at": tuple_(at, key) < tuple_(bindparam("after_at", type_=at.type), bindparam("after_key", type_=key.type)),
    }
    return found.where(*[condition for name, condition in between.items() if name in given])


def _conditions(given: frozenset[str]) -> list[ColumnElement[bool]]:
    return [condition for name, condition in CONDITIONS.items() if name in given]


def _step_counts(session: Reader, requests: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, int]]:
    counts: dict[uuid.UUID, dict[str, int]] = defaultdict(dict)
    for key, status, number in session.execute(STEP_COUNTS, {"requests": requests}):
        counts[key][status] = number
    return counts
