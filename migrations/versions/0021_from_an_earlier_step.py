"""A step that was done and is to be done again still holds what it takes of quotas.

Revision ID: 0021
Revises: 0020
"""

from alembic import op

from app.models.functions import install

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    install(op.get_bind(), "quotas")


def downgrade() -> None:
    """The rule that is there counts what the one before did not know: it may stay."""
