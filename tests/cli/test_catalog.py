"""`stratus catalog`: lists, search, one entry with its fields."""

import json

import pytest

from tests.fixtures.house import http, item

pytestmark = pytest.mark.usefixtures("synced_catalog")


def test_the_catalog_is_a_table(sarah):
    lines = sarah("catalog", "list").out.splitlines()
    assert lines[0].split() == ["NAME", "KIND", "VERSION", "OWNER", "DESCRIPTION"]
    assert any(line.startswith("full-stack-web-app ") for line in lines)


def test_it_is_narrowed_by_kind_tag_and_owner(sarah):
    words = ["--kind", "item", "--tag", "database", "--tag", "postgres", "--owner", "platform-data-team"]
    assert [one["name"] for one in json.loads(sarah("catalog", "list", *words, "-o", "json").out)["items"]] == [
        "postgres-database"
    ]


def test_a_list_is_as_long_as_it_was_wished(sarah):
    assert len(json.loads(sarah("-o", "json", "catalog", "list", "--kind", "item", "--limit", "3").out)["items"]) == 3


def test_a_typing_mistake_is_set_right_and_said(sarah):
    ran = sarah("catalog", "search", "postgers")
    assert "postgres-database" in ran.out
    assert ran.err == "Searched for postgres instead of postgers.\n"


def test_words_find_entries(sarah):
    assert "postgres-database" in sarah("catalog", "search", "postgres").out
    assert sarah("catalog", "search", "no-such-word-at-all").out.startswith("Nothing in the catalog fits.")


def test_an_entry_shows_every_field_with_its_place_in_the_order(sarah):
    out = sarah("catalog", "show", "full-stack-web-app").out
    assert "PostgreSQL Database  [item_parameters.postgres-database]" in out
    assert "allocated_storage" in out
    assert "app_type" not in out


def test_an_entry_as_json_is_the_answer_of_the_api(sarah, people):
    told = people.api("sarah-123").get("/api/v1/catalog/items/redis-cache").json
    assert json.loads(sarah("catalog", "show", "redis-cache", "-o", "json").out) == told


def test_an_unknown_entry_says_where_to_look(sarah):
    ran = sarah("catalog", "show", "no-such-entry")
    assert (ran.code, ran.out, "stratus catalog list" in ran.err) == (4, "", True)


def test_names_are_no_paths(sarah):
    assert sarah("catalog", "show", "../../tokens").code == 4


def test_what_others_wrote_cannot_command_a_terminal(sarah, house):
    evil = item(http("make")).replace('"For tests"', '"\\e[2J\\e]0;owned\\a gone"')
    house.offer(evil=evil)
    out = sarah("catalog", "list").out
    assert "gone" in out
    assert "\x1b" not in out
