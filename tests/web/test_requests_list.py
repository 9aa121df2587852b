"""Lists of requests: whose, in which state, page by page."""

import re
from collections.abc import Callable

import pytest

from app.web import requests as pages
from tests.fixtures.browser_client import BrowserClient, words
from tests.fixtures.house import House
from tests.web import stories

SignedIn = Callable[[str], BrowserClient]


def listed(browser: BrowserClient, query: str = "") -> list[str]:
    """The ids of the requests that a list shows, from top to bottom."""
    page = browser.get(f"/requests{query}")
    assert page.status_code == 200
    return re.findall(r'class="title" href="/requests/(req-[^"]+)"', page.text)


def test_my_requests_are_mine_newest_first(house: House, signed_in: SignedIn):
    first = stories.ordered(house)
    stories.again(house, "bob-456")
    second = stories.again(house)
    assert listed(signed_in("sarah-123")) == [second, first]


def test_team_requests_are_those_of_my_team(house: House, signed_in: SignedIn):
    mine = stories.ordered(house)
    of_bob = stories.again(house, "bob-456")
    stories.again(house, "mallory-666")
    assert listed(signed_in("sarah-123"), "?view=team") == [of_bob, mine]


def test_platform_teams_may_list_all_that_they_see_and_others_may_not(house: House, signed_in: SignedIn):
    found = [stories.ordered(house), stories.again(house, "mallory-666")]
    assert sorted(listed(signed_in("carol-789"), "?view=all")) == sorted(found)
    assert listed(signed_in("sarah-123"), "?view=all") == [found[0]]


def test_another_team_cannot_be_named(house: House, signed_in: SignedIn):
    stories.ordered(house)
    assert listed(signed_in("mallory-666"), "?view=team&team=customer-experience") == []


def test_whoever_is_in_several_teams_chooses_one(house: House, signed_in: SignedIn):
    page = signed_in("erin-321").get("/requests?view=team&team=platform-solutions-team")
    assert '<option value="platform-solutions-team" selected>' in page.text


def test_a_state_narrows_the_list(house: House, signed_in: SignedIn):
    waiting = stories.failed(house)
    sent = stories.again(house)
    browser = signed_in("sarah-123")
    assert listed(browser, "?status=awaiting_manual") == [waiting]
    assert listed(browser, "?status=submitted") == [sent]


@pytest.mark.parametrize("query", ["?status=nonsense", "?view=nonsense", "?cursor=nonsense"])
def test_an_address_that_says_nonsense_shows_the_list(house: House, signed_in: SignedIn, query: str):
    request_id = stories.ordered(house)
    page = signed_in("sarah-123").get(f"/requests{query}", follow_redirects=True)
    assert request_id in page.text


def test_the_next_page_goes_on_where_the_first_ended(house: House, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pages, "DEFAULT_LIMIT", 2)
    made = [stories.ordered(house), stories.again(house), stories.again(house)]
    browser = signed_in("sarah-123")
    more = re.search(r'href="(/requests\?cursor=[^"]+)">Show more', browser.get("/requests").text)
    assert more is not None
    page = browser.get(more[1].replace("&amp;", "&"))
    assert re.findall(r'class="title" href="/requests/(req-[^"]+)"', page.text) == made[:1]
    assert "Back to the first" in words(page)


def test_a_row_says_state_steps_and_how_long(house: House, signed_in: SignedIn):
    stories.done(house)
    assert re.search(
        r"Small Database Small Database 1\.0\.0 Done 2 of 2 done \d\d:\d\d (\d+|under 1) s",
        words(signed_in("sarah-123").get("/requests")),
    )


def test_a_reason_for_a_failure_is_in_the_row_as_text(house: House, signed_in: SignedIn):
    stories.failed(house)
    signed_in("carol-789").send(f"/queue/{stories.ticket_of(house)}/reject", {"reason": "<i>no room</i>"})
    assert "&lt;i&gt;no room&lt;/i&gt;" in signed_in("sarah-123").get("/requests").text


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "No requests yet What you order appears here"),
        ("?view=team", "Nothing yet What members of customer-experience order appears here."),
        ("?status=failed", "Nothing in this state None of these requests is “Failed” now."),
    ],
)
def test_an_empty_list_says_what_to_do(signed_in: SignedIn, query: str, said: str):
    assert said in words(signed_in("sarah-123").get(f"/requests{query}"))
