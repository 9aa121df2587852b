"""Pages of approvals: what waits for whom, one approval with all to decide it, and what the requester can do meanwhile."""

import re
from collections.abc import Callable

import pytest
from sqlalchemy import select

from app.models.tables import APPROVAL
from tests.fixtures.browser_client import BrowserClient, words
from tests.fixtures.house import House, http, item

SignedIn = Callable[[str], BrowserClient]

FIELDS = "[{name: size, type: integer, required: true, max_value: 20, unit: GB}, {name: code, type: secret, required: true}]"
RULES = """
approval: [{when: price > 50, by: {team: platform-data-team}, reason: It costs much.}]
cost: {lines: [{label: Storage, price: 10, each: size}]}
"""


@pytest.fixture
def request_id(house: House) -> str:
    """Sarah's order of 7 GB, to which carol's team must agree."""
    house.offer(large=item(http("make"), fields=FIELDS, extra=RULES, owner="platform-compute-team", name="Large disk"))
    return house.order({"catalog_item": "large", "parameters": {"size": 7, "code": "open sesame"}}).request_id


@pytest.fixture
def carol(request_id: str, signed_in: SignedIn) -> BrowserClient:
    return signed_in("carol-789")


@pytest.fixture
def sarah(request_id: str, signed_in: SignedIn) -> BrowserClient:
    return signed_in("sarah-123")


def only_approval(house: House) -> str:
    return house.rows(select(APPROVAL).order_by(APPROVAL.c.created_at.desc()))[0].approval_id


@pytest.fixture
def page(house: House, request_id: str) -> str:
    """The address of its approval."""
    return f"/approvals/{only_approval(house)}"


def decide(browser: BrowserClient, page: str, what: str, text: str = ""):
    """Send one of the forms of an approval's page, as it was when it was looked at."""
    digest = re.search(r'name="digest" value="([0-9a-f]{64})"', browser.get(page).text)
    return browser.send(f"{page}/{what}", {"text": text, "digest": digest[1] if digest else ""})


def test_what_waits_for_somebody_is_counted_on_every_page_and_listed_at_home(carol):
    home = words(carol.get("/"))
    assert "Approvals 1" in home
    assert "Approve Large disk" in home


def test_the_list_shows_what_is_asked_for_and_why(carol):
    shown = words(carol.get("/approvals"))
    assert "Large disk" in shown
    assert "It costs much." in shown
    assert "$70.00" in shown


def test_nobody_is_asked_about_their_own(sarah):
    assert "Nothing waits for you" in words(sarah.get("/approvals"))


def test_an_approval_shows_answers_price_and_no_secret(carol, page):
    shown = carol.get(page).text
    assert "$70.00" in shown
    assert "7 GB" in shown
    assert "open sesame" not in shown


@pytest.mark.parametrize(("who", "note"), [("sarah-123", "It is your own request"), ("bob-456", "Only platform-data-team")])
def test_who_cannot_decide_reads_why_instead_of_buttons(request_id, signed_in, page, who, note):
    shown = signed_in(who).get(page).text
    assert note in shown
    assert "/approve" not in shown


def test_approving_lets_the_request_begin(house, carol, page, request_id):
    answer = decide(carol, page, "approve", "Fine.")
    assert answer.status_code == 303
    assert house.request(request_id).status == "in_progress"


def test_a_reason_is_asked_for(house, carol, page, request_id):
    answer = decide(carol, page, "reject", "")
    assert answer.status_code == 422
    assert "Say why" in words(answer)
    assert house.request(request_id).status == "pending_approval"


def test_the_request_says_whose_move_it_is(carol, sarah, request_id):
    assert "waits for approval" in words(sarah.get(f"/requests/{request_id}"))
    assert "It is your move." in words(carol.get(f"/requests/{request_id}"))


def test_the_requester_reads_the_question_and_answers(house, carol, sarah, page, request_id):
    decide(carol, page, "ask", "What for?")
    assert "Carol asks: What for?" in words(sarah.get(f"/requests/{request_id}"))
    sarah.send(f"/requests/{request_id}/answer", {"text": "For the campaign."})
    assert house.request(request_id).status == "pending_approval"
    assert "For the campaign." in words(carol.get(page))


def test_the_form_of_a_change_holds_what_was_answered_and_no_secret(sarah, request_id):
    shown = sarah.get(f"/requests/{request_id}/change").text
    assert 'value="7"' in shown
    assert "open sesame" not in shown


def test_a_change_keeps_a_secret_that_is_left_masked_and_shows_what_changed(house, carol, sarah, request_id):
    address = f"/requests/{request_id}/change"
    answer = sarah.send(address, {"item.size": "8", "item.code": "********", "comment": "One more."})
    assert answer.status_code == 303
    assert house.request(request_id).item_parameters == {"large": {"size": 8, "code": "********"}}
    shown = words(carol.get(f"/approvals/{only_approval(house)}"))
    assert "Size 7 GB to 8 GB" in shown
    assert "One more." in shown


def test_what_is_wrong_with_a_change_stands_beside_the_field(house, sarah, request_id):
    address = f"/requests/{request_id}/change"
    answer = sarah.send(address, {"item.size": "80"})
    assert answer.status_code == 422
    assert "must be at most 20" in words(answer)


def test_only_the_requester_changes_an_order(request_id, signed_in):
    assert signed_in("bob-456").get(f"/requests/{request_id}/change").status_code == 409


def test_an_approval_of_a_changed_order_is_told_and_nothing_is_approved(house, carol, sarah, page, request_id):
    address = f"/requests/{request_id}/change"
    seen = re.search(r"[0-9a-f]{64}", carol.get(page).text)
    sarah.send(address, {"item.size": "8", "item.code": "********"})
    assert carol.send(f"{page}/approve", {"digest": seen[0]}).status_code == 409
    assert house.request(request_id).status == "pending_approval"


def test_what_was_sent_back_leads_to_the_draft(carol, sarah, page, request_id):
    decide(carol, page, "send-back", "Is 6 enough?")
    shown = sarah.get(f"/requests/{request_id}").text
    assert "was sent back: Is 6 enough?" in words(sarah.get(f"/requests/{request_id}"))
    assert "/order/items/large?draft=" in shown


def test_the_review_says_who_must_agree(sarah):
    answers = {"item.size": "7", "item.code": "x", "do": "review"}
    assert "Nothing is built before platform-data-team agrees. It costs much." in words(
        sarah.send("/order/items/large", answers)
    )
