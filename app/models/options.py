"""What answers are held against besides their own rules: lists of choices from elsewhere, and answers that are taken."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Created, Word


class OptionList(Base):
    """The choices that a source gave when it last answered. `key` is a digest of the address and of how it is read."""

    __tablename__ = "option_lists"
    key: Mapped[Word] = mapped_column(primary_key=True)
    choices: Mapped[list[Any] | None] = mapped_column(JSONB)
    """Pairs of value and label; null where the source never answered."""
    fetched_at: Mapped[datetime | None]
    tried_at: Mapped[Created] = mapped_column(index=True)
    error: Mapped[str | None]
    """Why the last try gave no list; null when it gave one."""


class TakenAnswer(Base):
    """An answer that must be unique, by a digest of it and of where it must be. Freed by a trigger when nothing has it."""

    __tablename__ = "taken_answers"
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("service_requests.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[Created]
