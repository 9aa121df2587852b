"""Manual work: one ticket a failed or manual step, and what people said on it."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, Sequence, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.statuses import TicketStatus
from app.models.base import Base, Created, Document, Key, Word, one_of

TICKET_NUMBERS = Sequence("manual_ticket_numbers", metadata=Base.metadata)


class ManualTicket(Base):
    """Work for a person: a step that failed, is unknown, or is manual by design."""

    __tablename__ = "manual_tickets"
    id: Mapped[Key]
    ticket_id: Mapped[Word] = mapped_column(unique=True)
    """Ours and lasting, `TCK-1042`; another system's key is `external_id`."""
    request_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("service_requests.id", ondelete="CASCADE"), index=True)
    step_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("request_steps.id", ondelete="CASCADE"))
    ticket_system: Mapped[Word]
    external_id: Mapped[str | None]
    ticket_url: Mapped[str | None]
    ticket_type: Mapped[Word]
    """`fulfillment` (manual by design), `failure` or `unknown`."""
    status: Mapped[Word]
    owner_team: Mapped[Word]
    title: Mapped[str]
    instructions: Mapped[str]
    error: Mapped[dict[str, Any] | None]
    inputs: Mapped[Document]
    outputs_form: Mapped[Document]
    """`{fields: [...]}` in the catalog's own field format, defaults offered."""
    claimed_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    resolved_by_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("users.id"))
    resolution: Mapped[dict[str, Any] | None]
    adoption: Mapped[dict[str, Any] | None]
    """What a person had taken over, or tried to: `{adopt: [{address, id}], outputs, by, by_id, comment, from, error?}`."""
    adoption_secrets: Mapped[bytes | None] = mapped_column(LargeBinary)
    """JSON object of the secret outputs that came with it, encrypted by the vault, until the step has them."""
    previous_id: Mapped[uuid.UUID | None] = mapped_column(ForeignKey("manual_tickets.id"))
    created_at: Mapped[Created]
    claimed_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    comments: Mapped[list["TicketComment"]] = relationship(order_by="TicketComment.created_at", lazy="raise")
    __table_args__ = (
        one_of("status", TicketStatus, "status"),
        Index(
            "uq_manual_tickets_one_open",
            "step_id",
            unique=True,
            postgresql_where=text("status IN ('open', 'claimed', 'adopting')"),
        ),
        Index("ix_manual_tickets_queue", "owner_team", "status", "created_at", "id"),
        Index("ix_manual_tickets_created", "created_at", "id"),
        Index("ix_manual_tickets_step", "step_id", "created_at"),
    )


class TicketComment(Base):
    """What somebody wrote on a ticket; requester and platform team both see it."""

    __tablename__ = "ticket_comments"
    id: Mapped[Key]
    ticket_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("manual_tickets.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id"))
    author_name: Mapped[Word]
    text: Mapped[str]
    created_at: Mapped[Created]
