"""Catalog lists and entries, read-only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Float, Row, Select, Subquery, Table, cast, func, null, select, tuple_, union_all

from app.core.versions import sort_key
from app.errors import NotFound
from app.models import CatalogSync
from app.models.tables import CATALOG_BUNDLE, CATALOG_ITEM, VERSION
from app.queries.paging import Cursors, Page, page
from app.queries.reader import Reader

TABLES: Mapping[str, Table] = {"item": CATALOG_ITEM, "bundle": CATALOG_BUNDLE}


LONGEST_SEARCH = 200
MOST_LOOKED_AT = 500
"""How many entries of a kind that fit are ranked and counted. A broad word fits a hundred thousand, and nobody reads on."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as lists show it. kind: `item` or `bundle`; name: its identity; title: what people read."""

    kind: str
    name: str
    title: str
    version: str
    description: str
    owner: str
    category: str
    tags: Sequence[str]
    icon: str | None
    deprecated: Mapping[str, Any] | None
    fault: str | None


@dataclass(frozen=True, slots=True)
class EntryDetail:
    """One entry at one version, whole. document: as it was written; definition: with every default."""

    entry: Entry
    document: Mapping[str, Any]
    definition: Mapping[str, Any]
    versions: Sequence[str]
    source_hash: str


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to. tags: all of them; owners: any of them; words: every word, as prefixes."""

    tags: Sequence[str] = ()
    owners: Sequence[str] = ()
    words: str = ""


@dataclass(frozen=True, slots=True)
class Facet:
    """A value that entries have, and how many."""

    value: str
    count: int


@dataclass(frozen=True, slots=True)
class Matches:
    """What a search shows, and how many fit by kind: `MOST_LOOKED_AT` stands for that many or more."""

    shown: Sequence[Entry]
    totals: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many fit, of all kinds."""
        return sum(self.totals.values())


def entries(session: Reader, kind: str, filters: Filters, limit: int, cursor: str | None, cursors: Cursors) -> Page[Entry]:
    """The active entries of one kind by name. Raises Invalid for a cursor of another list."""
    table = TABLES[kind]
    purpose = f"catalog.{kind}"
    statement = select(*_listed(table)).where(*_conditions(table, filters)).order_by(table.c.name, table.c.id).limit(limit + 1)
    if cursor is not None:
        name, key = cursors.read(purpose, cursor)
        statement = statement.where(tuple_(table.c.name, table.c.id) > (name, key))
    rows = session.execute(statement).all()
    return page(rows, limit, lambda row: (row.name, str(row.id)), lambda row: _entry(kind, row), cursors, purpose)


def matching(session: Reader, filters: Filters, limit: int) -> Matches:
    """The active entries that fit, bundles first, best match first where words are given, else by title: up to `limit` a kind.

    Cost: one statement a kind; of what fits no more than `MOST_LOOKED_AT` are ranked and counted.
    """
    shown: list[Entry] = []
    totals: dict[str, int] = {}
    for kind in ("bundle", "item"):
        rows = session.execute(_best(TABLES[kind], filters, limit)).all()
        shown += [_entry(kind, row) for row in rows]
        totals[kind] = rows[0].total if rows else 0
    return Matches(shown, totals)


def _best(table: Table, filters: Filters, limit: int) -> Select[Any]:
    """The entries to show, in order. Only keys are looked at before: definitions are long."""
    query, order = _query(filters.words), [table.c.title, table.c.name]
    fits = _fits(table, filters, *order, table.c.search_vector, table.c.id, in_order=order)
    rank = func.ts_rank(fits.c.search_vector, func.to_tsquery("simple", query)) if query else cast(null(), Float)
    best = (
        select(fits.c.id, rank.label("rank"), func.count().over().label("total"))
        .order_by(rank.desc(), fits.c.title, fits.c.name)
        .limit(limit)
        .subquery()
    )
    whole: Select[Any] = select(*_listed(table), best.c.total).join(best, best.c.id == table.c.id)
    return whole.order_by(best.c.rank.desc(), *order)


def _fits(table: Table, filters: Filters, *columns: ColumnElement[Any], in_order: Sequence[ColumnElement[Any]]) -> Subquery:
    """As many entries that fit as are looked at; where nothing is asked for, the first `in_order`, which an index holds."""
    conditions = _conditions(table, filters)
    statement = select(*columns).where(*conditions).limit(MOST_LOOKED_AT)
    return (statement.order_by(*in_order) if len(conditions) == 1 else statement).subquery()


def tag_facets(session: Reader, filters: Filters) -> list[Facet]:
    """The tags of what fits, with counts among the first `MOST_LOOKED_AT` of each kind."""
    fits = [_fits(table, filters, table.c.tags, in_order=[table.c.title, table.c.name]) for table in TABLES.values()]
    return _counted(session, [select(func.jsonb_array_elements_text(one.c.tags).label("value")) for one in fits])


def owner_facets(session: Reader, filters: Filters) -> list[Facet]:
    """The owners of what fits, counted in the same way."""
    fits = [_fits(table, filters, table.c.owner, in_order=[table.c.title, table.c.name]) for table in TABLES.values()]
    return _counted(session, [select(one.c.owner.label("value")) for one in fits])


def detail(session: Reader, kind: str, name: str, version: str | None = None) -> EntryDetail:
    """One entry, at its current version or at `version`. Raises NotFound."""
    table = TABLES[kind]
    whole: Select[Any] = select(*_listed(table), table.c.document, table.c.definition, table.c.source_hash)
    row = session.execute(whole.where(table.c.name == name, table.c.active)).one_or_none()
    if row is None:
        raise NotFound(f"There is no {kind} {name} in the catalog.")
    versions = versions_of(session, kind, name)
    if version is None or version == row.version:
        return EntryDetail(_entry(kind, row), row.document, row.definition, versions, row.source_hash)
    pinned = session.execute(
        select(VERSION).where(VERSION.c.kind == kind, VERSION.c.name == name, VERSION.c.version == version)
    ).one_or_none()
    if pinned is None:
        raise NotFound(f"{name} has no version {version}; there is {', '.join(versions)}.")
    return EntryDetail(_pinned(kind, pinned, row), pinned.document, pinned.definition, versions, pinned.source_hash)


def versions_of(session: Reader, kind: str, name: str) -> list[str]:
    """Every version of an entry that can be ordered, newest first."""
    rows = session.scalars(select(VERSION.c.version).where(VERSION.c.kind == kind, VERSION.c.name == name, VERSION.c.active))
    return sorted(rows, key=sort_key, reverse=True)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which catalog this is: the footer's words."""

    commit: str | None
    synced_at: datetime


def stamp(session: Reader) -> Stamp | None:
    """The newest sync that finished, None before the first."""
    row = session.execute(
        select(CatalogSync.commit, CatalogSync.finished_at)
        .where(CatalogSync.finished_at.is_not(None))
        .order_by(CatalogSync.finished_at.desc())
        .limit(1)
    ).one_or_none()
    return None if row is None else Stamp(row.commit, row.finished_at)


def _conditions(table: Table, filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [table.c.active]
    if filters.tags:
        conditions.append(table.c.tags.contains(list(filters.tags)))
    if filters.owners:
        conditions.append(table.c.owner.in_(filters.owners))
    if query := _query(filters.words):
        conditions.append(table.c.search_vector.op("@@")(func.to_tsquery("simple", query)))
    return conditions


def _query(words: str) -> str:
    """Every word as a prefix, joined by and; only letters and digits of what was typed reach the query language."""
    clean = [
        "".join(c for c in word if c.isalnum())
        for word in words[:LONGEST_SEARCH].replace("-", " ").replace("_", " ").split()[:8]
    ]
    return " & ".join(f"{word}:*" for word in clean if word)


def _counted(session: Reader, parts: Sequence[Select[Any]]) -> list[Facet]:
    values = union_all(*parts).subquery()
    statement: Select[Any] = (
        select(values.c.value, func.count().label("count"))
        .group_by(values.c.value)
        .order_by(func.count().desc(), values.c.value)
        .limit(30)
    )
    return [Facet(value, count) for value, count in session.execute(statement)]


def _listed(table: Table) -> list[ColumnElement[Any]]:
    """The columns of an `Entry`: two words out of its definition instead of all of it."""
    icon, deprecated = table.c.definition["icon"].astext, table.c.definition["deprecated"]
    plain = [table.c[name] for name in ("id", "name", "title", "version", "description", "owner", "category", "tags", "fault")]
    return [*plain, icon.label("icon"), deprecated.label("deprecated")]


def _entry(kind: str, row: Row[Any]) -> Entry:
    return Entry(
        kind=kind,
        name=row.name,
        title=row.title,
        version=row.version,
        description=row.description,
        owner=row.owner,
        category=row.category,
        tags=row.tags,
        icon=row.icon,
        deprecated=row.deprecated,
        fault=row.fault,
    )


def _pinned(kind: str, pinned: Row[Any], current: Row[Any]) -> Entry:
    return Entry(
        kind=kind,
        name=pinned.name,
        title=pinned.title,
        version=pinned.version,
        description=pinned.definition.get("description", ""),
        owner=pinned.owner,
        category=current.category,
        tags=pinned.definition.get("tags", []),
        icon=pinned.definition.get("icon"),
        deprecated=pinned.definition.get("deprecated"),
        fault=None,
    )
