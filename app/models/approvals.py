"""Who must agree before a request is built, who said what, and what the requester was asked."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Sequence, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.statuses import ApprovalStatus
from app.models.base import Base, Created, Key, Names, Word, one_of

APPROVAL_NUMBERS = Sequence("approval_numbers", metadata=Base.metadata)


class Approval(Base):
    """One agreement that a request needs. `status` is written by `lifecycle` only."""

    __tablename__ = "approvals"
    id: Mapped[Key]
    approval_id: Mapped[Word] = mapped_column(unique=True)
    """`APR-17`."""
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("service_requests.id", ondelete="CASCADE"))
    requester_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    """The request's: who may never vote."""
    position: Mapped[int]
    status: Mapped[Word]
    asked: Mapped[Word]
    """Whom the rule asks, e.g. `team:platform-data-team` (see `core.approvals.Approver`)."""
    voters: Mapped[Names]
    """Everybody who may vote: whom the rule asks, and whom it was escalated to."""
    needed: Mapped[int]
    """How many different people must agree."""
    reason: Mapped[str]
    digest: Mapped[str] = mapped_column(String(64))
    """What is approved: see `core.approvals.digest`."""
    on_timeout: Mapped[Word]
    escalate_to: Mapped[Word]
    remind_at: Mapped[datetime]
    due_at: Mapped[datetime]
    next_at: Mapped[datetime | None]
    """When the sweep has to do something next; null while nothing is due, and while the requester is asked."""
    reminded_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    created_at: Mapped[Created]
    decided_at: Mapped[datetime | None]
    __table_args__ = (
        one_of("status", ApprovalStatus, "status"),
        Index("ix_approvals_request", "request_id", "position"),
        Index("ix_approvals_created", "created_at", "id"),
        Index("ix_approvals_voters", "voters", postgresql_using="gin", postgresql_where=text("status = 'pending'")),
        Index("ix_approvals_decided", "asked", "decided_at", postgresql_where=text("decided_at IS NOT NULL")),
        Index("ix_approvals_next", "next_at", postgresql_where=text("status = 'pending'")),
    )


class ApprovalVote(Base):
    """What one person said to one approval: each once."""

    __tablename__ = "approval_votes"
    id: Mapped[Key]
    approval_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("approvals.id", ondelete="CASCADE"))
    person_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    person_name: Mapped[Word]
    vote: Mapped[Word]
    """`approved`, `rejected` or `sent_back`."""
    comment: Mapped[str | None]
    created_at: Mapped[Created]
    __table_args__ = (UniqueConstraint("approval_id", "person_id"),)


class ApprovalMessage(Base):
    """A question to the requester, or their answer."""

    __tablename__ = "approval_messages"
    id: Mapped[Key]
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("service_requests.id", ondelete="CASCADE"))
    kind: Mapped[Word]
    """`question`, `answer` or `change`: the order itself was changed."""
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    author_name: Mapped[Word]
    text: Mapped[str]
    changes: Mapped[list[Any]] = mapped_column(JSONB, server_default="[]", default=list)
    """Of a `change`: `[{item, name, before, after}]`, values as they are stored, secrets masked; item is an alias or null."""
    created_at: Mapped[Created]
    __table_args__ = (Index("ix_approval_messages_request", "request_id", "created_at"),)
