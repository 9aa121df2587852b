"""GET /catalog/items and /catalog/bundles."""

import pytest

from app.extensions import db
from app.models import CatalogItem

pytestmark = pytest.mark.usefixtures("synced_catalog")

ITEMS = "/api/v1/catalog/items"
BUNDLES = "/api/v1/catalog/bundles"


def names(answer):
    return [entry["name"] for entry in answer.json["items"]]


def test_a_bundle_is_listed_as_the_story_shows_it(sarah):
    (entry,) = sarah.get(f"{BUNDLES}?tags=web-app").json["bundles"]
    told = {
        "name": "full-stack-web-app",
        "version": "2.1.0",
        "description": "Complete web application stack with database and monitoring",
        "owner": "platform-solutions-team",
        "tags": ["web-app", "full-stack", "solution"],
        "href": "/api/v1/catalog/bundles/full-stack-web-app",
    }
    assert told.items() <= entry.items()


def test_a_list_that_ends_says_so(sarah):
    assert sarah.get(BUNDLES).json["pagination"] == {"next_cursor": None, "has_more": False}


def test_an_unknown_tag_finds_nothing(sarah):
    assert sarah.get(f"{BUNDLES}?tags=no-such-tag").json["bundles"] == []


@pytest.mark.parametrize("written", ["tags=database&tags=postgres", "tags=database,postgres"])
def test_of_several_tags_all_must_be_there(sarah, written):
    assert names(sarah.get(f"{ITEMS}?{written}")) == ["postgres-database"]


def test_of_several_owners_any_is_enough(sarah):
    found = names(sarah.get(f"{ITEMS}?owner=platform-compute-team,platform-solutions-team"))
    assert found == ["application-monitoring", "eks-container-app", "team-workspace"]


def test_pages_hold_everything_once(sarah):
    first = sarah.get(f"{ITEMS}?limit=3")
    second = sarah.get(f"{ITEMS}?limit=3&cursor={first.json['pagination']['next_cursor']}")
    assert names(first) + names(second) == names(sarah.get(ITEMS))
    assert second.json["pagination"]["has_more"] is False


def test_a_page_is_stable_when_something_is_added_before_it(sarah, app):
    first = sarah.get(f"{ITEMS}?limit=2").json
    with app.app_context():
        row = db.session.query(CatalogItem).filter_by(name="redis-cache").one()
        copied = {c.key: getattr(row, c.key) for c in CatalogItem.__table__.columns if not (c.computed or c.key == "id")}
        db.session.add(CatalogItem(**{**copied, "name": "aaa-first"}))
        db.session.commit()
    after = sarah.get(f"{ITEMS}?limit=2&cursor={first['pagination']['next_cursor']}")
    assert names(after) == ["postgres-database", "redis-cache"]


def test_a_cursor_of_another_list_is_refused(sarah):
    cursor = sarah.get(f"{ITEMS}?limit=1").json["pagination"]["next_cursor"]
    answer = sarah.get(f"{BUNDLES}?cursor={cursor}")
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/cursor")


def test_a_made_up_cursor_is_refused(sarah):
    assert sarah.get(f"{ITEMS}?cursor=WyJhIiwiYiJd.made-up").status_code == 422


def test_an_unchanged_list_is_not_sent_again(sarah):
    tag = sarah.get(ITEMS).headers["ETag"]
    answer = sarah.get(ITEMS, headers={"If-None-Match": tag})
    assert (answer.status_code, answer.data) == (304, b"")


def test_another_list_has_another_tag(sarah):
    assert sarah.get(f"{ITEMS}?limit=1").headers["ETag"] != sarah.get(ITEMS).headers["ETag"]
