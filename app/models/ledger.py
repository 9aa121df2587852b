"""The audit log (append-only, partitioned by month) and the workers that are alive."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Created, Document, Word


class AuditEntry(Base):
    """One act, done or refused."""

    __tablename__ = "audit_log"
    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    occurred_at: Mapped[Created] = mapped_column(primary_key=True)
    actor: Mapped[Word]
    """A user's id, or `worker:<name>` and `system` for what the engine does by itself."""
    action: Mapped[Word]
    target: Mapped[Word]
    result: Mapped[Word]
    address: Mapped[str | None]
    correlation_id: Mapped[str | None]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    details: Mapped[Document]
    __table_args__ = (
        Index("ix_audit_log_target", "target", "occurred_at"),
        {"postgresql_partition_by": "RANGE (occurred_at)"},
    )


class Worker(Base):
    """A worker process, as its heartbeat last said."""

    __tablename__ = "workers"
    name: Mapped[Word] = mapped_column(primary_key=True)
    threads: Mapped[int]
    started_at: Mapped[Created]
    seen_at: Mapped[Created]
    stopped_at: Mapped[datetime | None]
