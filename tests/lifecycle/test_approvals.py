"""Who agrees before anything is built: asked at submit, counted once a person, never one's own, pinned to what was seen."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.errors import Conflict, Invalid, NotAllowed, NotFound
from app.lifecycle.approvals import deciding
from app.lifecycle.kept import keeping
from app.models import AuditEntry
from app.models.tables import APPROVAL, DRAFT, MESSAGE, REQUEST, VOTE
from app.transaction import Rules
from tests.fixtures.house import House, http, item
from tests.lifecycle.conftest import NAME_FIELD

BY_DATA = "approval: [{when: 'size > 5', by: {team: platform-data-team}, reason: It is large.}]"


@pytest.fixture
def large(house: House) -> House:
    """An item whose orders of more than 5 the data team must agree to."""
    house.offer(large=item(http("make"), fields=NAME_FIELD, extra=BY_DATA, owner="platform-compute-team"))
    return house


def order(house: House, size: int = 7, who: str = "sarah-123") -> str:
    return house.order({"catalog_item": "large", "parameters": {"size": size}}, who).request_id


def approval(house: House, request_id: str, number: int = 0):
    found = select(APPROVAL).join(REQUEST, REQUEST.c.id == APPROVAL.c.request_id)
    mine = found.where(REQUEST.c.request_id == request_id)
    return house.rows(mine.order_by(APPROVAL.c.created_at, APPROVAL.c.position))[number]


def shift(house: House, hours: int) -> None:
    """Let so many hours have gone by since somebody was asked."""
    ago = timedelta(hours=hours)
    columns = ("remind_at", "due_at", "next_at", "created_at")
    with house.engine.begin() as connection:
        connection.execute(APPROVAL.update().values({name: APPROVAL.c[name] - ago for name in columns}))
        connection.execute(MESSAGE.update().values(created_at=MESSAGE.c.created_at - ago))


def act(house: House, what: str, *more, who: str = "carol-789"):
    caller = house.caller(who)
    with house.unit() as unit:
        return getattr(deciding, what)(unit, caller, *more)


def approve(house: House, request_id: str, who: str = "carol-789") -> None:
    act(house, "approve", approval(house, request_id).approval_id, who=who)


def test_an_order_that_no_rule_concerns_begins_at_once(large):
    order(large, 5)
    assert large.claim() is not None


def test_an_order_waits_for_whoever_must_agree(large):
    request = large.request(order(large))
    assert (request.status, request.admitted, request.unapproved) == ("pending_approval", False, True)
    assert large.claim() is None


def test_it_begins_when_everybody_has_agreed(large):
    request_id = order(large)
    approve(large, request_id)
    assert large.request(request_id).status == "in_progress"
    assert large.must_claim().step.step_name == "make"


def test_sweeps_and_turns_leave_an_order_alone_that_nobody_agreed_to(large):
    order(large)
    large.sweep()
    assert large.claim() is None


def test_nobody_agrees_to_their_own_order(large):
    request_id = order(large, who="carol-789")
    with pytest.raises(NotAllowed, match="somebody else of platform-data-team must agree"):
        approve(large, request_id)


def test_an_administrator_does_not_agree_to_their_own_order_either(house):
    house.offer(large=item(http("make"), fields=NAME_FIELD, extra="approval: [{by: {role: administrator}}]"))
    request_id = order(house, who="dana-001")
    with pytest.raises(NotAllowed, match="your own"):
        approve(house, request_id, "dana-001")


@pytest.mark.parametrize(("who", "refusal"), [("bob-456", NotAllowed), ("dana-001", NotAllowed), ("mallory-666", NotFound)])
def test_who_is_not_asked_decides_nothing(large, who, refusal):
    request_id = order(large)
    with pytest.raises(refusal):
        approve(large, request_id, who)


def test_what_was_refused_is_audited(large):
    request_id = order(large)
    with pytest.raises(NotAllowed):
        approve(large, request_id, "bob-456")
    refused = select(AuditEntry.actor, AuditEntry.action).where(AuditEntry.result == "refused")
    assert [tuple(row) for row in large.rows(refused)] == [("bob-456", "approval.approve")]


def test_two_of_a_team_are_two_people(house):
    rule = "approval: [{by: {team: customer-experience}, count: 2}]"
    house.offer(large=item(http("make"), fields=NAME_FIELD, extra=rule))
    request_id = order(house, who="carol-789")
    approve(house, request_id, "bob-456")
    with pytest.raises(Conflict, match="you have agreed already"):
        approve(house, request_id, "bob-456")
    assert house.request(request_id).status == "pending_approval"
    approve(house, request_id, "sarah-123")
    assert house.request(request_id).status == "in_progress"


def test_fifty_clicks_at_once_are_one_approval(large):
    request_id = order(large)
    large.caller("carol-789")

    def click(_: int) -> bool:
        try:
            approve(large, request_id)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(click, range(50))) == 1
    assert len(large.rows(select(VOTE))) == 1


def test_an_approval_is_of_what_was_seen(large):
    request_id = order(large)
    with pytest.raises(Conflict) as refused:
        act(large, "approve", approval(large, request_id).approval_id, None, "0" * 64)
    assert refused.value.code == "changed"


def test_an_order_that_was_tampered_with_is_not_approved(large):
    request_id = order(large)
    with large.engine.begin() as connection:
        tampered = REQUEST.update().where(REQUEST.c.request_id == request_id)
        connection.execute(tampered.values(item_parameters={"large": {"size": 10}}))
    with pytest.raises(Conflict, match="changed"):
        approve(large, request_id)


def test_one_no_ends_it_with_the_reason(large):
    request_id = order(large)
    act(large, "reject", approval(large, request_id).approval_id, "Take a smaller one.")
    request = large.request(request_id)
    assert (request.status, request.failure) == ("rejected", "Take a smaller one.")
    assert large.claim() is None


def test_a_no_needs_a_reason(large):
    request_id = order(large)
    with pytest.raises(Invalid):
        act(large, "reject", approval(large, request_id).approval_id, " ")


def test_what_was_sent_back_becomes_a_draft_of_the_requester(large):
    request_id = order(large)
    draft_id = act(large, "send_back", approval(large, request_id).approval_id, "Is 6 enough?")
    assert large.request(request_id).status == "rejected"
    draft = large.rows(select(DRAFT).where(DRAFT.c.id == draft_id))[0]
    assert (draft.owner_id, draft.from_request) == (large.caller("sarah-123").person.id, request_id)
    assert draft.document["parameters"] == {"size": 7}


def test_no_number_of_drafts_keeps_an_order_from_being_sent_back(large, monkeypatch):
    monkeypatch.setattr(keeping, "MOST", 0)
    act(large, "send_back", approval(large, order(large)).approval_id, "Take less.")
    assert len(large.rows(select(DRAFT))) == 1


def test_the_requester_is_asked_and_answers(large):
    request_id = order(large)
    act(large, "ask", approval(large, request_id).approval_id, "What for?")
    assert large.request(request_id).status == "needs_info"
    act(large, "answer", request_id, "For the campaign.", who="sarah-123")
    assert large.request(request_id).status == "pending_approval"
    said = large.rows(select(MESSAGE).order_by(MESSAGE.c.created_at))
    assert [(row.kind, row.author_name) for row in said] == [("question", "Carol"), ("answer", "Sarah")]


def test_only_the_requester_answers(large):
    request_id = order(large)
    act(large, "ask", approval(large, request_id).approval_id, "What for?")
    with pytest.raises(NotAllowed):
        act(large, "answer", request_id, "For nothing.", who="bob-456")


def test_nobody_agrees_while_the_requester_is_asked(large):
    request_id = order(large)
    act(large, "ask", approval(large, request_id).approval_id, "What for?")
    with pytest.raises(Conflict, match="wait for the answer"):
        approve(large, request_id)


@pytest.mark.parametrize("asked", [False, True])
def test_an_order_that_waits_for_approval_can_be_cancelled_and_never_built(large, asked):
    request_id = order(large)
    if asked:
        act(large, "ask", approval(large, request_id).approval_id, "What for?")
    large.cancel(request_id)
    assert large.request(request_id).status == "cancelled"
    with pytest.raises(Conflict, match="nobody had agreed"):
        large.decide("resume", request_id)
    with pytest.raises(Conflict):
        approve(large, request_id)


def test_an_approved_order_waits_for_its_turn(large):
    large.rules = Rules(team_requests=1)
    order(large, 1)
    request_id = order(large)
    approve(large, request_id)
    request = large.request(request_id)
    assert (request.status, request.admitted, request.unapproved) == ("in_progress", False, False)


def test_who_is_asked_is_reminded_once_at_half_the_time(large):
    order(large)
    shift(large, 37)
    assert (large.sweep().hurried, large.sweep().hurried) == (1, 0)
    assert [event.kind for event in large.events()].count("approval.reminded") == 1


def test_an_approval_that_nobody_gives_is_escalated_to_administrators(large):
    request_id = order(large)
    for _ in range(2):
        shift(large, 37)
        large.sweep()
    assert approval(large, request_id).voters == ["team:platform-data-team", "role:administrator"]
    approve(large, request_id, "dana-001")
    assert large.request(request_id).status == "in_progress"


def test_an_approval_is_escalated_to_a_team_that_sees_the_request_then(house):
    rule = "{by: {team: platform-data-team}, timeout: 2h, escalate_to: {team: growth}}"
    house.offer(large=item(http("make"), fields=NAME_FIELD, extra=f"approval: [{rule}]", owner="platform-compute-team"))
    request_id = order(house)
    shift(house, 3)
    house.sweep()
    assert "growth" in house.request(request_id).owner_teams
    approve(house, request_id, "mallory-666")
    assert house.request(request_id).status == "in_progress"


def test_an_approval_that_nobody_gives_ends_the_request_where_its_rule_says_so(house):
    rule = "{by: {team: platform-data-team}, timeout: 2h, on_timeout: reject}"
    house.offer(large=item(http("make"), fields=NAME_FIELD, extra=f"approval: [{rule}]"))
    request_id = order(house)
    shift(house, 3)
    assert house.sweep().hurried == 1
    request = house.request(request_id)
    assert (request.status, request.failure) == ("rejected", "Nobody of platform-data-team agreed in time.")


def test_time_stands_still_while_the_requester_is_asked(large):
    request_id = order(large)
    due = approval(large, request_id).due_at
    act(large, "ask", approval(large, request_id).approval_id, "What for?")
    shift(large, 100)
    assert large.sweep().hurried == 0
    act(large, "answer", request_id, "For the campaign.", who="sarah-123")
    assert abs(approval(large, request_id).due_at - due) < timedelta(minutes=1)
    assert approval(large, request_id).next_at == approval(large, request_id).remind_at
