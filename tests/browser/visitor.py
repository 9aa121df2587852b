"""Somebody in a browser of their own, who signs in and looks around; with STRATUS_PICTURES they keep what they saw."""

import os
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from dev.accounts import ACCOUNTS

PICTURES = Path(__file__).parent / "screenshots" if os.environ.get("STRATUS_PICTURES") else None
"""Where pictures go, for people to look at (`make pictures`). They prove nothing and take a second for each page."""
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
LOOKS: list[tuple[str, dict[str, int], str]] = [
    ("wide-light", WIDE, "light"),
    ("wide-dark", WIDE, "dark"),
    ("narrow-dark", NARROW, "dark"),
    ("narrow-light", NARROW, "light"),
]
EXAMINED = ("wide-light", "narrow-dark")
"""Axe sees both widths and both themes in two runs; four would tell no more."""
PATIENCE = 90_000
REFUSED = "the server responded with a status of 422"
"""A form that comes back with faults is answered so; Chromium reports that as an error."""


class Visitor:
    """A person with a browser context. What their page's scripts threw, and what it asked in vain, is kept for the end."""

    def __init__(self, browser: Browser, url: str, user_id: str, *, scripts: bool = True) -> None:
        self.who = ACCOUNTS[user_id]
        self.context = browser.new_context(base_url=url, viewport=WIDE, reduced_motion="reduce", java_script_enabled=scripts)
        self.context.set_default_timeout(15_000)
        self.page: Page = self.context.new_page()
        self.troubles: list[str] = []
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("console", self._hear)

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning") and REFUSED not in message.text:
            self.troubles.append(f"{message.type}: {message.text}")

    def sign_in(self, at: str = "/") -> "Visitor":
        """Open a page and sign in on the way, at the provider."""
        self.page.goto(at)
        self.page.get_by_role("button", name=f"Sign in as {self.who.name}").click()
        expect(self.page.get_by_role("navigation", name="Main")).to_be_visible()
        return self

    def press(self, name: str, **more: Any) -> None:
        """Press the button or link of that name."""
        both = self.page.get_by_role("button", name=name, **more).or_(self.page.get_by_role("link", name=name, **more))
        both.locator("visible=true").first.click()

    def look(self, name: str) -> None:
        """See this page wide and narrow, light and dark, and let axe find nothing on it. name: that of its pictures."""
        found: list[str] = []
        for look, size, theme in LOOKS:
            self.page.emulate_media(color_scheme=theme)
            self.page.set_viewport_size(size)
            if PICTURES:
                self.page.screenshot(path=PICTURES / f"{name}-{look}.png", full_page=True)
            assert self.page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways, {look}"
            if look in EXAMINED:
                found += [f"{look}: {one}" for one in self._examine()]
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(WIDE)
        assert not found, f"axe, on {name}: {found}"

    def _examine(self) -> list[str]:
        said = Axe().run(self.page).response["violations"]
        return [f"{one['id']} ({one['help']}): {[node['target'] for node in one['nodes']]}" for one in said]

    def polls(self) -> None:
        """Wait until the page has asked for its moving part once more, and has it."""
        with self.page.expect_response(lambda answer: "hx-request" in answer.request.headers) as asked:
            pass
        asked.value.finished()

    def sees(self, text: str, patience: float = PATIENCE) -> None:
        """Wait until the page says something, without reloading it."""
        expect(self.page.locator("#main")).to_contain_text(text, timeout=patience)

    def leave(self) -> None:
        """Close the browser; a page that complained fails the test."""
        self.context.close()
        assert not self.troubles, f"the page of {self.who.name} complained: {self.troubles}"


def examine(page: Page) -> None:
    """Axe finds nothing in light and dark, and nothing scrolls sideways on a phone."""
    for scheme, size in (("light", WIDE), ("dark", NARROW)):
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size(size)
        assert [one["id"] for one in Axe().run(page).response["violations"]] == []
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(WIDE)
