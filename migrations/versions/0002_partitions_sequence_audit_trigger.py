"""Default partitions, the sequence of ticket numbers, and a trigger that keeps the audit log append-only.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

PARTITIONED = ("step_logs", "request_events", "audit_log")


def upgrade() -> None:
    for table in PARTITIONED:
        op.execute(f"CREATE TABLE {table}_rest PARTITION OF {table} DEFAULT")
    op.execute("CREATE SEQUENCE manual_ticket_numbers START 1001")
    op.execute(
        """
        CREATE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION 'audit_log is append-only';
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER audit_log_append_only BEFORE UPDATE OR DELETE ON audit_log"
        " FOR EACH ROW EXECUTE FUNCTION audit_log_is_append_only()"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER audit_log_append_only ON audit_log")
    op.execute("DROP FUNCTION audit_log_is_append_only")
    op.execute("DROP SEQUENCE manual_ticket_numbers")
    for table in PARTITIONED:
        op.execute(f"DROP TABLE {table}_rest")
