"""GET /catalog/search."""

import pytest

pytestmark = pytest.mark.usefixtures("synced_catalog")

SEARCH = "/api/v1/catalog/search"


def found(answer):
    return [(entry["kind"], entry["name"]) for entry in answer.json["results"]]


def test_words_find_items_and_bundles(sarah):
    answer = sarah.get(f"{SEARCH}?q=database")
    assert {("bundle", "full-stack-web-app"), ("item", "postgres-database")} <= set(found(answer))


def test_the_beginning_of_a_word_is_enough(sarah):
    assert found(sarah.get(f"{SEARCH}?q=postg")) == [("item", "postgres-database")]


def test_all_words_must_be_found(sarah):
    assert found(sarah.get(f"{SEARCH}?q=postgres+kubernetes")) == []


@pytest.mark.parametrize("words", ["'; drop table users --", "a:* & !", "%00", "(((", "\\"])
def test_what_is_typed_is_never_a_query(sarah, words):
    assert sarah.get(SEARCH, query_string={"q": words}).status_code == 200


def test_facets_count_what_was_found(sarah):
    facets = sarah.get(f"{SEARCH}?q=postgres").json["facets"]
    assert facets["owners"] == [{"value": "platform-data-team", "count": 1}]
    assert {tag["value"] for tag in facets["tags"]} == {"database", "postgres", "storage"}


def test_a_limit_shows_less_and_counts_all(sarah):
    body = sarah.get(f"{SEARCH}?q=&limit=2").json
    assert (len(body["results"]), body["total"]) == (2, 6)


def test_words_are_asked_for(sarah):
    answer = sarah.get(SEARCH)
    assert [(fault["pointer"], fault["code"]) for fault in answer.json["errors"]] == [("/q", "required")]
