"""What lists need at any size: which teams see a request, open requests of a person, entries by title and by owner.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

SEEN_BY = """
SELECT DISTINCT team, {row}.created_at, {row}.id
FROM (SELECT {row}.requester_team UNION ALL SELECT jsonb_array_elements_text({row}.owner_teams)) AS teams (team)
"""
FOLLOW = f"""
CREATE FUNCTION request_teams_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        DELETE FROM request_teams
        WHERE team IN (SELECT OLD.requester_team UNION ALL SELECT jsonb_array_elements_text(OLD.owner_teams))
            AND created_at = OLD.created_at AND request_id = OLD.id;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO request_teams (team, created_at, request_id) {SEEN_BY.format(row="NEW")};
    END IF;
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE TRIGGER request_teams_follow
AFTER INSERT OR DELETE OR UPDATE OF requester_team, owner_teams, created_at ON service_requests
FOR EACH ROW EXECUTE FUNCTION request_teams_follow()
"""


def upgrade() -> None:
    op.create_table(
        "request_teams",
        sa.Column("team", sa.String(200), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("request_id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("team", "created_at", "request_id", name="pk_request_teams"),
    )
    op.execute(
        "INSERT INTO request_teams (team, created_at, request_id)"
        f" SELECT seen.* FROM service_requests r, LATERAL ({SEEN_BY.format(row='r')}) AS seen"
    )
    op.execute(FOLLOW)
    op.execute(TRIGGER)
    op.drop_index("ix_service_requests_owner_teams", "service_requests")
    op.create_index(
        "ix_service_requests_open",
        "service_requests",
        ["requester_id", "created_at", "id"],
        postgresql_where=sa.text("completed_at IS NULL"),
    )
    for table in ("catalog_items", "catalog_bundles"):
        op.create_index(f"ix_{table}_title", table, ["title", "name"], postgresql_where=sa.text("active"))
        op.create_index(f"ix_{table}_owner", table, ["owner"])


def downgrade() -> None:
    for table in ("catalog_items", "catalog_bundles"):
        op.drop_index(f"ix_{table}_owner", table)
        op.drop_index(f"ix_{table}_title", table)
    op.drop_index("ix_service_requests_open", "service_requests")
    op.create_index("ix_service_requests_owner_teams", "service_requests", ["owner_teams"], postgresql_using="gin")
    op.execute("DROP TRIGGER request_teams_follow ON service_requests")
    op.execute("DROP FUNCTION request_teams_follow")
    op.drop_table("request_teams")
