"""Drafts in a browser: saved while somebody types, there again after a lost session, and filled from a text or a template."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.ordering import fill
from tests.browser.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., Visitor]
STACK = "/order/bundles/full-stack-web-app"


def saved(page: Page) -> None:
    """Wait until the form has saved itself."""
    expect(page.locator("#draft-said")).to_contain_text("Draft saved at")
    expect(page).to_have_url(re.compile(r"\?draft=[0-9a-f-]{36}$"))


def sign_out(page: Page) -> None:
    """Sign out in another tab of the same browser."""
    other = page.context.new_page()
    other.goto("/")
    other.locator("summary.account").click()
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_role("link", name="Sign in").first).to_be_visible()
    other.close()


def type_before_scripts(page: Page, label: str, words: str) -> None:
    """Open the form anew and type while its scripts are still on their way."""
    held: list[Route] = []
    scripts = re.compile(r"/js/(order|drafts|fields)\.js")
    page.route(scripts, lambda route: held.append(route))
    page.goto(STACK, wait_until="commit")
    page.get_by_label(label).fill(words)
    for route in held:
        route.continue_()
    page.unroute(scripts)


def discard(page: Page) -> None:
    page.get_by_role("button", name="Discard draft").click()
    expect(page.locator("#main")).to_contain_text("The draft is deleted.")


def test_what_was_typed_survives_a_lost_session(visit: Visit):
    sarah = visit("sarah-123").sign_in(STACK)
    page = sarah.page
    page.get_by_label("Solution name").fill("portal of drafts")
    saved(page)
    sign_out(page)
    page.get_by_label("Database name").fill("kept_here")
    expect(page.locator("#draft-trouble")).to_contain_text("Your session has ended.")
    sarah.press("Review order")
    expect(page.get_by_label("Database name")).to_have_value("kept_here")
    expect(page.locator("#draft-trouble")).to_contain_text("Your session has ended.")

    other = page.context.new_page()
    other.goto(f"/sign-in?next={STACK}")
    other.get_by_role("button", name="Sign in as Sarah").click()
    expect(other.locator("#main")).to_contain_text("You have a draft from")
    other.get_by_role("link", name="Go on with it").click()
    expect(other.get_by_label("Solution name")).to_have_value("portal of drafts")
    other.close()

    page.get_by_label("App name").fill("kept-too")
    expect(page.locator("#draft-trouble")).to_be_hidden()
    sarah.press("Review order")
    sarah.sees("needs fixing")
    expect(page.get_by_label("Database name")).to_have_value("kept_here")
    saved(page)
    page.reload()
    expect(page.get_by_label("Database name")).to_have_value("kept_here")
    discard(page)
    sarah.look("drafts")
    # The session ended on purpose: the browser reports what the saves were answered.
    sarah.troubles = [one for one in sarah.troubles if "status of 400" not in one and "status of 401" not in one]


def test_two_tabs_do_not_write_over_each_other(visit: Visit):
    sarah = visit("sarah-123").sign_in(STACK)
    page = sarah.page
    type_before_scripts(page, "Solution name", "first tab")
    saved(page)
    other = page.context.new_page()
    other.goto(page.url)
    other.get_by_label("Solution name").fill("second tab")
    expect(other.locator("[name=revision]")).to_have_value("2")
    page.get_by_label("Database name").fill("late")
    expect(page.locator("#draft-trouble")).to_contain_text("You saved it elsewhere meanwhile.")
    page.get_by_role("link", name="Open what was saved").click()
    expect(page.get_by_label("Solution name")).to_have_value("second tab")
    discard(page)
    other.close()
    sarah.troubles = [one for one in sarah.troubles if "status of 409" not in one]


def test_an_order_goes_through_yaml_and_a_template(visit: Visit):
    sarah = visit("sarah-123").sign_in(STACK)
    page = sarah.page
    fill(sarah, "as_yaml_db")
    sarah.press("YAML")
    text = page.get_by_label("The order as YAML")
    expect(text).to_be_visible()
    sarah.look("order-yaml")
    text.fill(text.input_value().replace("as_yaml_db", "from_yaml_db").replace("replicas: 3", "replicas: 4"))
    sarah.press("Fill the form from this")
    expect(page.get_by_label("Database name")).to_have_value("from_yaml_db")
    expect(page.get_by_label("Replicas")).to_have_value("4")
    sarah.press("Save as template…")
    expect(page.get_by_role("heading", level=1)).to_have_text("Save as a template")
    page.get_by_label("Name", exact=True).fill("Four replicas")
    sarah.look("order-template")
    sarah.press("Save template")
    sarah.sees("The template is saved.")
    saved(page)
    discard(page)

    page.goto("/templates")
    sarah.look("templates")
    sarah.press("Use: Four replicas")
    expect(page.get_by_label("Replicas")).to_have_value("4")
    page.goto("/templates")
    page.get_by_role("button", name="Delete Four replicas").click()
    sarah.sees("The template is deleted.")
