"""Approvals in a real browser: asked, answered with a changed order, approved; and what axe finds on the way."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.visitor import examine
from tests.fixtures.house import House, http, item

pytestmark = pytest.mark.browser

FIELDS = "[{name: size, type: integer, required: true, max_value: 20, unit: GB}, {name: code, type: secret, required: true}]"
RULES = """
approval: [{when: price > 50, by: {team: platform-data-team}, reason: Large disks are planned with the data team.}]
cost: {lines: [{label: Storage, price: 10, each: size}]}
quota: {storage: "{{ size }}"}
"""


def test_an_order_is_asked_about_changed_and_approved(house: House, visit_house: Callable[[str], Page]):
    (house.folder / "quotas.yaml").write_text("default: {storage: 30}")
    house.offer(large=item(http("make"), fields=FIELDS, extra=RULES, owner="platform-compute-team", name="Large disk"))
    request_id = house.order({"catalog_item": "large", "parameters": {"size": 9, "code": "open sesame"}}).request_id
    carol, sarah = visit_house("carol-789"), visit_house("sarah-123")

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
