"""Columns that are one of some words have a domain that checks them, where every step writes.

What a table checks is read and planned again by each statement that writes to it; what a domain checks is kept, and asked only
where such a column is given a value. And the plain case of a worker anew, and its safety net's index apart from that of turns.

Revision ID: 0020
Revises: 0019
"""

from alembic import op

from app.models.functions import install

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

MOVING = "ix_service_requests_moving"
WORDS = {
    ("service_requests", "status", "request_status"): (
        "submitted pending_approval needs_info in_progress awaiting_manual cancelling rolling_back completed failed cancelled"
        " rejected rolled_back"
    ),
    ("service_requests", "quota_state", "quota_state"): "reserved used released",
    ("request_steps", "status", "step_status"): (
        "pending ready running verifying waiting completed failed indeterminate skipped cancelled rolled_back"
    ),
    ("request_steps", "activity", "step_activity"): "run poll verify probe undo adopt",
    ("request_steps", "kind", "step_kind"): "step preflight health",
    ("request_steps", "undo", "step_undo"): "wanted kept",
    ("step_attempts", "status", "attempt_status"): "running waiting completed failed indeterminate cancelled",
}
"""The columns that are one of some words, with their domains."""
CHECKS = {"quota_state": "ck_service_requests_ck_service_requests_quota_state"}
"""By column, the name that its check has got, where it is not the one that all others have."""
# A column that a trigger names keeps its type: the triggers are made again, those of quotas by their file.
FREE = """
CREATE TRIGGER taken_answers_free
AFTER UPDATE OF status ON service_requests
FOR EACH ROW WHEN (NEW.status IN ('rejected', 'rolled_back', 'cancelled') AND NEW.status <> OLD.status)
EXECUTE FUNCTION taken_answers_free()
"""


def upgrade() -> None:
    _drop_triggers()
    for (table, column, domain), words in WORDS.items():
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT {CHECKS.get(column, f'ck_{table}_{column}')}")
        # A domain without a check is the type it is made of: nothing is written again.
        op.execute(f"CREATE DOMAIN {domain} AS varchar")
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {domain}")
        op.execute(f"ALTER DOMAIN {domain} ADD CONSTRAINT {domain} CHECK ({_one_of('VALUE', words)})")
    _make_triggers()
    _moving("completed_at IS NULL AND admitted")
    install(op.get_bind(), "advance")


def downgrade() -> None:
    _moving("completed_at IS NULL")
    _drop_triggers()
    for (table, column, domain), words in WORDS.items():
        before = "varchar" if column in ("quota_state", "undo") else "varchar(200)"
        op.execute(f"ALTER TABLE {table} ALTER COLUMN {column} TYPE {before}")
        name = CHECKS.get(column, f"ck_{table}_{column}")
        op.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} CHECK ({_one_of(column, words)})")
        op.execute(f"DROP DOMAIN {domain}")
    _make_triggers()


def _one_of(what: str, words: str) -> str:
    return f"{what} IN ({', '.join(repr(word) for word in words.split())})"


def _drop_triggers() -> None:
    for name in ("taken_answers_free", "stratus_quota_made", "stratus_quota_gone", "stratus_quota_moved"):
        op.execute(f"DROP TRIGGER {name} ON service_requests")


def _make_triggers() -> None:
    install(op.get_bind(), "quotas")
    op.execute(FREE)


def _moving(which: str) -> None:
    op.drop_index(MOVING, "service_requests")
    op.execute(f"CREATE INDEX {MOVING} ON service_requests (number) WHERE {which}")
