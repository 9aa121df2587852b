"""Orders that are kept and not sent: drafts on their way to a request, and templates that are used again."""

import uuid
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, Table, and_, or_, text
from sqlalchemy.orm import Mapped, mapped_column

from app.core.access import Person
from app.models.base import Base, Created, Document, Key, Names, Word


class KeptOrder:
    """What drafts and templates have in common. No secret is in any of it."""

    id: Mapped[Key]
    owner_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    team: Mapped[str | None]
    """The team it is shared with; null: the owner's alone."""
    title: Mapped[Word]
    catalog_kind: Mapped[Word]
    catalog_name: Mapped[Word]
    catalog_title: Mapped[Word]
    catalog_version: Mapped[Word]
    versions: Mapped[Document]
    """By alias: the version of each item when it was saved, so that what changed since can be told."""
    document: Mapped[Document]
    """The order as a client would post it, without its secrets."""
    left_out: Mapped[Names]
    """JSON pointers of the secrets that were taken out: they must be typed again."""
    revision: Mapped[int] = mapped_column(default=1, server_default="1")
    """Counts saves: who saves over an older one than they have read is told."""
    changed_by_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    created_at: Mapped[Created]
    updated_at: Mapped[Created]
    deleted_at: Mapped[datetime | None]
    """Set: it is in nobody's list, and can be brought back for a while."""


class RequestDraft(KeptOrder, Base):
    """An order somebody is still writing."""

    __tablename__ = "request_drafts"
    named: Mapped[bool] = mapped_column(default=False, server_default="false")
    """Whether somebody gave it its title; otherwise the title follows the answers."""
    from_request: Mapped[str | None]
    """The id of the request that was sent back to be changed."""
    note: Mapped[str | None]
    """What was said when it was sent back."""
    __table_args__ = (
        Index("ix_request_drafts_owner", "owner_id", "updated_at", "id"),
        Index("ix_request_drafts_team", "team", "updated_at", "id", postgresql_where=text("team IS NOT NULL")),
    )


class RequestTemplate(KeptOrder, Base):
    """An order to begin others with. Its title is the name that somebody gave it."""

    __tablename__ = "request_templates"
    __table_args__ = (
        Index("ix_request_templates_owner", "owner_id", "updated_at", "id"),
        Index("ix_request_templates_team", "team", "updated_at", "id", postgresql_where=text("team IS NOT NULL")),
    )


def usable(table: Table, person: Person) -> ColumnElement[bool]:
    """Which drafts or templates a person uses: their own, and those shared with a team of theirs; none that was deleted."""
    mine = table.c.owner_id == person.id
    reach = or_(mine, table.c.team.in_(sorted(person.teams))) if person.teams else mine
    return and_(table.c.deleted_at.is_(None), reach)
