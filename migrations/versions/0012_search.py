"""The words of the catalog, how many entries have what, and who may order an entry.

Revision ID: 0012
Revises: 0011
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ENTRIES = ("catalog_items", "catalog_bundles")
TITLE_WORDS = "ts_filter(search_vector, '{a}')"
ACCESS = "(definition ->> 'access')::jsonb"

# Punctuation and bare numbers are no words that somebody misspells; `[[:alpha:]]` would know letters of one language only.
WORDS = """
WITH told AS (
    SELECT word, ndoc FROM ts_stat(
        'SELECT search_vector FROM catalog_items WHERE active UNION ALL SELECT search_vector FROM catalog_bundles WHERE active'
    )
    WHERE length(word) BETWEEN 2 AND 50 AND word !~ '[!-/:-@\\[-`{-~]' AND word !~ '^[0-9]+$'
), gone AS (
    DELETE FROM catalog_words WHERE word NOT IN (SELECT word FROM told)
)
INSERT INTO catalog_words (word, entries) SELECT word, ndoc FROM told
ON CONFLICT (word) DO UPDATE SET entries = EXCLUDED.entries WHERE catalog_words.entries <> EXCLUDED.entries
"""
COUNTS = """
WITH active AS (
    SELECT 'item' AS kind, owner, category, tags FROM catalog_items WHERE active
    UNION ALL SELECT 'bundle', owner, category, tags FROM catalog_bundles WHERE active
), told AS (
    SELECT 'kind' AS facet, kind AS value, count(*) AS entries FROM active GROUP BY kind
    UNION ALL SELECT 'owner', owner, count(*) FROM active GROUP BY owner
    UNION ALL SELECT 'category', category, count(*) FROM active GROUP BY category
    UNION ALL SELECT 'tag', tag, count(*) FROM active, jsonb_array_elements_text(tags) AS tag GROUP BY tag
), gone AS (
    DELETE FROM catalog_facets WHERE (facet, value) NOT IN (SELECT facet, value FROM told)
)
INSERT INTO catalog_facets (facet, value, entries) SELECT facet, value, entries FROM told
ON CONFLICT (facet, value) DO UPDATE SET entries = EXCLUDED.entries WHERE catalog_facets.entries <> EXCLUDED.entries
"""


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    for table in ENTRIES:
        op.add_column(table, sa.Column("access", JSONB(), sa.Computed(ACCESS, persisted=True)))
        op.create_index(f"ix_{table}_title_words", table, [sa.text(TITLE_WORDS)], postgresql_using="gin")
    # Sorted by code point whatever the database's language, so that a beginning is a range.
    op.create_table(
        "catalog_words",
        sa.Column("word", sa.String(200, collation="C"), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("word", name="pk_catalog_words"),
    )
    op.create_index(
        "ix_catalog_words_alike", "catalog_words", ["word"], postgresql_using="gin", postgresql_ops={"word": "gin_trgm_ops"}
    )
    op.create_table(
        "catalog_facets",
        sa.Column("facet", sa.String(200), nullable=False),
        sa.Column("value", sa.String(200), nullable=False),
        sa.Column("entries", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("facet", "value", name="pk_catalog_facets"),
    )
    op.create_index("ix_catalog_facets_largest", "catalog_facets", ["facet", sa.text("entries DESC"), "value"])
    op.execute(f"CREATE FUNCTION catalog_count() RETURNS void LANGUAGE sql AS $$ {WORDS}; {COUNTS} $$")
    op.execute("SELECT catalog_count()")


def downgrade() -> None:
    op.execute("DROP FUNCTION catalog_count")
    op.drop_table("catalog_facets")
    op.drop_table("catalog_words")
    for table in ENTRIES:
        op.drop_index(f"ix_{table}_title_words", table)
        op.drop_column(table, "access")
    # The extension stays: whoever set the database up may use it for something else.
