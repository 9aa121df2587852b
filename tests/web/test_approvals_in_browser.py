"""Approvals in a real browser: asked, answered with a changed order, approved; and what axe finds on the way."""

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from tests.browser.visitor import examine
from tests.fixtures.browser_client import signed_in
from tests.fixtures.house import House, http, item
from tests.fixtures.people import People

pytestmark = pytest.mark.browser

FIELDS = "[{name: size, type: integer, required: true, max_value: 20, unit: GB}, {name: code, type: secret, required: true}]"
RULES = """
approval: [{when: price > 50, by: {team: platform-data-team}, reason: Large disks are planned with the data team.}]
cost: {lines: [{label: Storage, price: 10, each: size}]}
quota: {storage: "{{ size }}"}
"""


@pytest.fixture
def visit(browsable: Flask, people: People, chromium: Browser) -> Iterator[Callable[[str], Page]]:
    """Opens a browser in which somebody of the cast has signed in."""
    contexts, errors = [], []

    def open_for(user_id: str) -> Page:
        address = browsable.config["SETTINGS"].public_url
        cookie = signed_in(browsable, people.person(user_id)).get_cookie(browsable.config["SESSION_COOKIE_NAME"])
        context = chromium.new_context(base_url=address, viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": address}])
        context.set_default_timeout(15_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        return page

    yield open_for
    for context in contexts:
        context.close()
    assert not errors, f"scripts on the pages failed: {errors}"


def test_an_order_is_asked_about_changed_and_approved(house: House, visit: Callable[[str], Page]):
    (house.folder / "quotas.yaml").write_text("default: {storage: 30}")
    house.offer(large=item(http("make"), fields=FIELDS, extra=RULES, owner="platform-compute-team", name="Large disk"))
    request_id = house.order({"catalog_item": "large", "parameters": {"size": 9, "code": "open sesame"}}).request_id
    carol, sarah = visit("carol-789"), visit("sarah-123")

    carol.goto("/approvals")
    examine(carol)
    carol.click("a.title:has-text('Large disk')")
    expect(carol.locator("#decide-panel")).to_contain_text("$90.00")
    expect(carol.locator("#decide-panel")).to_contain_text("0 + 9 of 30")
    examine(carol)
    carol.check("input[name=act][value=ask]")
    carol.fill("#text-ask", "Is 6 GB enough?")
    carol.click("button:has-text('Ask'):visible")
    expect(carol.locator("h1")).to_contain_text("Large disk")

    sarah.goto(f"/requests/{request_id}")
    expect(sarah.locator("#standing")).to_have_text("Carol asks: Is 6 GB enough?")
    examine(sarah)
    sarah.click("a:has-text('Change the order instead')")
    sarah.fill("[name='item.size']", "6")
    expect(sarah.locator("#summary-price")).to_contain_text("$60.00")
    examine(sarah)
    sarah.fill("#comment", "It is, for now.")
    sarah.click("button:has-text('Send the change'):visible")
    expect(sarah.locator("#standing")).to_have_text("Large disk waits for approval")

    carol.goto("/approvals")
    carol.click("a.title:has-text('Large disk')")
    expect(carol.locator("main")).to_contain_text("It is, for now.")
    expect(carol.locator(".diff")).to_contain_text("9 GB to 6 GB")
    examine(carol)
    carol.click("button:has-text('Approve'):visible")
    expect(carol.locator("#what")).to_have_text("Large disk is approved")
    assert house.request(request_id).status == "in_progress"
