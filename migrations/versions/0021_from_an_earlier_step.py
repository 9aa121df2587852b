"""A step that was done and is to be done again still holds what it takes of quotas.

Revision ID: 0021
Revises: 0020
"""

from pathlib import Path

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

QUOTAS = Path(__file__).parents[2] / "app" / "lifecycle" / "quotas.sql"


def upgrade() -> None:
    op.get_bind().exec_driver_sql(QUOTAS.read_text())


def downgrade() -> None:
    """The rule that is there counts what the one before did not know: it may stay."""
