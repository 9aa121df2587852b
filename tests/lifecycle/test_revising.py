"""The requester changes an order that people have not agreed to yet: everything of it is replaced, and all are asked anew."""

import pytest
from sqlalchemy import select

from app.errors import Conflict, Invalid, NotAllowed
from app.lifecycle.approvals import revising
from app.models.tables import APPROVAL, ITEM, MESSAGE, STEP
from tests.fixtures.house import House, http, item
from tests.lifecycle.test_approvals import BY_DATA, act, approval, approve

FIELDS = "[{name: size, type: integer, required: true}, {name: key, type: secret}]"
TWO = "approval: [{when: size > 5, by: {team: platform-data-team}}, {by: {team: growth}}]"
COST = "cost: {lines: [{label: Size, price: 10, each: size}]}"


@pytest.fixture
def large(house: House) -> House:
    house.offer(
        large=item(http("make"), fields=FIELDS, extra=BY_DATA + "\n" + COST, owner="platform-compute-team"),
        both=item(http("make"), fields=FIELDS, extra=TWO, owner="platform-compute-team"),
    )
    return house


def order(house: House, name: str = "large", **parameters) -> str:
    return house.order({"catalog_item": name, "parameters": {"size": 7, **parameters}}).request_id


def revise(house: House, request_id: str, who: str = "sarah-123", name: str = "large", **parameters) -> bool:
    caller = house.caller(who)
    with house.unit() as unit:
        return revising.revise(unit, caller, request_id, {"catalog_item": name, "parameters": parameters}, "Less is enough.")


def test_a_changed_order_takes_the_place_of_the_first(large):
    request_id = order(large)
    assert revise(large, request_id, size=8)
    request = large.request(request_id)
    assert request.item_parameters == {"large": {"size": 8, "key": None}}
    assert (request.status, request.price["total"], request.quota_takes["monthly_cost"]) == ("pending_approval", 80, 80)
    assert [row.parameters["size"] for row in large.rows(select(ITEM))] == [8]
    assert [row.status for row in large.rows(select(STEP))] == ["pending"]


def test_what_was_agreed_counts_no_more(large):
    request_id = order(large, "both")
    approve(large, request_id)
    revise(large, request_id, name="both", size=8)
    statuses = [row.status for row in large.rows(select(APPROVAL).order_by(APPROVAL.c.created_at, APPROVAL.c.position))]
    assert statuses == ["void", "void", "pending", "pending"]


def test_whoever_looked_at_the_order_before_does_not_agree_to_the_new_one(large):
    request_id = order(large)
    seen = approval(large, request_id)
    revise(large, request_id, size=8)
    with pytest.raises(Conflict, match="was changed since you looked"):
        act(large, "approve", seen.approval_id, None, seen.digest)


def test_the_same_order_again_changes_nothing(large):
    request_id = order(large, "both")
    approve(large, request_id)
    assert not revise(large, request_id, name="both", size=7)
    assert [row.status for row in large.rows(select(APPROVAL).order_by(APPROVAL.c.position))] == ["approved", "pending"]


def test_an_order_that_nobody_must_agree_to_any_more_begins(large):
    request_id = order(large)
    revise(large, request_id, size=2)
    assert large.request(request_id).status == "in_progress"
    assert large.must_claim().step.step_name == "make"


def test_a_change_answers_what_was_asked(large):
    request_id = order(large)
    act(large, "ask", approval(large, request_id).approval_id, "Is 6 enough?")
    revise(large, request_id, size=6)
    assert large.request(request_id).status == "pending_approval"
    said = large.rows(select(MESSAGE).order_by(MESSAGE.c.created_at))[-1]
    assert (said.kind, said.text) == ("change", "Less is enough.")
    assert said.changes == [{"item": "large", "name": "size", "before": 7, "after": 6}]


def test_a_masked_secret_keeps_its_value(large):
    request_id = order(large, key="the first key")
    assert not revise(large, request_id, size=7, key="********")


def test_another_secret_is_another_order(large):
    request_id = order(large, key="the first key")
    seen = approval(large, request_id)
    assert revise(large, request_id, size=7, key="another key")
    with pytest.raises(Conflict, match="was changed"):
        act(large, "approve", seen.approval_id)
    assert "key" not in str([row.changes for row in large.rows(select(MESSAGE))]).replace("'name': 'key'", "")


def test_only_the_requester_changes_an_order(large):
    request_id = order(large)
    with pytest.raises(NotAllowed):
        revise(large, request_id, "bob-456", size=8)


def test_what_is_wrong_with_the_change_is_told_and_nothing_changes(large):
    request_id = order(large)
    with pytest.raises(Invalid) as refused:
        revise(large, request_id, size="many")
    assert [fault.pointer for fault in refused.value.faults] == ["/parameters/size"]
    assert large.request(request_id).item_parameters["large"]["size"] == 7


def test_another_entry_is_another_order(large):
    request_id = order(large)
    with pytest.raises(Invalid) as refused:
        revise(large, request_id, name="both", size=7)
    assert [fault.code for fault in refused.value.faults] == ["other_entry"]


def test_an_order_that_is_built_is_not_changed(large):
    request_id = order(large)
    approve(large, request_id)
    with pytest.raises(Conflict, match="order it again"):
        revise(large, request_id, size=8)
