"""The plain case of a worker's transaction as one function, and which groups of outputs a request is going to have.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from app.models.functions import install

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("service_requests", sa.Column("output_groups", JSONB()))
    install(op.get_bind(), "advance")


def downgrade() -> None:
    for name in ("stratus_advance", "stratus_tell", "stratus_automation_ends"):
        op.execute(f"DROP FUNCTION {name}")
    op.drop_column("service_requests", "output_groups")
