"""Who may order an entry, in lists, in searches and when somebody orders all the same."""

import pytest
from sqlalchemy import select

from app.models.tables import CATALOG_ITEM, REQUEST
from app.queries.catalog import entry_of, listed
from app.queries.search import may_order
from tests.fixtures.house import CAST, http, item

STACK = """
name: Stack
version: "1.0.0"
description: "For tests"
owner: platform-solutions-team
bundle:
  required_items: [{catalog_item: gpu, version: "1.x"}]
"""
DATA = "access: {teams: [platform-data-team]}"
WHY = "only for platform-data-team; ask platform-data-team to add your team"
RULES = {
    "open": "",
    "data": DATA,
    "boss": "access: {roles: [administrator]}",
    "both": "access: {teams: [growth], roles: [administrator]}",
    "compute": "access: {teams: [platform-compute-team, growth]}",
}


@pytest.fixture
def offered(house, people):
    """An item that only the data team may order, and a bundle of it that everybody may."""
    house.offer(gpu=item(http("make"), name="GPU", extra=DATA), stack=STACK)
    return house


def codes(answer):
    return [(error["pointer"], error["code"]) for error in answer.json["errors"]]


@pytest.mark.parametrize("path", ["items/gpu", "items", "search?q=gpu"])
@pytest.mark.parametrize(("who", "why"), [("carol-789", None), ("sarah-123", WHY), ("dana-001", WHY)])
def test_everybody_sees_it_with_the_reason_why_they_may_not_order_it(offered, people, path, who, why):
    body = people.api(who).get(f"/api/v1/catalog/{path}").json
    (entry,) = [one for one in body.get("items") or body.get("results") or [body] if one["name"] == "gpu"]
    assert (entry["may_order"], entry["why_not"]) == (why is None, why)


def test_an_order_by_somebody_else_is_refused_and_nothing_is_written(offered, sarah):
    answer = sarah.post("/api/v1/requests", json={"catalog_item": "gpu"})
    assert answer.status_code == 422
    assert codes(answer) == [("/catalog_item", "not_allowed")]
    assert "only for platform-data-team" in answer.json["errors"][0]["message"]
    assert offered.rows(select(REQUEST)) == []


def test_the_team_that_is_named_orders(offered, carol):
    assert carol.post("/api/v1/requests", json={"catalog_item": "gpu"}).status_code == 201


def test_a_bundle_is_ruled_by_its_own_rule_alone(offered, sarah):
    answer = sarah.post("/api/v1/requests/validate", json={"catalog_bundle": "stack"})
    assert (answer.json["valid"], answer.json["errors"]) == (True, [])


def test_the_rule_of_today_holds_for_older_versions_too(house, sarah):
    house.offer(gpu=item(http("make"), name="GPU"))
    house.offer(gpu=item(http("make"), name="GPU", extra=DATA).replace('"1.0.0"', '"1.1.0"'))
    answer = sarah.post("/api/v1/requests/validate", json={"catalog_item": "gpu", "version": "1.0.0"})
    assert codes(answer) == [("/catalog_item", "not_allowed")]


def test_somebody_of_several_teams_orders_for_one_that_is_named(house, erin):
    house.offer(gpu=item(http("make"), name="GPU", extra="access: {teams: [platform-compute-team]}"))
    order = {"catalog_item": "gpu", "requester": {"team": "platform-solutions-team"}}
    assert codes(erin.post("/api/v1/requests/validate", json=order)) == [("/catalog_item", "not_allowed")]
    order["requester"]["team"] = "platform-compute-team"
    assert erin.post("/api/v1/requests/validate", json=order).json["valid"]


def test_all_faults_are_told_with_it(offered, sarah):
    answer = sarah.post("/api/v1/requests/validate", json={"catalog_item": "gpu", "parameters": {"colour": "red"}})
    assert codes(answer) == [("/catalog_item", "not_allowed"), ("/parameters/colour", "unknown_field")]


def test_a_search_can_be_narrowed_to_what_the_caller_may_order(offered, sarah, carol):
    path = "/api/v1/catalog/search?q=&may_order=true"
    assert [one["name"] for one in sarah.get(path).json["results"]] == ["stack"]
    assert [one["name"] for one in carol.get(path).json["results"]] == ["stack", "gpu"]


@pytest.mark.parametrize("who", CAST)
def test_sql_and_the_rule_agree(house, people, session, who):
    house.offer(**{name: item(http("make"), extra=rule) for name, rule in RULES.items()})
    person = people.person(who)
    may = set(session.scalars(select(CATALOG_ITEM.c.name).where(may_order(CATALOG_ITEM, person))))
    every = [entry_of("item", row) for row in session.execute(select(*listed(CATALOG_ITEM)))]
    assert may == {one.name for one in every if one.refuses(person) is None}
