"""The contracts of imports see what they forbid."""

import grimp
import pytest

from dev.layers import OneWay, OnlyImporters

TABLE = {
    "root": "house",
    "table": ["web: core", "core:", "models:", "errors:", "catalog:", "catalog.schema:"],
    "everybody": ["errors"],
    "stores": ["models"],
    "storeless": ["core", "catalog.schema"],
}


def broken(importer, imported, contract=OneWay, options=TABLE):
    graph = grimp.ImportGraph()
    for module in ("house", importer, imported):
        graph.add_module(module)
    graph.add_import(importer=importer, imported=imported)
    return contract("contract", {}, options).check(graph, verbose=False).metadata["broken"]


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("house.web.pages", "house.core.plan"),
        ("house.web", "house.models"),
        ("house.core.plan", "house.errors"),
        ("house.web.pages", "house.web.labels"),
        ("house.catalog", "house.catalog.schema"),
        ("house", "house.web"),
        ("house.core", "elsewhere"),
    ],
)
def test_down_the_table_is_allowed(importer, imported):
    assert broken(importer, imported) == []


@pytest.mark.parametrize(
    ("importer", "imported"),
    [
        ("house.core", "house.web"),
        ("house.core", "house.models"),
        ("house.catalog.schema", "house.models"),
        ("house.models", "house"),
    ],
)
def test_up_the_table_is_not(importer, imported):
    assert broken(importer, imported) != []


def test_a_module_without_a_row_is_told_where_to_write_one():
    assert "write one in pyproject.toml" in broken("house.attic", "house.core")[0]


def test_a_package_has_named_importers_only():
    options = {"root": "house", "packages": ["rq"], "importers": ["house.dispatch"]}
    assert broken("house.dispatch", "rq", OnlyImporters, options) == []
    assert broken("house.web", "rq", OnlyImporters, options) == ["house.web may not import rq"]
