"""Many orders sent as one.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

FOUND_BY = (
    "to_tsvector('simple'::regconfig, translate((title::text || ' '::text) || request_id::text,"
    " '-_./@'::text, '     '::text))"
)


def upgrade() -> None:
    now = sa.text("clock_timestamp()")
    op.create_table(
        "request_batches",
        sa.Column("id", sa.UUID(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("batch_id", sa.String(200), nullable=False),
        sa.Column("mode", sa.String(200), nullable=False),
        sa.Column("catalog_kind", sa.String(), nullable=True),
        sa.Column("catalog_name", sa.String(), nullable=True),
        sa.Column("catalog_version", sa.String(), nullable=True),
        sa.Column("rows", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("requester_id", sa.UUID(), nullable=False),
        sa.Column("idempotency_key", sa.String(), nullable=True),
        sa.Column("idempotency_hash", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=now, nullable=False),
        sa.CheckConstraint("mode IN ('all_or_nothing', 'row_by_row')", name="ck_request_batches_mode"),
        sa.ForeignKeyConstraint(["requester_id"], ["users.id"], name="fk_request_batches_requester_id_users"),
        sa.PrimaryKeyConstraint("id", name="pk_request_batches"),
        sa.UniqueConstraint("batch_id", name="uq_request_batches_batch_id"),
    )
    op.create_index(
        "uq_request_batches_idempotency",
        "request_batches",
        ["requester_id", "idempotency_key"],
        unique=True,
        postgresql_where=sa.text("idempotency_key IS NOT NULL"),
    )
    op.create_index("ix_request_batches_requester", "request_batches", ["requester_id", "created_at", "id"])
    op.create_index("ix_request_batches_created", "request_batches", ["created_at", "id"])
    op.create_table(
        "batch_rows",
        sa.Column("batch_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("order", JSON(), server_default=sa.text("'{}'::json"), nullable=False),
        sa.Column("request_id", sa.UUID(), nullable=True),
        sa.Column("repeated", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("faults", JSON(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["request_batches.id"], name="fk_batch_rows_batch_id_request_batches", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["request_id"], ["service_requests.id"], name="fk_batch_rows_request_id_service_requests", ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("batch_id", "position", name="pk_batch_rows"),
    )
    op.create_index(
        "ix_batch_rows_request_id", "batch_rows", ["request_id"], postgresql_where=sa.text("request_id IS NOT NULL")
    )
    # Words of the title and of the id, for lists that are searched: what a person types is looked up, not walked for.
    op.execute(f"CREATE INDEX ix_service_requests_words ON service_requests USING gin ({FOUND_BY})")


def downgrade() -> None:
    op.drop_index("ix_service_requests_words", "service_requests")
    op.drop_table("batch_rows")
    op.drop_table("request_batches")
