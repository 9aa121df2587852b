"""Approvals over HTTP: what waits for somebody, with all they need to decide, and the ways in which they do."""

import pytest

from tests.fixtures.house import http, item

FIELDS = "[{name: size, type: integer, required: true}, {name: code, type: string, sensitive: true}]"
RULES = """
approval: [{when: price > 50, by: {team: platform-data-team}, reason: It costs much., timeout: 2d}]
cost: {lines: [{label: Size, price: 10, each: size}]}
"""


@pytest.fixture
def offered(house, people):
    house.offer(large=item(http("make"), fields=FIELDS, extra=RULES, owner="platform-compute-team"))
    return house


def ordered(sarah, size=7, **more):
    return {"catalog_item": "large", "parameters": {"size": size, "code": "open sesame", **more}}


@pytest.fixture
def request_id(offered, sarah):
    return sarah.post("/api/v1/requests", json=ordered(sarah)).json["request_id"]


@pytest.fixture
def approval(request_id, carol):
    (found,) = carol.get("/api/v1/approvals").json["approvals"]
    return found


def test_validate_says_who_must_agree(offered, sarah):
    needed = sarah.post("/api/v1/requests/validate", json=ordered(sarah)).json["approvals"]
    assert needed == [{"by": {"team": "platform-data-team"}, "count": 1, "reason": "It costs much.", "timeout": 2 * 24 * 3600}]


def test_who_is_asked_finds_it(approval, request_id):
    assert (approval["request"]["request_id"], approval["status"], approval["refusal"]) == (request_id, "pending", None)
    assert approval["price"]["total"] == 70


@pytest.mark.parametrize("who", ["sarah-123", "mallory-666", "dana-001"])
def test_nobody_else_finds_it(approval, people, who):
    assert people.api(who).get("/api/v1/approvals").json["approvals"] == []


def test_one_approval_shows_what_is_approved_and_no_secret(approval, carol):
    shown = carol.get(approval["href"]).json
    assert shown["answers"] == {"large": {"size": 7, "code": "********"}}
    assert [step["title"] for step in shown["steps"]] == ["Make"]
    assert shown["others"] == shown["messages"] == []


def test_the_request_shows_who_must_agree(approval, request_id, sarah):
    shown = sarah.get(f"/api/v1/requests/{request_id}").json
    assert shown["status"] == "pending_approval"
    assert [(one["approval_id"], one["by"]) for one in shown["approvals"]] == [
        (approval["approval_id"], {"team": "platform-data-team"})
    ]


def test_agreeing_lets_it_begin(approval, request_id, carol, sarah):
    body = {"comment": "Fine.", "digest": approval["digest"]}
    assert carol.post(f"{approval['href']}/approve", json=body).json["status"] == "approved"
    shown = sarah.get(f"/api/v1/requests/{request_id}").json
    assert (shown["status"], shown["approvals"][0]["votes"][0]["comment"]) == ("in_progress", "Fine.")


def test_agreeing_twice_is_a_conflict(approval, carol):
    carol.post(f"{approval['href']}/approve", json={})
    assert carol.post(f"{approval['href']}/approve", json={}).status_code == 409


def test_a_changed_order_is_not_agreed_to_unseen(approval, request_id, sarah, carol):
    changed = ordered(sarah, 8, code="********")
    assert sarah.put(f"/api/v1/requests/{request_id}/order", json=changed).status_code == 200
    answer = carol.post(f"{approval['href']}/approve", json={"digest": approval["digest"]})
    assert answer.status_code == 409
    (fresh,) = carol.get("/api/v1/approvals?waiting=true").json["approvals"]
    assert fresh["digest"] != approval["digest"]
    assert carol.get(fresh["href"]).json["messages"][0]["changes"] == [
        {"item": "large", "name": "size", "before": 7, "after": 8}
    ]


def test_faults_of_a_changed_order_are_those_of_any_order(approval, request_id, sarah):
    answer = sarah.put(f"/api/v1/requests/{request_id}/order", json={"catalog_item": "large", "parameters": {"size": "x"}})
    assert [error["pointer"] for error in answer.json["errors"]] == ["/parameters/size"]


@pytest.mark.parametrize(("what", "body"), [("reject", {}), ("send-back", {"comment": ""}), ("ask", {"text": "What for?"})])
def test_bad_bodies_are_told(approval, carol, what, body):
    assert carol.post(f"{approval['href']}/{what}", json=body).status_code == 422


def test_a_question_is_answered(approval, request_id, carol, sarah):
    assert carol.post(f"{approval['href']}/ask", json={"question": "What for?"}).json["request"]["status"] == "needs_info"
    shown = sarah.post(f"/api/v1/requests/{request_id}/answer", json={"text": "For the campaign."}).json
    assert [(one["kind"], one["by"]) for one in shown["messages"]] == [("question", "Carol"), ("answer", "Sarah")]
    assert shown["status"] == "pending_approval"


def test_what_is_sent_back_says_why(approval, request_id, carol, sarah):
    carol.post(f"{approval['href']}/send-back", json={"comment": "Is 6 enough?"})
    shown = sarah.get(f"/api/v1/requests/{request_id}").json
    assert (shown["status"], shown["failure"]) == ("rejected", "Is 6 enough?")


def test_lists_are_paged_and_narrowed(offered, sarah, carol):
    for size in (6, 7, 8):
        sarah.post("/api/v1/requests", json=ordered(sarah, size))
    first = carol.get("/api/v1/approvals?limit=2").json
    rest = carol.get(f"/api/v1/approvals?limit=2&cursor={first['pagination']['next_cursor']}").json
    assert [one["price"]["total"] for one in (*first["approvals"], *rest["approvals"])] == [60, 70, 80]
    assert carol.get("/api/v1/approvals?status=approved").json["approvals"] == []


@pytest.mark.parametrize(("method", "path"), [("post", "approvals/{}/approve"), ("put", "requests/{}/order")])
def test_an_endless_name_is_one_of_nothing(sarah, method, path):
    assert getattr(sarah, method)(f"/api/v1/{path.format('x' * 5000)}", json={}).status_code == 404


@pytest.mark.parametrize("requester", ["sarah-123", 5, []])
def test_a_requester_that_is_none_is_a_fault_of_a_changed_order(request_id, sarah, requester):
    answer = sarah.put(f"/api/v1/requests/{request_id}/order", json={**ordered(sarah), "requester": requester})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/requester")
