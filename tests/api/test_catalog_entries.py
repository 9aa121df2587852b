"""GET /catalog/items/{name}, /catalog/bundles/{name}, and their versions."""

import pytest

from app.catalog.loader import load
from app.catalog.sync import sync
from app.extensions import db
from app.transaction import transaction
from config import HERE

pytestmark = pytest.mark.usefixtures("synced_catalog")

POSTGRES = "/api/v1/catalog/items/postgres-database"
BUNDLE = "/api/v1/catalog/bundles/full-stack-web-app"


@pytest.fixture
def newer(app, tmp_path):
    """The catalog after the database item moved on to 2.2.0."""
    folder = tmp_path / "catalog"
    for path in (HERE / "catalog").rglob("*"):
        if path.is_file():
            target = folder / path.relative_to(HERE / "catalog")
            target.parent.mkdir(parents=True, exist_ok=True)
            text = path.read_text()
            target.write_text(
                text.replace('version: "2.1.0"', 'version: "2.2.0"') if path.stem == "postgres-database" else text
            )
    with app.app_context(), transaction():
        sync(db.session, load(folder), source="catalog", commit=None)


def field(body, name):
    return next(one for one in body["presentation"]["fields"] if one["name"] == name)


def test_an_item_is_shown_as_its_document_wrote_it(sarah):
    body = sarah.get(POSTGRES).json
    assert (body["name"], body["title"], body["version"]) == ("postgres-database", "PostgreSQL Database", "2.1.0")
    assert field(body, "instance_class") == {
        "name": "instance_class",
        "title": "Instance class",
        "type": "selection",
        "oneof": ["db.t3.micro", "db.t3.small", "db.t3.medium", "db.t3.large"],
        "default": "db.t3.small",
        "help_text": "Database instance size",
    }


def test_fields_come_in_the_order_of_the_form(sarah):
    fields = sarah.get(POSTGRES).json["presentation"]["fields"]
    assert [one["name"] for one in fields] == ["database_name", "instance_class", "allocated_storage", "backup_retention"]


def test_a_bundle_shows_ranges_and_fixed_parameters_as_written(sarah):
    bundle = sarah.get(BUNDLE).json["bundle"]
    assert bundle["required_items"][0] == {
        "catalog_item": "eks-container-app",
        "version": ">=1.2.0",
        "as": "eks_app",
        "parameters": {"app_type": "web-frontend"},
    }
    assert [item["default_enabled"] for item in bundle["optional_items"]] == [False, True]


def test_a_bundle_shows_its_own_fields(sarah):
    assert [one["name"] for one in sarah.get(BUNDLE).json["presentation"]["bundle_fields"]] == ["solution_name", "enable_ha"]


def test_how_an_item_is_built_is_not_told(sarah):
    assert "fulfillment" not in sarah.get(POSTGRES).json


@pytest.mark.parametrize(
    "path", ["items/no-such-item", "bundles/no-such-bundle", "items/full-stack-web-app", "items/x/versions"]
)
def test_an_unknown_entry_is_not_found(sarah, path):
    answer = sarah.get(f"/api/v1/catalog/{path}")
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_an_unknown_version_names_those_there_are(sarah):
    answer = sarah.get(f"{POSTGRES}?version=9.9.9")
    assert (answer.status_code, answer.json["detail"]) == (404, "Postgres-database has no version 9.9.9; there is 2.1.0.")


def test_the_newest_version_is_the_current_one(sarah, newer):
    assert sarah.get(POSTGRES).json["version"] == "2.2.0"


def test_an_older_version_can_still_be_read(sarah, newer):
    body = sarah.get(f"{POSTGRES}?version=2.1.0").json
    assert (body["version"], body["versions"]) == ("2.1.0", ["2.2.0", "2.1.0"])


def test_versions_are_listed_newest_first(sarah, newer):
    assert sarah.get(f"{POSTGRES}/versions").json["versions"] == [
        {"version": "2.2.0", "current": True, "href": f"{POSTGRES}?version=2.2.0"},
        {"version": "2.1.0", "current": False, "href": f"{POSTGRES}?version=2.1.0"},
    ]


def test_a_bundle_has_versions_too(sarah):
    assert [one["version"] for one in sarah.get(f"{BUNDLE}/versions").json["versions"]] == ["2.1.0"]


def test_an_unchanged_entry_is_not_sent_again(sarah):
    tag = sarah.get(POSTGRES).headers["ETag"]
    assert sarah.get(POSTGRES, headers={"If-None-Match": tag}).status_code == 304


def test_a_changed_entry_is_sent_again(sarah, request):
    tag = sarah.get(POSTGRES).headers["ETag"]
    request.getfixturevalue("newer")
    assert sarah.get(POSTGRES, headers={"If-None-Match": tag}).status_code == 200
