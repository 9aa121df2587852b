"""Calls that made something under an idempotency key: sent again, they are answered what they were answered then."""

import uuid

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Created, Word


class RepeatableCall(Base):
    """One such call of one person. Orders and batches are not among them: their own rows carry their keys."""

    __tablename__ = "repeatable_calls"
    caller_id: Mapped[uuid.UUID] = mapped_column(
        UUID(as_uuid=True), ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    operation: Mapped[Word] = mapped_column(primary_key=True)
    key: Mapped[Word] = mapped_column(primary_key=True)
    mark: Mapped[Word]
    """Of what was sent, by the vault: what stood in it cannot be guessed from it."""
    made: Mapped[str | None]
    """What came of it, where its answer is not kept because a secret stood in it."""
    answer: Mapped[bytes | None] = mapped_column(LargeBinary)
    """The answer's JSON, encrypted by the vault."""
    created_at: Mapped[Created]
    __table_args__ = (Index("ix_repeatable_calls_created_at", "created_at"),)
