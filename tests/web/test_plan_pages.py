"""What running a step again would change, on the pages of a retry and of a ticket."""

from collections.abc import Callable
from typing import Any

import pytest

from app.core.outcomes import Done, Failed
from tests.fixtures.browser_client import BrowserClient, words
from tests.fixtures.house import House, item, terraform
from tests.web import stories

SignedIn = Callable[[str], BrowserClient]
SIZE = {"name": "size", "before": "small", "after": None}
CHANGES = [
    {"resource": "db.main", "action": "update", "attributes": [SIZE]},
    {"resource": "db.old", "action": "delete", "attributes": []},
]
FOUND: dict[str, Any] = {"changes": CHANGES, "counts": {"delete": 1, "update": 1}, "left_out": 0}
TITLE = "What running Database again will change"


@pytest.fixture
def page(house: House) -> str:
    """The page that asks before a failed step of Terraform runs again."""
    house.offer(single=item(terraform("build", title="Database")))
    request_id = house.order("single").request_id
    house.finish(Failed("no room"))
    return f"/requests/{request_id}/steps/step-001/retry"


def plan_at(page: str) -> str:
    return page.removesuffix("retry") + "plan"


def test_the_page_of_a_retry_offers_the_plan_first(house: House, page: str, signed_in: SignedIn):
    sarah = signed_in("sarah-123")
    text = words(sarah.get(page))
    assert text.index(TITLE) < text.rindex("Run Database again?")
    asked = sarah.send(plan_at(page))
    assert (asked.status_code, asked.headers["Location"]) == (303, f"{page}#plan-step-001")
    coming = sarah.get(page).text
    assert "Terraform looks at what running Database again would change." in coming
    assert 'hx-trigger="every 1s"' in coming
    house.finish(Done(evidence=FOUND))
    made = words(sarah.get(page))
    assert "1 to change and 1 to destroy" in made
    assert "db. main Is changed size: small → nothing" in made
    assert "db. old Is destroyed" in made
    assert "every 1s" not in sarah.get(page).text


@pytest.mark.parametrize(
    ("outcome", "told"),
    [
        (Done(evidence={"changes": [], "counts": {}, "left_out": 0}), "Nothing to change: what is built is what"),
        (Failed("There is no such region."), "The plan could not be made. There is no such region."),
    ],
)
def test_a_plan_without_changes_and_one_that_failed_say_so(house: House, page: str, signed_in: SignedIn, outcome, told: str):
    sarah = signed_in("sarah-123")
    sarah.send(plan_at(page))
    house.finish(outcome)
    text = words(sarah.get(page))
    assert told in text
    assert "Make it anew" in text


def test_the_page_of_the_ticket_shows_it_too(house: House, page: str, signed_in: SignedIn):
    carol, ticket = signed_in("carol-789"), stories.ticket_of(house)
    assert TITLE in words(carol.get(f"/queue/{ticket}"))
    asked = carol.send(plan_at(page), {"ticket": ticket})
    assert asked.headers["Location"] == f"/queue/{ticket}#plan-step-001"
    house.finish(Done(evidence=FOUND))
    assert "db. old Is destroyed" in words(carol.get(f"/queue/{ticket}"))


def test_the_page_that_tries_a_whole_request_again_shows_the_plan_of_each(house: House, page: str, signed_in: SignedIn):
    sarah, whole = signed_in("sarah-123"), page.replace("/steps/step-001", "")
    assert TITLE in words(sarah.get(whole))
    assert sarah.send(plan_at(page), {"whole": "yes"}).headers["Location"] == f"{whole}#plan-step-001"


def test_a_workspace_of_hcp_terraform_says_that_there_is_none(house: House, signed_in: SignedIn):
    built = terraform("build", title="Database").replace("tiny}", "tiny, backend: remote}")
    house.offer(single=item(built))
    request_id = house.order("single").request_id
    house.finish(Failed("no room"))
    sarah = signed_in("sarah-123")
    text = words(sarah.get(f"/requests/{request_id}/steps/step-001/retry"))
    assert "HCP Terraform makes the plan when it runs: there is none to look at before" in text
    assert sarah.send(f"/requests/{request_id}/steps/step-001/plan").status_code == 409


def test_a_step_without_terraform_has_no_plan(house: House, signed_in: SignedIn):
    request_id = stories.failed(house)
    assert TITLE not in words(signed_in("sarah-123").get(f"/requests/{request_id}/steps/step-001/retry"))


def test_a_second_press_goes_to_the_same_page(house: House, page: str, signed_in: SignedIn):
    sarah = signed_in("sarah-123")
    assert {sarah.send(plan_at(page)).status_code for _ in range(2)} == {303}
    assert [one.kind for one in house.events()].count("plan.asked") == 1
