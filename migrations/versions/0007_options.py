"""Lists of choices that come from elsewhere, and answers that must be unique.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# A cancelled request keeps what was built of it, and with that its answers, until it is rolled back. A failed one may be
# tried again.
FREE = """
CREATE FUNCTION taken_answers_free() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM taken_answers WHERE request_id = NEW.id AND (
        NEW.status <> 'cancelled' OR NOT EXISTS (
            SELECT FROM request_steps
            WHERE request_id = NEW.id AND kind = 'step' AND status NOT IN ('pending', 'ready', 'skipped', 'cancelled')
        )
    );
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE TRIGGER taken_answers_free
AFTER UPDATE OF status ON service_requests
FOR EACH ROW WHEN (NEW.status IN ('rejected', 'rolled_back', 'cancelled') AND NEW.status <> OLD.status)
EXECUTE FUNCTION taken_answers_free()
"""


def upgrade() -> None:
    op.create_table(
        "option_lists",
        sa.Column("key", sa.String(200), nullable=False),
        sa.Column("choices", JSONB()),
        sa.Column("fetched_at", sa.DateTime(timezone=True)),
        sa.Column("tried_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("error", sa.String()),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_option_lists")),
    )
    op.create_index("ix_option_lists_tried_at", "option_lists", ["tried_at"])
    op.create_table(
        "taken_answers",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("request_id", sa.UUID(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.ForeignKeyConstraint(
            ["request_id"],
            ["service_requests.id"],
            name=op.f("fk_taken_answers_request_id_service_requests"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_taken_answers")),
    )
    op.create_index("ix_taken_answers_request_id", "taken_answers", ["request_id"])
    op.execute(FREE)
    op.execute(TRIGGER)


def downgrade() -> None:
    op.execute("DROP TRIGGER taken_answers_free ON service_requests")
    op.execute("DROP FUNCTION taken_answers_free")
    op.drop_table("taken_answers")
    op.drop_table("option_lists")
