"""What an order costs and leaves of quotas, on its form, its review and its request."""

import json

import pytest

from tests.fixtures.browser_client import words
from tests.fixtures.house import http, item

FIELDS = "[{name: size, type: integer, title: Size, required: true, default: 2, max_value: 100}]"
COST = 'cost: {lines: [{label: "App, {{ size }} of them", price: 12.5, each: size}]}\nquota: {vcpu: "{{ size }}"}'
BUNDLE = """\
name: Two
version: "1.0.0"
description: "For tests"
owner: platform-solutions-team
bundle:
  required_items: [{catalog_item: app, version: ">=1.0.0"}]
  optional_items: [{catalog_item: app, version: ">=1.0.0", as: more}, {catalog_item: free, version: ">=1.0.0"}]
"""
HERE = "/order/items/app"


@pytest.fixture
def sarah(house, people, signed_in):
    """Sarah's browser; her team has twelve vCPU, an `app` takes as many as its size."""
    (house.folder / "quotas.yaml").write_text("default: {vcpu: 12}\nresources: {vcpu: {title: vCPU}}")
    house.offer(app=item(http("make"), fields=FIELDS, extra=COST), free=item(http("make"), name="Free"), two=BUNDLE)
    return signed_in("sarah-123")


def test_the_form_shows_what_the_defaults_cost(sarah):
    text = words(sarah.get(HERE))
    assert "$25.00 a month" in text
    assert "App, 2 of them $25.00" in text


def test_the_page_of_an_entry_shows_what_the_defaults_cost(sarah):
    assert "What it costs from $25.00 a month, with the defaults App, 2 of them $25.00" in words(
        sarah.get("/catalog/items/app")
    )


def test_the_page_of_an_entry_whose_price_hangs_on_answers_says_so(sarah, house):
    unsized = item(http("make"), fields=FIELDS.replace("default: 2, ", ""), extra=COST)
    house.offer(unsized=unsized)
    assert "What it costs depends on what you fill in" in words(sarah.get("/catalog/items/unsized"))


def test_the_form_shows_what_is_left_of_the_quota(sarah):
    assert "Quota of customer-experience vCPU 0 + 2 of 12" in words(sarah.get(HERE))


def test_without_script_a_button_works_the_price_out(sarah):
    text = words(sarah.send(HERE, {"do": "again", "item.size": "4"}))
    assert "Work out the price" in text
    assert "$50.00 a month" in text


def test_the_script_is_told_the_price_of_what_was_answered(sarah):
    told = sarah.send(HERE, {"do": "ask", "item.size": "10"}).json
    assert (told["price"]["total"], told["quotas"][0]["warn"]) == (125, True)
    assert told["texts"]["dock-said"] == "$125.00 a month"
    assert "Nearly used up" in told["summary"]


def test_an_answer_that_is_wrong_leaves_no_price_and_says_why(sarah):
    told = sarah.send(HERE, {"do": "ask", "item.size": "many"}).json
    assert told["price"]["total"] is None
    assert "“Size” has no valid answer" in told["summary"]
    assert told["texts"]["dock-said"] == "Nothing is built yet"


def test_an_order_that_is_too_much_says_so_before_it_is_sent(sarah):
    told = sarah.send(HERE, {"do": "ask", "item.size": "20"}).json
    assert told["quotas"][0]["exceeded"] is True
    assert "8 more than the quota" in told["summary"]


def test_the_review_refuses_what_is_too_much(sarah):
    answer = sarah.send(HERE, {"item.size": "20"})
    assert answer.status_code == 422
    assert "this order takes 20, 8 more than is left" in words(answer)


def test_the_review_shows_price_and_quota(sarah):
    text = words(sarah.send(HERE, {"item.size": "4"}))
    assert "App, 4 of them $50.00" in text
    assert "vCPU 0 + 4 of 12" in text


def test_the_request_shows_what_it_costs(sarah, house):
    made = house.order({"catalog_item": "app", "parameters": {"size": 4}})
    text = words(sarah.get(f"/requests/{made.request_id}"))
    assert "Price $50.00 a month" in text
    assert "App, 4 of them $50.00" in text


def test_each_item_of_a_bundle_says_what_it_costs_or_would_add(sarah):
    told = sarah.send("/order/bundles/two", {"do": "ask", "include.free": "on", "items.app.size": "4"}).json
    prices = {name: words for name, words in told["texts"].items() if name != "dock-said"}
    assert sorted(prices.values()) == ["", "$50.00 a month", "Switching it on adds $25.00 a month."]
    assert "Without Free, which has no price." in told["summary"]


def test_an_order_without_a_price_shows_none(sarah):
    told = sarah.send("/order/items/free", {"do": "ask"}).json
    assert (told["price"], told["quotas"]) == (None, [])
    assert "$" not in json.dumps(told["texts"])
