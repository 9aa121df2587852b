"""The receipt as a page to print."""

from collections.abc import Callable

from app.core.outcomes import Done
from tests.fixtures.browser_client import BrowserClient, words
from tests.fixtures.house import House, http, item
from tests.web import stories

SignedIn = Callable[[str], BrowserClient]


def test_a_receipt_says_who_what_and_what_came_of_it(house: House, signed_in: SignedIn):
    request_id = stories.done(house)
    page = words(signed_in("sarah-123").get(f"/requests/{request_id}/receipt"))
    for said in (
        f"Receipt of Small Database Done {request_id}",
        "Sarah, sarah-123",
        "single.yaml",
        "Size of it 3 GB",
        "Pin ••••••••",
    ):
        assert said in page
    assert "Database step-001" in page
    assert "sha256:" in page
    assert "s3same" not in page


def test_a_receipt_says_what_was_done_by_hand(house: House, signed_in: SignedIn):
    request_id = stories.failed(house)
    house.end_ticket("resolve", {"address": "db-9", "password": "hidden!"}, who="carol-789")
    page = words(signed_in("carol-789").get(f"/requests/{request_id}/receipt"))
    assert "Carol, carol-789" in page
    assert "Address db-9" in page
    assert "hidden!" not in page


def test_strangers_get_no_receipt(house: House, signed_in: SignedIn):
    request_id = stories.ordered(house)
    assert signed_in("mallory-666").get(f"/requests/{request_id}/receipt").status_code == 404


def test_a_receipt_of_what_has_not_ended_says_so(house: House, signed_in: SignedIn):
    request_id = stories.ordered(house)
    assert "Ended not yet" in words(signed_in("sarah-123").get(f"/requests/{request_id}/receipt"))


def test_a_receipt_calls_items_and_what_nobody_is_asked_by_their_titles(house: House, signed_in: SignedIn):
    given = 'inputs: {multi_az: {type: boolean, title: "Multi-AZ", default: true}}\noutputs: {address: {value: db.example.com}}'
    house.offer(spare=item(http("make"), extra=given, name="Spare database"))
    made = house.order("spare")
    house.finish(Done({}))
    page = words(signed_in("sarah-123").get(f"/requests/{made.request_id}/receipt"))
    assert "Multi-AZ yes" in page
    assert "sensitive ones masked Spare database Address db.example.com" in page
