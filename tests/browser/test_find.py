"""Finding what to order, in a browser: the list follows what is typed, under an address that can be shared."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.visitor import Visitor

pytestmark = pytest.mark.browser


def test_the_list_follows_what_is_typed_and_keeps_the_focus(visit: Callable[..., Visitor]):
    sarah = visit("sarah-123").sign_in("/catalog")
    sarah.page.locator("#find-q").press_sequentially("postgers", delay=20)
    expect(sarah.page.locator("#listing")).to_contain_text("Results for postgres; you wrote postgers.")
    expect(sarah.page.locator("#find-said")).to_have_text("1 item found")
    expect(sarah.page.locator("main .head .meta")).to_have_text("1 item found")
    expect(sarah.page).to_have_url(re.compile(r"/catalog\?q=postgers$"))
    assert sarah.page.evaluate("document.activeElement.id") == "find-q"
    sarah.look("catalog-search")
    sarah.page.locator("#find-q").fill("zzzz")
    expect(sarah.page.get_by_role("heading", name="Nothing fits")).to_be_visible()
    sarah.page.locator("#find-q").fill("")
    expect(sarah.page.locator("#listing")).to_contain_text("Redis Cache")


def test_the_button_searches_without_script(visit: Callable[..., Visitor]):
    bob = visit("bob-456", scripts=False).sign_in("/catalog")
    bob.page.locator("#find-q").fill("redis")
    bob.press("Search", exact=True)
    expect(bob.page.locator("#listing")).to_contain_text("Redis Cache")
    expect(bob.page).to_have_url(re.compile(r"/catalog\?q=redis$"))
