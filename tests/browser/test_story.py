"""The story, in a browser: from signing in to the outputs, once straight through and once with a person's help."""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.ordering import order
from tests.browser.visitor import Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., Visitor]


def output(visitor: Visitor, name: str) -> str:
    """The value of an output on the page of a request."""
    row = visitor.page.get_by_role("row").filter(has=visitor.page.get_by_role("rowheader", name=name, exact=True))
    return row.get_by_role("cell").first.inner_text()


def leave_as_it_is(sarah: Visitor) -> None:
    """A page that moves by itself keeps what is open, and where the reader is."""
    sarah.page.locator("#told summary").focus()
    sarah.polls()
    sarah.polls()
    expect(sarah.page.locator("#told")).to_have_attribute("open", "")
    assert sarah.page.evaluate("document.activeElement.closest('#told') !== null")


def sees_what_a_retry_would_change(sarah: Visitor) -> None:
    """The plan comes by itself once it was asked for; where Terraform can make none, it says why as a run would."""
    sarah.press("Run PostgreSQL again…")
    sarah.sees("What running PostgreSQL again will change")
    sarah.press("Make the plan")
    sarah.sees("The plan could not be made.")
    sarah.sees("Make it anew")
    sarah.look("retry-plan")
    sarah.press("Leave it with platform-data-team")
    sarah.sees("asked what running PostgreSQL again would change")


def works_without_scripts(bob: Visitor, request: str) -> None:
    """The same page, of a browser that runs no scripts, opened by a colleague from the list of the team."""
    bob.sign_in("/requests?view=team").page.locator(f'a[href="{urlsplit(request).path}"]').click()
    bob.sees("PostgreSQL could not be created: ")
    expect(bob.page.get_by_role("button", name="Copy service_url")).to_have_count(0)
    bob.page.get_by_role("link", name=re.compile("^EKS app: Done")).locator("visible=true").first.click()
    bob.sees("Log of EKS app")


def test_a_bundle_is_ordered_and_really_built(visit: Visit):
    sarah = visit("sarah-123").sign_in()
    sarah.look("home")
    order(sarah, "customer_portal_db", looks=True)
    sarah.look("request-running")
    sarah.sees("customer-portal is ready")
    expect(sarah.page).to_have_title(re.compile("^customer-portal: Done "))
    assert output(sarah, "connection_string").startswith("postgresql://")
    assert output(sarah, "service_url").startswith("https://customer-portal-api.staging.")
    assert output(sarah, "endpoint").startswith("customer-portal-redis.")
    assert "grafana" in output(sarah, "dashboard_url")
    expect(sarah.page.locator("#live")).not_to_have_attribute("hx-get", re.compile(".*"))
    sarah.look("request-done")
    sarah.page.get_by_role("link", name=re.compile("^PostgreSQL: Done")).locator("visible=true").first.click()
    expect(sarah.page.get_by_role("heading", name="Log of PostgreSQL")).to_be_visible()
    sarah.look("request-step")
    sarah.page.get_by_role("navigation", name="Main").get_by_role("link", name="Requests").click()
    sarah.look("requests")


def test_what_the_automation_cannot_do_a_person_finishes_and_the_request_goes_on(visit: Visit):
    sarah = visit("sarah-123").sign_in()
    order(sarah, "legacy_customer_db")
    request = sarah.page.url
    sarah.sees("PostgreSQL could not be created: ")
    sarah.sees("move, not yours.")
    sees_what_a_retry_would_change(sarah)
    sarah.page.get_by_text("What Terraform said").click()
    sarah.look("request-failed")
    ticket_id = sarah.page.locator("#live").get_by_role("link", name=re.compile(r"^TCK-\d+$")).first.inner_text()
    leave_as_it_is(sarah)
    works_without_scripts(visit("bob-456", scripts=False), request)

    carol = visit("carol-789").sign_in("/queue")
    carol.look("queue")
    carol.press(f"Claim {ticket_id}")
    carol.sees("Yours")
    carol.look("ticket")
    sarah.sees("Carol works on ticket")
    expect(sarah.page.get_by_text("InvalidDBSubnetGroup").first).to_be_visible()

    carol.page.get_by_label("Address", exact=True).fill("")
    carol.page.get_by_label("Port").fill("many")
    carol.page.get_by_label("Note for Sarah").fill("It is in the spare group")
    carol.press("Resolve and go on")
    carol.sees("3 answers need fixing")
    assert carol.page.get_by_label("Port").input_value() == "many"
    carol.look("ticket-faults")
    carol.page.get_by_label("Address", exact=True).fill("legacy-customer-db.staging.example.com")
    carol.page.get_by_label("Port").fill("5432")
    carol.page.get_by_label("Admin secret ARN").fill("arn:aws:secretsmanager:eu-central-1:1:secret:legacy")
    carol.press("Resolve and go on")
    carol.sees("PostgreSQL was finished by hand")
    carol.look("ticket-resolved")

    sarah.sees("customer-portal is ready")
    assert sarah.page.url == request
    sarah.sees("Carol made PostgreSQL by hand, the rest ran by itself.")
    address = "postgresql://legacy-customer-db.staging.example.com:5432/legacy_customer_db"
    assert output(sarah, "connection_string") == address
    sarah.look("request-helped")
    carol.page.goto("/queue?mine=1")
    expect(carol.page.get_by_text(ticket_id)).to_have_count(0)
    carol.look("queue-after")
