"""Lists of requests: whose, in which state, page by page."""

import re
from collections.abc import Callable

import pytest

from app.web.requests import pages
from config import Settings
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
        r"Small Database Small Database 1\.0\.0, order again Done 2 of 2 done \d\d:\d\d (\d+|under 1) s",
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


def test_filters_stand_in_the_address_and_each_can_be_taken_away(house: House, signed_in: SignedIn):
    found = stories.ordered(house)
    browser = signed_in("sarah-123")
    query = "?q=small&status=submitted&entry=single&created_after=2026-01-01"
    assert listed(browser, query) == [found]
    page = browser.get(f"/requests{query}").text
    chips = re.findall(r'class="chip" href="([^"]+)">(.*?) <', page)
    assert [said for _, said in chips] == ["Words: small", "State: Sent", "Entry: single", "Sent since: 2026-01-01"]
    assert "q=" not in chips[0][0]
    assert "entry=single" in chips[0][0]


@pytest.mark.parametrize("query", ["?q=nothing", "?entry=other", "?created_before=2026-01-01", "?batch=bat-1"])
def test_a_filter_that_nothing_fits_shows_nothing(house: House, signed_in: SignedIn, query: str):
    stories.ordered(house)
    browser = signed_in("sarah-123")
    assert listed(browser, query) == []
    assert "Nothing fits" in words(browser.get(f"/requests{query}"))


def test_the_team_list_is_narrowed_by_who_ordered(house: House, signed_in: SignedIn):
    stories.ordered(house)
    of_bob = stories.again(house, "bob-456")
    assert listed(signed_in("sarah-123"), "?view=team&requester=bob-456") == [of_bob]


def test_the_list_is_a_file_with_the_same_filters(house: House, signed_in: SignedIn):
    stories.ordered(house)
    of_bob = stories.again(house, "bob-456")
    browser = signed_in("sarah-123")
    link = re.search(r'href="(/requests\.csv[^"]*)"', browser.get("/requests?view=team&requester=bob-456").text)
    assert link is not None
    answer = browser.get(link[1].replace("&amp;", "&"))
    assert (answer.mimetype, answer.text[:11]) == ("text/csv", "\ufeffrequest_id")
    assert [line.split(",")[0] for line in answer.text.splitlines()[1:]] == [of_bob]


def test_the_link_that_is_copied_leads_back_to_the_same_list(house: House, signed_in: SignedIn, settings: Settings):
    page = signed_in("sarah-123").get("/requests?view=team&q=small")
    assert f'data-copy="{settings.public_url}/requests?view=team&amp;team=customer-experience&amp;q=small"' in page.text
