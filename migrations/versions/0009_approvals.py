"""Who must agree before anything is built, and what they said.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

REQUESTS = "service_requests"
TURN = "ix_service_requests_turn"
CHECK = "ck_service_requests_unapproved"
NOT_BUILT = """
NOT unapproved OR NOT admitted
AND status IN ('submitted', 'pending_approval', 'needs_info', 'cancelling', 'cancelled', 'rejected')
"""
KEY = sa.text("gen_random_uuid()")
NOW = sa.text("clock_timestamp()")
PENDING = sa.text("status = 'pending'")


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(sa.Sequence("approval_numbers")))
    op.create_table(
        "approvals",
        sa.Column("id", sa.UUID(), server_default=KEY, nullable=False),
        sa.Column("approval_id", sa.String(200), nullable=False),
        sa.Column("request_id", sa.UUID(), nullable=False),
        sa.Column("requester_id", sa.UUID(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(200), nullable=False),
        sa.Column("asked", sa.String(200), nullable=False),
        sa.Column("voters", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("needed", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("on_timeout", sa.String(200), nullable=False),
        sa.Column("escalate_to", sa.String(200), nullable=False),
        sa.Column("remind_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'approved', 'rejected', 'sent_back', 'void')", name=op.f("ck_approvals_status")
        ),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
        sa.UniqueConstraint("approval_id", name="uq_approvals_approval_id"),
        sa.ForeignKeyConstraint(
            ["request_id"], [f"{REQUESTS}.id"], name="fk_approvals_request_id_service_requests", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["requester_id"], ["users.id"], name="fk_approvals_requester_id_users"),
    )
    op.create_index("ix_approvals_request", "approvals", ["request_id", "position"])
    op.create_index("ix_approvals_created", "approvals", ["created_at", "id"])
    op.create_index("ix_approvals_voters", "approvals", ["voters"], postgresql_using="gin", postgresql_where=PENDING)
    op.create_index("ix_approvals_next", "approvals", ["next_at"], postgresql_where=PENDING)
    op.create_table(
        "approval_votes",
        sa.Column("id", sa.UUID(), server_default=KEY, nullable=False),
        sa.Column("approval_id", sa.UUID(), nullable=False),
        sa.Column("person_id", sa.UUID(), nullable=False),
        sa.Column("person_name", sa.String(200), nullable=False),
        sa.Column("vote", sa.String(200), nullable=False),
        sa.Column("comment", sa.String(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_approval_votes"),
        sa.UniqueConstraint("approval_id", "person_id", name="uq_approval_votes_approval_id_person_id"),
        sa.ForeignKeyConstraint(
            ["approval_id"], ["approvals.id"], name="fk_approval_votes_approval_id_approvals", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["users.id"], name="fk_approval_votes_person_id_users"),
    )
    op.create_table(
        "approval_messages",
        sa.Column("id", sa.UUID(), server_default=KEY, nullable=False),
        sa.Column("request_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.String(200), nullable=False),
        sa.Column("author_id", sa.UUID(), nullable=False),
        sa.Column("author_name", sa.String(200), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("changes", JSONB(), server_default=sa.text("'[]'::jsonb"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_approval_messages"),
        sa.ForeignKeyConstraint(
            ["request_id"], [f"{REQUESTS}.id"], name="fk_approval_messages_request_id_service_requests", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["author_id"], ["users.id"], name="fk_approval_messages_author_id_users"),
    )
    op.create_index("ix_approval_messages_request", "approval_messages", ["request_id", "created_at"])
    op.add_column(REQUESTS, sa.Column("unapproved", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_check_constraint(op.f(CHECK), REQUESTS, NOT_BUILT)
    op.drop_index(TURN, REQUESTS)
    waits = sa.text("NOT admitted AND NOT unapproved")
    op.create_index(TURN, REQUESTS, ["priority", "number"], postgresql_where=waits)


def downgrade() -> None:
    op.drop_index(TURN, REQUESTS)
    op.create_index(TURN, REQUESTS, ["priority", "number"], postgresql_where=sa.text("NOT admitted"))
    op.drop_constraint(op.f(CHECK), REQUESTS)
    op.drop_column(REQUESTS, "unapproved")
    op.drop_table("approval_messages")
    op.drop_table("approval_votes")
    op.drop_table("approvals")
    op.execute(sa.schema.DropSequence(sa.Sequence("approval_numbers")))
