"""The story's order, sent from the catalog as people do."""

from playwright.sync_api import expect

from tests.browser.visitor import Visitor


def order(sarah: Visitor, database: str, *, looks: bool = False) -> None:
    """Order the bundle as the story does, from the catalog to the request's page."""
    page = sarah.page
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Catalog").click()
    if looks:
        sarah.look("catalog")
    page.get_by_role("link", name="Full Stack Web Application", exact=True).click()
    if looks:
        sarah.look("bundle")
    sarah.press("Order Full Stack Web Application")
    fill(sarah, database)
    if looks:
        sarah.look("order")
    sarah.press("Review order")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Review")
    if looks:
        sarah.look("review")
    sarah.press("Send request")
    expect(page.get_by_role("heading", level=1)).to_have_text("customer-portal")


def fill(sarah: Visitor, database: str) -> None:
    page = sarah.page
    page.get_by_label("Solution name").fill("customer-portal")
    page.get_by_label("High availability").check()
    page.get_by_label("App name").fill("customer-portal-api")
    page.get_by_role("radio", name="staging").check()
    page.get_by_label("Replicas").fill("3")
    page.get_by_label("Database name").fill(database)
    page.get_by_label("Instance class").select_option("db.t3.medium")
    page.get_by_label("Storage", exact=True).fill("250")
    page.get_by_label("Keep backups for").fill("14")
    page.get_by_role("switch", name="Include Redis Cache").check()
