"""What the engine needs to probe, stop, undo and take turns: columns of steps, requests and attempts, and one index of all dues.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STEPS = "request_steps"
REQUESTS = "service_requests"
MOVING = "ix_service_requests_moving"
MOVES = "status IN ('submitted', 'in_progress', 'cancelling', 'rolling_back')"


def upgrade() -> None:
    op.add_column(STEPS, sa.Column("kind", sa.String(200), server_default="step", nullable=False))
    op.add_column(STEPS, sa.Column("ready_at", sa.DateTime(timezone=True)))
    op.add_column(STEPS, sa.Column("stop_wanted", sa.Boolean(), server_default="false", nullable=False))
    op.add_column(STEPS, sa.Column("undo", sa.String()))
    op.create_check_constraint("kind", STEPS, "kind IN ('step', 'preflight', 'health')")
    op.create_check_constraint("undo", STEPS, "undo IN ('wanted', 'kept')")
    op.drop_index("ix_request_steps_due", STEPS)
    op.create_index("ix_request_steps_due", STEPS, ["check_after"], postgresql_where=sa.text("check_after IS NOT NULL"))
    op.add_column(REQUESTS, sa.Column("admitted", sa.Boolean(), server_default="true", nullable=False))
    op.add_column(REQUESTS, sa.Column("deadline", sa.DateTime(timezone=True)))
    op.drop_index(MOVING, REQUESTS)
    op.create_index(MOVING, REQUESTS, ["number"], postgresql_where=sa.text(MOVES))
    op.create_index("ix_service_requests_turn", REQUESTS, ["priority", "number"], postgresql_where=sa.text("NOT admitted"))
    op.create_index(
        "ix_service_requests_deadline", REQUESTS, ["deadline"], postgresql_where=sa.text("completed_at IS NULL")
    )
    op.add_column("step_attempts", sa.Column("noted", sa.JSON()))


def downgrade() -> None:
    op.drop_column("step_attempts", "noted")
    op.drop_index("ix_service_requests_deadline", REQUESTS)
    op.drop_index("ix_service_requests_turn", REQUESTS)
    op.drop_index(MOVING, REQUESTS)
    op.create_index(MOVING, REQUESTS, ["number"], postgresql_where=sa.text("status IN ('submitted', 'in_progress')"))
    op.drop_column(REQUESTS, "deadline")
    op.drop_column(REQUESTS, "admitted")
    op.drop_index("ix_request_steps_due", STEPS)
    op.create_index("ix_request_steps_due", STEPS, ["check_after"], postgresql_where=sa.text("status = 'waiting'"))
    for column in ("undo", "stop_wanted", "ready_at", "kind"):
        op.drop_column(STEPS, column)
