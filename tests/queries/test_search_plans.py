"""A search costs what it shows, however large the catalog is: indexes answer it, and nothing reads all entries."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Select, text

from app.models.tables import CATALOG_ITEM
from app.queries import forecast, search
from app.queries.search import Filters
from tests.fixtures.house import House, http, item
from tests.lifecycle.test_plans import plan

CROWD = """
INSERT INTO catalog_items (name, title, version, description, owner, category, tags, definition, source_path, source_hash)
SELECT 'made-' || n, 'Made ' || n, '1.0.0', 'Word' || mod(n, 1000), 'team-' || mod(n, 200), 'made',
    jsonb_build_array('tag-' || mod(n, 500)), '{}', 'made.yaml', 'made'
FROM generate_series(1, 3000) AS n
"""


@pytest.fixture
def crowded(house: House) -> Iterator[Connection]:
    """A connection to a house with a large catalog."""
    house.offer(thing=item(http("make")))
    with house.engine.connect() as connection:
        connection.exec_driver_sql(CROWD)
        connection.exec_driver_sql("SELECT catalog_count()")
        for table in ("catalog_items", "catalog_words", "catalog_facets"):
            connection.exec_driver_sql(f"ANALYZE {table}")
        yield connection
        connection.rollback()


ASKED: dict[str, tuple[Select, set[str]]] = {
    "the beginning of the whole list": (search._first(CATALOG_ITEM, 25), {"ix_catalog_items_title"}),
    "words, those of titles first": (
        search._best(CATALOG_ITEM, Filters(words=["word7"]), 25),
        {"ix_catalog_items_title_words", "ix_catalog_items_search_vector"},
    ),
    "a tag": (search._best(CATALOG_ITEM, Filters(tags=["tag-7"]), 25), {"ix_catalog_items_tags"}),
    "an owner": (search._best(CATALOG_ITEM, Filters(owners=["team-7"]), 25), {"ix_catalog_items_owner"}),
    "the forecasts of a page": (
        forecast.FIGURES.params(forecast.asking([("item", "thing")])),
        {"pk_catalog_forecasts"},
    ),
}


@pytest.mark.parametrize("asked", ASKED)
def test_indexes_answer(crowded: Connection, asked: str):
    statement, indexes = ASKED[asked]
    found = plan(crowded, statement)
    assert {index for index in indexes if f" {index} " in found} == indexes


@pytest.mark.parametrize(
    ("statement", "index"), [(search._KNOWN, "pk_catalog_words"), (search._ALIKE, "ix_catalog_words_alike")]
)
def test_words_are_looked_up_by_an_index(crowded: Connection, statement, index: str):
    crowded.exec_driver_sql("SET LOCAL enable_seqscan = off")
    rows = crowded.execute(text(f"EXPLAIN {statement.text}"), {"words": ["word7", "wrod8"]})
    assert index in "\n".join(row[0] for row in rows)


def test_counts_of_the_whole_catalog_are_not_counted_anew(crowded: Connection):
    statement = search._facet("tag")
    assert "ix_catalog_facets_largest" in plan(crowded, statement)
    assert "catalog_items" not in plan(crowded, statement)
