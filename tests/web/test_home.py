"""The start page: what waits for whom, one's own requests, and ways into the catalog."""

import re

import pytest
from sqlalchemy import update

from app.core.outcomes import Failed
from app.extensions import db
from app.identity import people as identity
from app.models.tables import CATALOG_ITEM, REQUEST, TICKET
from tests.fixtures.browser_client import words
from tests.fixtures.house import http, item
from tests.web.links import addresses

NAMED = "[{name: label, type: string, required: true}]"


@pytest.fixture
def cache(house, people):
    """An item that anybody may order: `cache("portal", who="bob-456")`. Answers the request."""
    house.offer(cache=item(http("make"), fields=NAMED, name="Cache"))
    return lambda label="portal", who="sarah-123": house.order({"catalog_item": "cache", "parameters": {"label": label}}, who)


def broken(house, label="portal"):
    """Let the next step fail, so that a ticket opens for platform-data-team."""
    house.finish(Failed(label, "provider", retryable=False))


def test_it_is_the_first_page_of_who_is_signed_in(signed_in, client):
    assert client.get("/").location == "/sign-in?next=%2F"
    page = signed_in("sarah-123").get("/")
    assert page.status_code == 200
    assert "Home Sarah customer-experience Order something" in words(page)


def test_a_newcomer_is_told_where_to_begin(synced_catalog, signed_in):
    page = signed_in("sarah-123").get("/")
    assert "You have ordered nothing yet" in words(page)
    assert '<a class="btn" href="/catalog">Look through the catalog</a>' in page.text
    assert "Order again" not in words(page)


def test_bundles_and_tags_lead_into_the_catalog(synced_catalog, signed_in):
    page = signed_in("sarah-123").get("/")
    assert '<a class="title" href="/catalog/bundles/full-stack-web-app">' in page.text
    assert '<a class="tag" href="/catalog?tag=database">database</a>' in page.text


def test_an_empty_catalog_is_said(signed_in):
    assert "Nothing is on offer yet" in words(signed_in("sarah-123").get("/"))


def test_my_requests_are_listed_and_nobody_elses(cache, signed_in):
    mine, other = cache("portal"), cache("shop", who="bob-456")
    page = signed_in("sarah-123").get("/")
    assert f'<a class="title" href="/requests/{mine.request_id}">portal</a><small>Cache 1.0.0</small>' in page.text
    assert "0 of 1 done" in words(page)
    assert other.request_id not in page.text


def test_open_requests_stand_above_those_that_ended(house, cache, signed_in):
    first, second = cache("still-open"), cache("over")
    with house.engine.begin() as connection:
        done = {"status": "completed", "completed_at": REQUEST.c.created_at}
        connection.execute(update(REQUEST).where(REQUEST.c.request_id == second.request_id).values(**done))
    listed = re.findall(r'<a class="title" href="/requests/([^"]+)">', signed_in("sarah-123").get("/").text)
    assert listed == [first.request_id, second.request_id]


def test_tickets_of_my_teams_wait_for_me_and_for_nobody_else(house, cache, signed_in):
    cache("portal")
    broken(house)
    (ticket,) = house.tickets()
    page = signed_in("carol-789").get("/")
    assert "Waits for you" in words(page)
    assert f'href="/queue/{ticket.ticket_id}"' in page.text
    assert "portal for Sarah, open" in words(page)
    assert all(ticket.ticket_id not in signed_in(who).get("/").text for who in ("sarah-123", "erin-321", "mallory-666"))


def test_a_ticket_that_a_colleague_has_taken_does_not_wait_for_me(house, cache, people, signed_in):
    cache("portal")
    broken(house)
    with house.engine.begin() as connection:
        taken = {"status": "claimed", "claimed_by_id": people.person("dana-001").id}
        connection.execute(update(TICKET).values(**taken))
    assert "Waits for you" not in words(signed_in("carol-789").get("/"))
    assert "you took it" in words(signed_in("dana-001").get("/"))


def test_what_was_ordered_last_can_be_ordered_again_once_an_entry(cache, signed_in):
    cache("first")
    cache("second")
    page = signed_in("sarah-123").get("/")
    assert "Order again Cache second" in words(page)
    assert page.text.count('href="/order/items/cache?again=') == 1


def test_what_left_the_catalog_cannot_be_ordered_again(house, cache, signed_in):
    cache("portal")
    with house.engine.begin() as connection:
        connection.execute(CATALOG_ITEM.update().values(active=False))
    page = signed_in("sarah-123").get("/")
    assert "/order/items/cache" not in page.text
    assert "portal" in words(page)


def test_who_is_in_no_team_still_has_a_start_page(app, cache, signed_in, settings):
    browser = signed_in("mallory-666")
    with app.app_context():
        identity.remember(db.session, issuer=settings.oidc_issuer, subject="mallory-666", name="Mallory", email=None, teams=())
        db.session.commit()
    assert browser.get("/").status_code == 200


def test_what_others_wrote_is_escaped(house, cache, signed_in):
    cache("<script>alert(1)</script>")
    broken(house, "<script>alert(2)</script>")
    assert not any("<script>alert" in signed_in(who).get("/").text for who in ("sarah-123", "carol-789"))


@pytest.mark.parametrize("who", ["sarah-123", "carol-789", "dana-001"])
def test_every_way_from_the_pages_leads_somewhere(house, cache, signed_in, who):
    cache("portal")
    broken(house)
    browser = signed_in(who)
    pages = ["/", "/catalog", "/catalog/items/cache", "/order/items/cache"]
    ways = {way for page in pages for way in addresses(browser.get(page))}
    assert {way for way in ways if browser.get(way).status_code >= 400} == set()
