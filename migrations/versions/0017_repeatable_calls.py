"""Calls that made something under an idempotency key, with what they were answered.

Revision ID: 0017
Revises: 0014
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "repeatable_calls",
        sa.Column("caller_id", sa.UUID(), nullable=False),
        *(sa.Column(name, sa.String(200), nullable=False) for name in ("operation", "key", "mark")),
        sa.Column("made", sa.String()),
        sa.Column("answer", sa.LargeBinary()),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False),
        sa.PrimaryKeyConstraint("caller_id", "operation", "key", name="pk_repeatable_calls"),
        sa.ForeignKeyConstraint(["caller_id"], ["users.id"], name="fk_repeatable_calls_caller_id_users", ondelete="CASCADE"),
    )
    op.create_index("ix_repeatable_calls_created_at", "repeatable_calls", ["created_at"])


def downgrade() -> None:
    op.drop_table("repeatable_calls")
