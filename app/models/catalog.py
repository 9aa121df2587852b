"""What platform teams offer: current entries, every version ever synced, pinned modules, syncs and their faults."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import Computed, ForeignKey, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Created, Document, Key, Names, Word

SEARCH = (
    "setweight(to_tsvector('simple', coalesce(title, '') || ' ' || replace(name, '-', ' ') || ' ' || name), 'A')"
    " || setweight(to_tsvector('simple', coalesce(tags::text, '') || ' ' || coalesce(owner, '')), 'B')"
    " || setweight(to_tsvector('simple', coalesce(description, '')), 'C')"
)
TITLE_WORDS = "ts_filter(search_vector, '{a}')"
"""The words of titles and names alone: what has a broad word there is looked at before all that mentions it."""
ACCESS = "(definition ->> 'access')::jsonb"


class _Entry:
    """Columns that items and bundles share. `name` is the identity (the file's stem), `title` what people read."""

    id: Mapped[Key]
    name: Mapped[Word] = mapped_column(unique=True)
    title: Mapped[Word]
    version: Mapped[Word]
    description: Mapped[str]
    owner: Mapped[Word]
    category: Mapped[Word]
    tags: Mapped[Names]
    presentation: Mapped[Document]
    definition: Mapped[Document]
    """The document with every default filled in, as `catalog.schema` dumps it."""
    document: Mapped[Document]
    """The document as it was written; the API gives `presentation`, `bundle` and tags back from here."""
    source_path: Mapped[str]
    source_hash: Mapped[Word]
    active: Mapped[bool] = mapped_column(default=True, server_default="true")
    price_from: Mapped[dict[str, Any] | None]
    """What an order with nothing but defaults costs, `{currency, per, total}`; null where that cannot be worked out."""
    fault: Mapped[str | None]
    """Why the newest text of this entry was not taken, while its last good version stays."""
    created_at: Mapped[Created]
    updated_at: Mapped[Created]


class CatalogItem(_Entry, Base):
    """One thing that can be ordered, at its current version."""

    __tablename__ = "catalog_items"
    search_vector: Mapped[Any] = mapped_column(TSVECTOR, Computed(SEARCH, persisted=True), nullable=True)
    access: Mapped[Any] = mapped_column(JSONB, Computed(ACCESS, persisted=True), nullable=True)
    """Who may order it, `{teams, roles}`, out of its current definition; null for everybody."""
    __table_args__ = (
        Index("ix_catalog_items_tags", "tags", postgresql_using="gin"),
        Index("ix_catalog_items_search_vector", "search_vector", postgresql_using="gin"),
        Index("ix_catalog_items_title_words", text(TITLE_WORDS), postgresql_using="gin"),
        Index("ix_catalog_items_title", "title", "name", postgresql_where=text("active")),
        Index("ix_catalog_items_owner", "owner"),
    )


class CatalogBundle(_Entry, Base):
    """Several items ordered and wired together, at its current version."""

    __tablename__ = "catalog_bundles"
    bundle_definition: Mapped[Document]
    search_vector: Mapped[Any] = mapped_column(TSVECTOR, Computed(SEARCH, persisted=True), nullable=True)
    access: Mapped[Any] = mapped_column(JSONB, Computed(ACCESS, persisted=True), nullable=True)
    """Who may order it, `{teams, roles}`, out of its current definition; null for everybody."""
    __table_args__ = (
        Index("ix_catalog_bundles_tags", "tags", postgresql_using="gin"),
        Index("ix_catalog_bundles_search_vector", "search_vector", postgresql_using="gin"),
        Index("ix_catalog_bundles_title_words", text(TITLE_WORDS), postgresql_using="gin"),
        Index("ix_catalog_bundles_title", "title", "name", postgresql_where=text("active")),
        Index("ix_catalog_bundles_owner", "owner"),
    )


class CatalogWord(Base):
    """A word that active entries have, for typing mistakes. The sync has `catalog_count()` count it (migration 0012)."""

    __tablename__ = "catalog_words"
    word: Mapped[str] = mapped_column(String(200, collation="C"), primary_key=True)
    entries: Mapped[int]
    """How many have it."""
    __table_args__ = (Index("ix_catalog_words_alike", "word", postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"}),)


class CatalogFacet(Base):
    """How many active entries have a value. facet: `kind`, `owner`, `category` or `tag`. Counted as words are."""

    __tablename__ = "catalog_facets"
    facet: Mapped[Word] = mapped_column(primary_key=True)
    value: Mapped[Word] = mapped_column(primary_key=True)
    entries: Mapped[int]
    __table_args__ = (Index("ix_catalog_facets_largest", "facet", text("entries DESC"), "value"),)


class CatalogVersion(Base):
    """One version of one entry, immutable once written. Requests pin these."""

    __tablename__ = "catalog_versions"
    id: Mapped[Key]
    kind: Mapped[Word]
    """`item` or `bundle`."""
    name: Mapped[Word]
    version: Mapped[Word]
    title: Mapped[Word]
    owner: Mapped[Word]
    document: Mapped[Document]
    definition: Mapped[Document]
    source_path: Mapped[str]
    source_hash: Mapped[Word]
    modules: Mapped[Document]
    """`module_source` as the document writes it -> SHA-256 of the archive in `catalog_modules`."""
    commit: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True, server_default="true")
    created_at: Mapped[Created]
    __table_args__ = (UniqueConstraint("kind", "name", "version"),)


class CatalogModule(Base):
    """A Terraform module as a gzipped tar, named by its content, so that workers anywhere build what was ordered."""

    __tablename__ = "catalog_modules"
    sha256: Mapped[Word] = mapped_column(primary_key=True)
    archive: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[Created]


class CatalogSync(Base):
    """One run of the sync and what it did."""

    __tablename__ = "catalog_syncs"
    id: Mapped[Key]
    source: Mapped[str]
    commit: Mapped[str | None]
    added: Mapped[int] = mapped_column(default=0)
    changed: Mapped[int] = mapped_column(default=0)
    unchanged: Mapped[int] = mapped_column(default=0)
    retired: Mapped[int] = mapped_column(default=0)
    fault_count: Mapped[int] = mapped_column(default=0)
    started_at: Mapped[Created]
    finished_at: Mapped[datetime | None]


class CatalogFault(Base):
    """One thing wrong in one catalog file, with its place."""

    __tablename__ = "catalog_faults"
    id: Mapped[Key]
    sync_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("catalog_syncs.id", ondelete="CASCADE"), index=True)
    path: Mapped[str]
    line: Mapped[int]
    column: Mapped[int]
    entry: Mapped[str | None]
    message: Mapped[str]
    remedy: Mapped[str]
