"""Plans of what running a failed step again would change.

Revision ID: 0014
Revises: 0013
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "step_plans",
        sa.Column("step_id", sa.UUID(), nullable=False),
        sa.Column("status", sa.String(200), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("asked_by", sa.String(200), nullable=False),
        sa.Column("lease_token", sa.UUID(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.String(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), nullable=True),
        sa.Column("state_version", sa.BigInteger(), nullable=True),
        sa.Column("inputs", sa.String(), nullable=True),
        sa.Column("found", JSON(), nullable=True),
        sa.Column("error", JSON(), nullable=True),
        sa.CheckConstraint("status IN ('asked', 'running', 'made', 'failed', 'lost')", name="ck_step_plans_status"),
        sa.ForeignKeyConstraint(
            ["step_id"], ["request_steps.id"], ondelete="CASCADE", name="fk_step_plans_step_id_request_steps"
        ),
        sa.PrimaryKeyConstraint("step_id", name="pk_step_plans"),
    )
    op.create_index(
        "ix_step_plans_open", "step_plans", ["asked_at"], postgresql_where=sa.text("status IN ('asked', 'running')")
    )


def downgrade() -> None:
    op.drop_table("step_plans")
