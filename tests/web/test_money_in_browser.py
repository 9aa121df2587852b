"""Price and quotas in a real browser: what the panel says while somebody types, and what axe finds on the pages of quotas."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

pytestmark = pytest.mark.browser

STACK = "/order/bundles/full-stack-web-app"
REPLICAS = "[name='items.eks_app.replicas']"
TEAM = "growth"


def sign_in(page: Page, who: str) -> None:
    page.goto("/sign-in")
    page.click(f"button[value='{who}']")
    page.wait_for_url("**/")


def test_the_price_follows_what_is_typed(page: Page):
    sign_in(page, "sarah-123")
    page.goto(STACK)
    price, lines = page.locator("#summary-price"), page.locator("#summary-lines")
    expect(price).to_contain_text("a month")
    page.fill(REPLICAS, "4")
    expect(lines).to_contain_text("EKS app, 4 replicas")
    expect(lines).to_contain_text("$96.00")
    before = price.inner_text()
    page.click("label.switch:has([name='include.redis'])")
    expect(page.locator("#part-redis-price")).to_have_text("$12.41 a month")
    expect(price).not_to_have_text(before)
    page.fill(REPLICAS, "many")
    expect(price).to_have_text("No price yet")


def test_an_administrator_sets_a_limit_and_takes_it_away(page: Page):
    sign_in(page, "dana-001")
    page.goto(f"/quotas/limits?team={TEAM}")
    page.fill("[name=new_resource]", "vcpu")
    page.fill("[name=new_limit]", "40")
    page.click("button:has-text('Set limits')")
    expect(page.locator("main")).to_contain_text("Enough left")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert found(page) == []
    page.click("a:has-text('Set limits')")
    assert found(page) == []
    page.fill("[name='limit.vcpu']", "")
    page.click("button:has-text('Set limits')")
    expect(page.locator("main")).not_to_contain_text("Enough left")


def found(page: Page) -> list[str]:
    """What axe finds wrong."""
    return [one["id"] for one in Axe().run(page).response["violations"]]
