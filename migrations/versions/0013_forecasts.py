"""What past runs tell of the next one: figures by entry, and how far the runs have been read.

Revision ID: 0013
Revises: 0012
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "catalog_forecasts",
        sa.Column("kind", sa.String(200), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("runs", sa.Integer(), nullable=False),
        sa.Column("usual", sa.Float(), nullable=True),
        sa.Column("late", sa.Float(), nullable=True),
        sa.Column("helped", sa.Integer(), nullable=True),
        sa.Column("wait", sa.Float(), nullable=True),
        sa.Column("steps", JSON(), server_default=sa.text("'{}'::json"), nullable=False),
        sa.Column("kept", JSON(), server_default=sa.text("'[]'::json"), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.PrimaryKeyConstraint("kind", "name", name="pk_catalog_forecasts"),
    )
    op.create_table(
        "forecast_marks",
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_forecast_marks"),
    )
    op.create_index(
        "ix_service_requests_completed",
        "service_requests",
        ["completed_at", "id"],
        postgresql_where=sa.text("status = 'completed'"),
    )
    op.create_index(
        "ix_approvals_decided", "approvals", ["asked", "decided_at"], postgresql_where=sa.text("decided_at IS NOT NULL")
    )


def downgrade() -> None:
    op.drop_index("ix_approvals_decided", "approvals")
    op.drop_index("ix_service_requests_completed", "service_requests")
    op.drop_table("forecast_marks")
    op.drop_table("catalog_forecasts")
