"""What a person made is brought under management: a state of its ticket, an activity of its step, and what is taken over.

Revision ID: 0018
Revises: 0017
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

ACTIVITIES = "'run', 'poll', 'verify', 'probe', 'undo'"
STATUSES = "'open', 'claimed', {}'resolved', 'rejected', 'retried'"


def upgrade() -> None:
    op.add_column("manual_tickets", sa.Column("adoption", JSON(), nullable=True))
    op.add_column("manual_tickets", sa.Column("adoption_secrets", sa.LargeBinary(), nullable=True))
    _words(f"{ACTIVITIES}, 'adopt'", STATUSES.format("'adopting', "))
    _one_open("'open', 'claimed', 'adopting'")


def downgrade() -> None:
    op.execute("UPDATE manual_tickets SET status = 'open', claimed_by_id = NULL WHERE status = 'adopting'")
    # What was being taken over when the house went back is a failed step with an open ticket again.
    op.execute(
        "UPDATE request_steps SET status = 'failed', activity = 'run', check_after = NULL, lease_token = NULL,"
        " lease_until = NULL WHERE activity = 'adopt'"
    )
    _one_open("'open', 'claimed'")
    _words(ACTIVITIES, STATUSES.format(""))
    op.drop_column("manual_tickets", "adoption_secrets")
    op.drop_column("manual_tickets", "adoption")


def _words(activities: str, statuses: str) -> None:
    for table, column, words in (("request_steps", "activity", activities), ("manual_tickets", "status", statuses)):
        name = op.f(f"ck_{table}_{column}")
        op.drop_constraint(name, table, type_="check")
        op.create_check_constraint(name, table, f"{column} IN ({words})")


def _one_open(statuses: str) -> None:
    op.drop_index("uq_manual_tickets_one_open", table_name="manual_tickets")
    op.create_index(
        "uq_manual_tickets_one_open",
        "manual_tickets",
        ["step_id"],
        unique=True,
        postgresql_where=sa.text(f"status IN ({statuses})"),
    )
