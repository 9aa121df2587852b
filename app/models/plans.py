"""What a run of a step would change: the plan that was last asked for, and who is making it."""

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.orm import Mapped, mapped_column

from app.core.statuses import PlanStatus
from app.models.base import Base, Created, Word, one_of


class StepPlan(Base):
    """The newest plan of one step. It has a lease of its own: the step stays failed, and its ticket open, while it is made."""

    __tablename__ = "step_plans"
    step_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("request_steps.id", ondelete="CASCADE"), primary_key=True)
    status: Mapped[Word]
    asked_at: Mapped[Created]
    asked_by: Mapped[Word]
    """The `user_id` of whoever asked last."""
    lease_token: Mapped[uuid.UUID | None] = mapped_column(UUID(as_uuid=True))
    lease_until: Mapped[datetime | None]
    claimed_by: Mapped[str | None]
    made_at: Mapped[datetime | None]
    attempt: Mapped[int | None]
    """How often the step had run when the plan was begun; with the next two, what tells that it is out of date."""
    state_version: Mapped[int | None] = mapped_column(BigInteger)
    inputs: Mapped[str | None]
    """A digest of what the step's template is rendered from (`lifecycle.planning`)."""
    found: Mapped[dict[str, Any] | None]
    """`{changes: [{resource, action, attributes}], left_out, counts}`, secrets masked."""
    error: Mapped[dict[str, Any] | None]
    """`{type, message, details}` of a plan that could not be made."""
    __table_args__ = (
        one_of("status", PlanStatus, "status"),
        Index("ix_step_plans_open", "asked_at", postgresql_where=text("status IN ('asked', 'running')")),
    )
