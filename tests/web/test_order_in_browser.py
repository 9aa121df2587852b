"""The order form in a real browser: what keys and the way back do, and what axe finds."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

pytestmark = pytest.mark.browser

STACK = "/order/bundles/full-stack-web-app"
NAME = "[name='bundle.solution_name']"


@pytest.fixture
def sarah(page: Page) -> Page:
    page.goto("/sign-in")
    page.click("button[value='sarah-123']")
    page.wait_for_url("**/")
    return page


def review(page: Page, *, wrong: bool = False) -> None:
    """Press the button and wait for the page that answers, which has the same address."""
    page.click("button:has-text('Review order'):visible")
    page.wait_for_selector(".summary" if wrong else "button[value=send]", state="attached")
    page.wait_for_load_state("load")


def fill(page: Page) -> None:
    page.goto(STACK)
    page.fill(NAME, "customer-portal")
    page.fill("[name='items.eks_app.app_name']", "customer-portal-api")
    page.click("label:has([name='items.eks_app.environment'][value=staging])")
    page.fill("[name='items.postgres.database_name']", "customer_portal_db")


def test_the_way_back_from_the_review_finds_what_was_typed(sarah: Page):
    fill(sarah)
    sarah.check("[name='include.redis']")
    review(sarah)
    sarah.go_back()
    assert sarah.input_value(NAME) == "customer-portal"
    assert sarah.is_checked("[name='include.redis']")
    assert sarah.is_checked("[name='items.eks_app.environment'][value=staging]")


def test_a_form_that_is_opened_anew_is_empty(sarah: Page):
    fill(sarah)
    sarah.goto("/catalog")
    sarah.goto(STACK)
    assert sarah.input_value(NAME) == ""


def test_the_summary_of_faults_has_the_focus_and_leads_to_the_fields(sarah: Page):
    sarah.goto(STACK)
    review(sarah, wrong=True)
    sarah.wait_for_selector(".summary:focus")
    assert sarah.title().startswith("Error: ")
    sarah.keyboard.press("Tab")
    sarah.keyboard.press("Enter")
    assert sarah.evaluate("document.activeElement.name") == "bundle.solution_name"


def test_an_item_shows_its_questions_when_it_is_switched_on_with_a_key(sarah: Page):
    sarah.goto(STACK)
    assert not sarah.is_visible("[name='items.redis.cache_size'] >> nth=0")
    sarah.focus("[name='include.redis']")
    sarah.keyboard.press("Space")
    assert sarah.is_visible("label:has([name='items.redis.cache_size']) >> nth=0")


def test_two_quick_clicks_send_one_request(sarah: Page):
    sarah.goto("/order/items/redis-cache")
    review(sarah)
    sarah.dblclick("button:has-text('Send request'):visible")
    sarah.wait_for_url("**/requests/req-*")
    sarah.goto("/requests")
    assert sarah.locator("small", has_text="Redis Cache 1.1.0").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_axe_finds_nothing_on_the_way_to_an_order(sarah: Page, scheme: str, width: int):
    sarah.emulate_media(color_scheme=scheme)
    sarah.set_viewport_size({"width": width, "height": 900})
    found = {}
    for path in ("/", "/catalog", "/catalog?q=nothing", "/catalog/bundles/full-stack-web-app", STACK):
        sarah.goto(path)
        found[path] = _seen(sarah)
    review(sarah, wrong=True)
    found["faults"] = _seen(sarah)
    fill(sarah)
    review(sarah)
    found["review"] = _seen(sarah)
    assert {place: names for place, names in found.items() if names} == {}


def _seen(page: Page) -> list[str]:
    """What axe finds wrong, and whether the page is wider than the window."""
    names = [violation["id"] for violation in Axe().run(page).response["violations"]]
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    return [*names, *(["wider than the window"] if wide else [])]
