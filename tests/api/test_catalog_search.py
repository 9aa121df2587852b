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


@pytest.mark.parametrize(("typed", "used"), [("postgers", "postgres"), ("kubernets", "kubernetes"), ("rdis", "redis")])
def test_a_typing_mistake_is_set_right_and_said(sarah, typed, used):
    body = sarah.get(f"{SEARCH}?q={typed}").json
    assert body["corrected"] == [{"typed": typed, "used": used}]
    assert body["query"] == used
    assert body["results"] == sarah.get(f"{SEARCH}?q={used}").json["results"] != []


def test_a_word_that_is_known_is_never_set_right(sarah):
    body = sarah.get(f"{SEARCH}?q=redis+databse").json
    assert (body["query"], body["corrected"]) == ("redis database", [{"typed": "databse", "used": "database"}])


def test_what_was_typed_can_be_looked_for_as_it_is(sarah):
    body = sarah.get(f"{SEARCH}?q=postgers&literal=true").json
    assert (body["query"], body["corrected"], body["results"]) == ("postgers", [], [])


def test_where_nothing_is_found_words_are_named_that_find_something(sarah):
    assert sarah.get(f"{SEARCH}?q=redis+kubernetes").json["nearest"] == ["redis", "kubernetes"]
    assert "postgres" in sarah.get(f"{SEARCH}?q=postxyzgres").json["nearest"]
    assert sarah.get(f"{SEARCH}?q=redis").json["nearest"] == []


def test_what_has_the_word_in_its_title_comes_first(sarah):
    assert sarah.get(f"{SEARCH}?q=monitoring&kind=item").json["results"][0]["name"] == "application-monitoring"


def test_kinds_and_categories_narrow_a_search(sarah):
    assert found(sarah.get(f"{SEARCH}?q=database&kind=bundle")) == [("bundle", "full-stack-web-app")]
    assert found(sarah.get(f"{SEARCH}?q=&category=caches,databases&tags=cache")) == [("item", "redis-cache")]


def test_each_facet_is_counted_without_its_own_choice_but_tags(sarah):
    facets = sarah.get(f"{SEARCH}?q=database&kind=item&tags=database").json["facets"]
    assert facets["kinds"] == [{"value": "item", "count": 2}]
    wider = sarah.get(f"{SEARCH}?q=database&kind=item").json["facets"]
    assert {one["value"]: one["count"] for one in wider["kinds"]} == {"item": 2, "bundle": 1}


def test_the_facets_of_everything_are_those_that_the_sync_counted(sarah):
    body = sarah.get(f"{SEARCH}?q=").json
    assert body["facets"]["kinds"] == [{"value": "item", "count": 5}, {"value": "bundle", "count": 1}]
    assert body["total"] == 6
    assert {"value": "database", "count": 2} in body["facets"]["tags"]


def test_words_are_asked_for(sarah):
    answer = sarah.get(SEARCH)
    assert [(fault["pointer"], fault["code"]) for fault in answer.json["errors"]] == [("/q", "required")]
