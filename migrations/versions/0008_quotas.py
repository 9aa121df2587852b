"""What teams may use and what their orders hold of it; the price of each request.

Requests that are there already count as services of their items; what they cost nobody knows any more.

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSON

from app.models.functions import install

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

AMOUNT = sa.Numeric(20, 4)
NOW = sa.text("clock_timestamp()")
COUNT_AS_SERVICES = """
UPDATE service_requests r SET
    quota_takes = (
        SELECT json_object_agg(resource, amount) FROM (
            SELECT 'services' AS resource, count(*) AS amount FROM bundle_request_items i WHERE i.request_id = r.id
            UNION ALL
            SELECT 'item:' || i.catalog_item, count(*) FROM bundle_request_items i WHERE i.request_id = r.id
            GROUP BY i.catalog_item
        ) AS taken WHERE amount > 0
    ),
    quota_state = stratus_quota_state(
        r.id, r.status,
        CASE WHEN EXISTS (SELECT 1 FROM request_events e WHERE e.request_id = r.id AND e.kind = 'request.completed')
            THEN 'used' ELSE 'reserved' END
    )
"""
FUNCTIONS = (
    "stratus_quota_follow()",
    "stratus_quota_move(json, text, uuid, text, text)",
    "stratus_quota_track(text, text)",
    "stratus_quota_join(text)",
    "stratus_quota_sum(text, text)",
    "stratus_quota_state(uuid, text, text)",
)


def upgrade() -> None:
    op.create_table(
        "quotas",
        sa.Column("team", sa.String(200), nullable=False),
        sa.Column("resource", sa.String(200), nullable=False),
        sa.Column("source", sa.String(200), nullable=False),
        sa.Column("limit", AMOUNT, nullable=False),
        sa.Column("set_by", sa.String()),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.PrimaryKeyConstraint("team", "resource", "source", name="pk_quotas"),
        sa.CheckConstraint("source IN ('file', 'admin')", name="ck_quotas_source"),
    )
    op.create_table(
        "quota_rules",
        sa.Column("id", sa.SmallInteger(), nullable=False, server_default=sa.text("1")),
        sa.Column("rules", JSON(), nullable=False, server_default=sa.text("'{}'::json")),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=NOW),
        sa.PrimaryKeyConstraint("id", name="pk_quota_rules"),
        sa.CheckConstraint("id = 1", name="ck_quota_rules_one_row"),
    )
    op.create_table(
        "quota_counters",
        sa.Column("holder", sa.String(250), nullable=False),
        sa.Column("resource", sa.String(200), nullable=False),
        sa.Column("used", AMOUNT, nullable=False),
        sa.Column("reserved", AMOUNT, nullable=False),
        sa.PrimaryKeyConstraint("holder", "resource", name="pk_quota_counters"),
        postgresql_with={"fillfactor": "50"},
    )
    for name in ("price", "quota_takes"):
        op.add_column("service_requests", sa.Column(name, JSON()))
    op.add_column("service_requests", sa.Column("quota_state", sa.String()))
    op.create_check_constraint(
        "ck_service_requests_quota_state", "service_requests", "quota_state IN ('reserved', 'used', 'released')"
    )
    for table in ("catalog_items", "catalog_bundles"):
        op.add_column(table, sa.Column("price_from", JSON()))
    install(op.get_bind(), "quotas")
    op.execute(COUNT_AS_SERVICES)


def downgrade() -> None:
    for name in ("made", "gone", "moved"):
        op.execute(f"DROP TRIGGER stratus_quota_{name} ON service_requests")
    for function in FUNCTIONS:
        op.execute(f"DROP FUNCTION {function}")
    for table in ("catalog_items", "catalog_bundles"):
        op.drop_column(table, "price_from")
    for name in ("price", "quota_takes", "quota_state"):
        op.drop_column("service_requests", name)
    for table in ("quotas", "quota_rules", "quota_counters"):
        op.drop_table(table)
