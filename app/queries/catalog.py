"""Catalog lists and entries, read-only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, bindparam, select, tuple_

from app.core.access import Person, refuses_order
from app.core.versions import sort_key
from app.errors import NotFound
from app.models import CatalogSync
from app.models.tables import CATALOG_BUNDLE, CATALOG_ITEM, VERSION
from app.queries.paging import Cursors, Page, page
from app.queries.reader import Reader

LISTED = (
    *("id", "name", "title", "version", "description", "owner", "category", "tags"),
    *("fault", "access", "price_from"),
)
TABLES: Mapping[str, Table] = {"item": CATALOG_ITEM, "bundle": CATALOG_BUNDLE}


def listed(table: Table) -> list[ColumnElement[Any]]:
    """The columns of an `Entry`: two words out of its definition instead of all of it."""
    icon, deprecated = table.c.definition["icon"].astext, table.c.definition["deprecated"]
    plain = [table.c[name] for name in LISTED]
    return [*plain, icon.label("icon"), deprecated.label("deprecated")]


# Statements that are always the same are made once: making one costs more than what PostgreSQL does for it.
WHOLE: Mapping[str, Select[Any]] = {
    kind: select(*listed(table), table.c.document, table.c.definition, table.c.source_hash).where(
        table.c.name == bindparam("name"), table.c.active
    )
    for kind, table in TABLES.items()
}
_OF_ENTRY = (VERSION.c.kind == bindparam("kind"), VERSION.c.name == bindparam("name"))
PINNED = select(VERSION).where(*_OF_ENTRY, VERSION.c.version == bindparam("version"))
VERSIONS = select(VERSION.c.version).where(*_OF_ENTRY, VERSION.c.active)
NEWEST_SYNC = (
    select(CatalogSync.commit, CatalogSync.finished_at)
    .where(CatalogSync.finished_at.is_not(None))
    .order_by(CatalogSync.finished_at.desc())
    .limit(1)
)


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
    access: Mapping[str, Any] | None = None
    """Who may order it, as its current version says."""
    price_from: Mapping[str, Any] | None = None
    """What it costs with nothing but defaults, `{currency, per, total}`; None where that cannot be said."""

    def refuses(self, person: Person) -> str | None:
        """Why a person may not order it, as a phrase; None where they may."""
        return refuses_order(person, self.access)


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
    """What a list is narrowed to. tags: all of them; owners: any of them."""

    tags: Sequence[str] = ()
    owners: Sequence[str] = ()


def entries(session: Reader, kind: str, filters: Filters, limit: int, cursor: str | None, cursors: Cursors) -> Page[Entry]:
    """The active entries of one kind by name. Raises Invalid for a cursor of another list."""
    table = TABLES[kind]
    purpose = f"catalog.{kind}"
    statement = select(*listed(table)).where(*_conditions(table, filters)).order_by(table.c.name, table.c.id).limit(limit + 1)
    if cursor is not None:
        name, key = cursors.read(purpose, cursor)
        statement = statement.where(tuple_(table.c.name, table.c.id) > (name, key))
    rows = session.execute(statement).all()
    return page(rows, limit, lambda row: (row.name, str(row.id)), lambda row: entry_of(kind, row), cursors, purpose)


def detail(session: Reader, kind: str, name: str, version: str | None = None) -> EntryDetail:
    """One entry, at its current version or at `version`. Raises NotFound."""
    row = session.execute(WHOLE[kind], {"name": name}).one_or_none()
    if row is None:
        raise NotFound(f"There is no {kind} {name} in the catalog.")
    versions = versions_of(session, kind, name)
    if version is None or version == row.version:
        return EntryDetail(entry_of(kind, row), row.document, row.definition, versions, row.source_hash)
    pinned = session.execute(PINNED, {"kind": kind, "name": name, "version": version}).one_or_none()
    if pinned is None:
        raise NotFound(f"{name} has no version {version}; there is {', '.join(versions)}.")
    return EntryDetail(_pinned(kind, pinned, row), pinned.document, pinned.definition, versions, pinned.source_hash)


def versions_of(session: Reader, kind: str, name: str) -> list[str]:
    """Every version of an entry that can be ordered, newest first."""
    rows = session.scalars(VERSIONS, {"kind": kind, "name": name})
    return sorted(rows, key=sort_key, reverse=True)


@dataclass(frozen=True, slots=True)
class Stamp:
    """Which catalog this is: the footer's words."""

    commit: str | None
    synced_at: datetime


def stamp(session: Reader) -> Stamp | None:
    """The newest sync that finished, None before the first."""
    row = session.execute(NEWEST_SYNC).one_or_none()
    return None if row is None else Stamp(row.commit, row.finished_at)


def _conditions(table: Table, filters: Filters) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [table.c.active]
    if filters.tags:
        conditions.append(table.c.tags.contains(list(filters.tags)))
    if filters.owners:
        conditions.append(table.c.owner.in_(filters.owners))
    return conditions


def entry_of(kind: str, row: Row[Any]) -> Entry:
    """The entry of a row with the columns of `listed`."""
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
        access=row.access,
        price_from=row.price_from,
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
        access=current.access,
        price_from=current.price_from if pinned.version == current.version else None,
    )
