"""Many orders sent as one: the batch, and what became of each of its rows."""

import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSON, UUID
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Created, Document, Key, Word


class RequestBatch(Base):
    """One sending of many orders."""

    __tablename__ = "request_batches"
    id: Mapped[Key]
    batch_id: Mapped[Word] = mapped_column(unique=True)
    mode: Mapped[Word]
    catalog_kind: Mapped[str | None]
    """What all of its rows order; null, as the other two, where they order different things."""
    catalog_name: Mapped[str | None]
    catalog_version: Mapped[str | None]
    rows: Mapped[int]
    taken: Mapped[int]
    """How many of the rows are requests now."""
    requester_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    idempotency_key: Mapped[str | None]
    idempotency_hash: Mapped[str | None]
    created_at: Mapped[Created]
    __table_args__ = (
        CheckConstraint("mode IN ('all_or_nothing', 'row_by_row')", name="mode"),
        Index(
            "uq_request_batches_idempotency",
            "requester_id",
            "idempotency_key",
            unique=True,
            postgresql_where=text("idempotency_key IS NOT NULL"),
        ),
        Index("ix_request_batches_requester", "requester_id", "created_at", "id"),
        Index("ix_request_batches_created", "created_at", "id"),
    )


class BatchRow(Base):
    """One row: the order without its secrets, and the request that it became or what is wrong with it."""

    __tablename__ = "batch_rows"
    batch_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("request_batches.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    """Counts from 0, as JSON pointers do."""
    key: Mapped[Word]
    order: Mapped[Document]
    request_id: Mapped[uuid.UUID | None] = mapped_column(
        UUID(as_uuid=True), ForeignKey("service_requests.id", ondelete="SET NULL")
    )
    repeated: Mapped[bool] = mapped_column(default=False, server_default="false")
    """The request was there before: the row had been sent already."""
    faults: Mapped[list[Any] | None] = mapped_column(JSON(none_as_null=True))
    __table_args__ = (Index("ix_batch_rows_request_id", "request_id", postgresql_where=text("request_id IS NOT NULL")),)
