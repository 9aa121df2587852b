"""Orders that are not sent yet: drafts and templates.

Revision ID: 0010
Revises: 0009
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

DRAFTS, TEMPLATES = "request_drafts", "request_templates"
NOTHING = sa.text("'{}'::json")


def upgrade() -> None:
    _kept(
        DRAFTS,
        sa.Column("named", sa.Boolean(), server_default="false", nullable=False),
        sa.Column("from_request", sa.String()),
        sa.Column("note", sa.String()),
    )
    _kept(TEMPLATES)


def _kept(table: str, *more: sa.Column[object]) -> None:
    op.create_table(
        table,
        sa.Column("id", sa.UUID(), server_default=sa.func.gen_random_uuid(), nullable=False),
        sa.Column("owner_id", sa.UUID(), nullable=False),
        sa.Column("team", sa.String()),
        *(sa.Column(name, sa.String(200), nullable=False) for name in ("title", "catalog_kind", "catalog_name")),
        *(sa.Column(name, sa.String(200), nullable=False) for name in ("catalog_title", "catalog_version")),
        *(sa.Column(name, postgresql.JSON(), server_default=NOTHING, nullable=False) for name in ("versions", "document")),
        sa.Column("left_out", postgresql.JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("revision", sa.Integer(), server_default="1", nullable=False),
        sa.Column("changed_by_id", sa.UUID(), nullable=False),
        *(
            sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.clock_timestamp(), nullable=False)
            for name in ("created_at", "updated_at")
        ),
        sa.Column("deleted_at", sa.DateTime(timezone=True)),
        *more,
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=f"fk_{table}_owner_id_users", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["changed_by_id"], ["users.id"], name=f"fk_{table}_changed_by_id_users", ondelete="CASCADE"),
    )
    op.create_index(f"ix_{table}_owner", table, ["owner_id", "updated_at", "id"])
    op.create_index(f"ix_{table}_team", table, ["team", "updated_at", "id"], postgresql_where=sa.text("team IS NOT NULL"))


def downgrade() -> None:
    op.drop_table(TEMPLATES)
    op.drop_table(DRAFTS)
