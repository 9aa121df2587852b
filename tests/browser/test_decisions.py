"""Deciding, in a browser: cancel, resume, roll back, run again, leave out, by those who may, each as its page said."""

import json
import re
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.ordering import order
from tests.browser.visitor import Visitor
from tests.fixtures.running import RunningPortal

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]
Visit = Callable[..., Visitor]
Behave = Callable[..., None]


@pytest.fixture
def behave(running_portal: RunningPortal) -> Iterator[Behave]:
    """Tells a stand-in how to behave: `behave("github", "delay", seconds=5)` at its next call. Both are well at the end."""
    ports = json.loads((running_portal.home / "data" / "ports.json").read_text())

    def control(name: str, method: str, body: Any = None) -> None:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        url = f"http://127.0.0.1:{ports[name]}/_control"
        urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=10).close()

    yield lambda name, behaviour, times=1, **options: control(name, "POST", {"behaviour": behaviour, "times": times, **options})
    for name in ("github", "connections"):
        control(name, "DELETE")


def says(visitor: Visitor, why: str, button: str) -> None:
    """Give a reason and press the button of the page that asks."""
    visitor.page.get_by_role("textbox", name=re.compile("^Why")).fill(why)
    visitor.press(button, exact=True)


def undo_by_hand(visitor: Visitor, request: str, look: str = "") -> None:
    """Work the ticket that asks to undo a step and that the request's page shows first."""
    visitor.page.goto(request)
    visitor.sees("must be undone by hand")
    visitor.page.locator("#live").get_by_role("link", name=re.compile(r"^Open TCK-\d+$")).click()
    visitor.sees("is to be undone by hand")
    if look:
        visitor.look(look)
    visitor.press("Resolve and go on")
    visitor.sees("was undone by hand")


def test_a_request_is_cancelled_while_it_runs_resumed_and_rolled_back(visit: Visit, behave: Behave):
    behave("github", "delay", seconds=15)
    behave("connections", "fail", status=400)
    sarah = visit("sarah-123").sign_in()
    order(sarah, "first_customer_db")
    request = sarah.page.url
    sarah.sees("Connections failed: ")
    sarah.press("Cancel request…")
    sarah.look("cancel-ask")
    sarah.press("Cancel request", exact=True)
    sarah.sees("1 answer needs fixing")
    sarah.look("cancel-fault")
    says(sarah, "The name is wrong", "Cancel request")
    assert sarah.page.url == request
    sarah.look("request-cancelling")
    sarah.sees("customer-portal was cancelled")
    sarah.sees("Sarah cancelled it: the name is wrong.")
    sarah.look("request-cancelled")

    sarah.press("Resume…")
    sarah.look("resume-ask")
    sarah.press("Resume request")
    sarah.sees("customer-portal is ready")
    sarah.press("Roll back…")
    sarah.sees("Is destroyed")
    sarah.look("rollback-ask")
    says(sarah, "We took another one", "Roll back")
    sarah.sees("must be undone by hand")
    sarah.look("request-rolling-back")

    erin = visit("erin-321").sign_in("/queue")
    expect(erin.page.get_by_text("to undo").first).to_be_visible()
    undo_by_hand(erin, request, "ticket-undo")
    undo_by_hand(erin, request)
    sarah.sees("customer-portal was rolled back")
    expect(
        sarah.page.get_by_role("link", name=re.compile("^EKS app: Rolled back")).locator("visible=true").first
    ).to_be_visible()
    sarah.look("request-rolled-back")


def test_what_failed_is_run_again_or_left_out_by_those_who_may(visit: Visit, behave: Behave):
    behave("connections", "fail", times=20, status=400)
    sarah = visit("sarah-123").sign_in()
    order(sarah, "second_customer_db")
    request = sarah.page.url
    sarah.sees("Connections failed: ")
    expect(sarah.page.get_by_role("link", name=re.compile("^Leave out"))).to_have_count(0)

    sarah.press("Run Connections again…")
    sarah.look("retry-ask")
    sarah.press("Leave it with platform-solutions-team")

    bob = visit("bob-456", scripts=False).sign_in(request)
    bob.press("Run Connections again…")
    bob.press("Run Connections again", exact=True)
    bob.page.goto(request)
    sarah.sees("Bob let Connections run again")
    sarah.sees("Connections failed: ")

    erin = visit("erin-321").sign_in(request)
    erin.press("Leave out… Connections")
    erin.look("skip-ask")
    says(erin, "They connect it themselves", "Leave out Connections")
    erin.sees("customer-portal is ready")
    sarah.sees("Erin left out Connections: They connect it themselves")
    sarah.look("request-left-out")


def test_those_who_keep_the_engine_going_see_how_busy_it_is(visit: Visit):
    carol = visit("carol-789").sign_in()
    carol.page.get_by_role("navigation", name="Main").get_by_role("link", name="Engine").click()
    carol.sees("2 workers are alive")
    carol.look("engine")
    sarah = visit("sarah-123").sign_in()
    expect(sarah.page.get_by_role("navigation", name="Main").get_by_role("link", name="Engine")).to_have_count(0)
