"""Drafts and templates as people and clients read them, the one that changed last first."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, Table, select, tuple_
from sqlalchemy.orm import aliased

from app.core.access import Person
from app.errors import NotFound
from app.models import User
from app.models.drafts import usable
from app.models.tables import DRAFT, TEMPLATE
from app.queries.paging import Cursors, Page, page
from app.queries.reader import Reader

What = Literal["draft", "template"]
TABLES: Mapping[What, Table] = {"draft": DRAFT, "template": TEMPLATE}
OWNER, CHANGER = aliased(User), aliased(User)


@dataclass(frozen=True, slots=True)
class Kept:
    """A draft or a template. order: what a client would post, without secrets; left_out: JSON pointers of those.

    version: of the entry, versions: of its items by alias, when it was saved. revision: counts saves. team: shared with it.
    """

    id: uuid.UUID
    title: str
    kind: str
    catalog_name: str
    catalog_title: str
    version: str
    versions: Mapping[str, str]
    order: Mapping[str, Any]
    left_out: Sequence[str]
    revision: int
    team: str | None
    owner_id: uuid.UUID
    owner_user_id: str
    owner_name: str
    changed_by: str
    created_at: datetime
    updated_at: datetime
    from_request: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to: an entry; mine: only one's own."""

    kind: str | None = None
    catalog_name: str | None = None
    mine: bool = False


def one(session: Reader, person: Person, what: What, key: uuid.UUID) -> Kept:
    """A draft or template. Raises NotFound, also for what the person may not see."""
    table = TABLES[what]
    row = session.execute(_rows(table).where(table.c.id == key, usable(table, person))).one_or_none()
    if row is None:
        raise NotFound(f"There is no such {what}, or none that you may see.")
    return _kept(row)


def listing(
    session: Reader, person: Person, what: What, filters: Filters, limit: int, cursor: str | None, cursors: Cursors
) -> Page[Kept]:
    """One's own and those shared with one's teams, the one that changed last first. Raises Invalid for a strange cursor."""
    table = TABLES[what]
    statement = _rows(table).where(usable(table, person), *_narrowed(table, person, filters))
    if cursor is not None:
        at, key = cursors.read(f"{what}s", cursor)
        statement = statement.where(tuple_(table.c.updated_at, table.c.id) < (datetime.fromisoformat(at), uuid.UUID(key)))
    rows = session.execute(statement.order_by(table.c.updated_at.desc(), table.c.id.desc()).limit(limit + 1)).all()
    return page(rows, limit, lambda row: (row.updated_at.isoformat(), str(row.id)), _kept, cursors, f"{what}s")


def latest(session: Reader, person: Person, kind: str, name: str) -> Kept | None:
    """The person's own draft of an entry that changed last."""
    mine = (DRAFT.c.owner_id == person.id, DRAFT.c.deleted_at.is_(None))
    of_entry = (DRAFT.c.catalog_kind == kind, DRAFT.c.catalog_name == name)
    row = session.execute(_rows(DRAFT).where(*mine, *of_entry).order_by(DRAFT.c.updated_at.desc()).limit(1)).one_or_none()
    return _kept(row) if row else None


def _narrowed(table: Table, person: Person, filters: Filters) -> list[ColumnElement[bool]]:
    asked = ((table.c.catalog_kind, filters.kind), (table.c.catalog_name, filters.catalog_name))
    conditions: list[ColumnElement[bool]] = [column == value for column, value in asked if value is not None]
    return [*conditions, *([table.c.owner_id == person.id] if filters.mine else [])]


def _rows(table: Table) -> Select[Any]:
    names = (OWNER.name.label("owner_name"), OWNER.subject.label("owner_user_id"), CHANGER.name.label("changed_by"))
    joined = select(table, *names).join(OWNER, OWNER.id == table.c.owner_id)
    return joined.join(CHANGER, CHANGER.id == table.c.changed_by_id)


def _kept(row: Row[Any]) -> Kept:
    return Kept(
        id=row.id,
        title=row.title,
        kind=row.catalog_kind,
        catalog_name=row.catalog_name,
        catalog_title=row.catalog_title,
        version=row.catalog_version,
        versions=row.versions,
        order=row.document,
        left_out=row.left_out,
        revision=row.revision,
        team=row.team,
        owner_id=row.owner_id,
        owner_user_id=row.owner_user_id,
        owner_name=row.owner_name,
        changed_by=row.changed_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
        from_request=getattr(row, "from_request", None),
        note=getattr(row, "note", None),
    )
