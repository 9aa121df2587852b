"""The manual queue: what waits for whom, the oldest first."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import update

from app.models.tables import TICKET
from app.web.tickets import pages
from tests.fixtures.browser_client import BrowserClient, words
from tests.fixtures.house import House
from tests.web import stories

SignedIn = Callable[[str], BrowserClient]


def listed(browser: BrowserClient, query: str = "") -> list[str]:
    """The numbers of the tickets that the queue shows, from top to bottom."""
    page = browser.get(f"/queue{query}")
    assert page.status_code == 200
    return re.findall(r'class="title" href="/queue/(TCK-\d+)"', page.text)


def two(house: House) -> list[str]:
    """Two requests that failed; the numbers of their tickets, the older first."""
    stories.failed(house)
    house.order({"catalog_item": "single", "parameters": {"size": 3}}, "mallory-666")
    stories.fail(house)
    return [one.ticket_id for one in house.tickets()]


def test_what_waits_for_my_teams_is_listed_oldest_first(house: House, signed_in: SignedIn):
    tickets = two(house)
    browser = signed_in("carol-789")
    assert listed(browser) == tickets
    assert "2 open tickets the oldest first" in words(browser.get("/queue"))


def test_a_row_says_what_failed_for_whom_and_offers_to_claim(house: House, signed_in: SignedIn):
    stories.failed(house)
    text = words(signed_in("carol-789").get("/queue"))
    assert re.search(r"Do it by hand Database, NoRoom TCK-\d+ Small Database Small Database Sarah customer-experience", text)
    assert "no date Claim" in text


def test_claiming_from_the_list_leads_to_the_ticket(house: House, signed_in: SignedIn):
    stories.failed(house)
    ticket_id = stories.ticket_of(house)
    browser = signed_in("carol-789")
    assert f'action="/queue/{ticket_id}/claim"' in browser.get("/queue").text
    assert browser.send(f"/queue/{ticket_id}/claim").headers["Location"] == f"/queue/{ticket_id}"
    assert "You" in words(browser.get("/queue"))


def test_tabs_narrow_the_queue(house: House, signed_in: SignedIn):
    first, second = two(house)
    browser = signed_in("carol-789")
    browser.send(f"/queue/{first}/claim")
    assert listed(browser, "?status=open") == [second]
    assert listed(browser, "?mine=1") == [first]
    browser.send(f"/queue/{second}/reject", {"reason": "no"})
    assert listed(browser) == [first]
    assert listed(browser, "?status=ended") == [second]


def test_a_late_ticket_says_so(house: House, signed_in: SignedIn):
    stories.failed(house)
    with house.engine.begin() as connection:
        connection.execute(update(TICKET).values(due_at=TICKET.c.created_at))
    assert "under 1 s late" in words(signed_in("carol-789").get("/queue"))


def test_administrators_choose_among_the_teams_that_own_something(house: House, signed_in: SignedIn):
    first, second = two(house)
    browser = signed_in("dana-001")
    assert listed(browser, "?owner=platform-data-team") == [first, second]
    assert listed(browser, "?owner=platform-compute-team") == []


def test_whoever_is_of_no_platform_team_is_told_what_this_is(house: House, signed_in: SignedIn):
    stories.failed(house)
    text = words(signed_in("sarah-123").get("/queue"))
    assert "This queue is for platform teams" in text
    assert "TCK-" not in text


def test_tickets_of_other_teams_are_not_listed(house: House, signed_in: SignedIn):
    stories.failed(house)
    assert listed(signed_in("erin-321")) == []


@pytest.mark.parametrize(
    ("query", "said"), [("", "Nothing waits for you"), ("?mine=1", "No such tickets"), ("?status=ended", "No such tickets")]
)
def test_an_empty_queue_says_so(house: House, signed_in: SignedIn, query: str, said: str):
    stories.offer(house)
    assert said in words(signed_in("carol-789").get(f"/queue{query}"))


@pytest.mark.parametrize("query", ["?status=nonsense", "?cursor=nonsense", "?owner="])
def test_an_address_that_says_nonsense_shows_the_queue(house: House, signed_in: SignedIn, query: str):
    stories.failed(house)
    page = signed_in("carol-789").get(f"/queue{query}", follow_redirects=True)
    assert stories.ticket_of(house) in page.text


def test_the_next_page_goes_on_where_the_first_ended(house: House, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pages, "DEFAULT_LIMIT", 1)
    _, second = two(house)
    browser = signed_in("carol-789")
    more = re.search(r'href="(/queue\?cursor=[^"]+)">Show more', browser.get("/queue").text)
    assert more is not None
    assert re.findall(r'class="title" href="/queue/(TCK-\d+)"', browser.get(more[1]).text) == [second]


def test_a_title_from_a_document_is_text(house: House, signed_in: SignedIn):
    stories.failed(house)
    with house.engine.begin() as connection:
        connection.execute(update(TICKET).values(title="<b>Do it</b>"))
    assert "&lt;b&gt;Do it&lt;/b&gt;" in signed_in("carol-789").get("/queue").text
