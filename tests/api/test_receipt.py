"""GET /requests/{id}/receipt."""

import hashlib
import json

import pytest

from app.core.canonical import digest
from tests.api.conftest import BY_HAND, work
from tests.fixtures.house import http, item


@pytest.fixture
def mended(stuck, ticket, carol, house):
    """The story's order, whose database carol made by hand, completed."""
    carol.post(f"/api/v1/tickets/{ticket}/resolve", json={"outputs": BY_HAND, "comment": "Another subnet."})
    work(house)
    return stuck


def receipt_of(client, request_id):
    return client.get(f"/api/v1/requests/{request_id}/receipt").json


def test_anybody_can_work_the_digest_out(sarah, mended):
    receipt = receipt_of(sarah, mended)
    told = receipt.pop("digest")
    text = json.dumps(receipt, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert told == "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def test_the_same_request_has_the_same_receipt_for_everybody_in_every_zone(sarah, carol, portal, mended):
    in_tokyo = portal(timezone="Asia/Tokyo")("sarah-123")
    assert receipt_of(sarah, mended) == receipt_of(carol, mended) == receipt_of(in_tokyo, mended)


def test_a_receipt_changes_with_its_request(sarah, placed):
    before = receipt_of(sarah, placed)["digest"]
    sarah.post(f"/api/v1/requests/{placed}/cancel", json={"reason": "Not needed."})
    assert receipt_of(sarah, placed)["digest"] != before


def test_it_says_who_ordered_what_out_of_which_documents(sarah, placed):
    receipt = receipt_of(sarah, placed)
    assert receipt["requester"] == {
        "user_id": "sarah-123",
        "name": "Sarah",
        "email": "sarah@example.com",
        "team": "customer-experience",
    }
    ordered = receipt["ordered"]
    assert (ordered["name"], ordered["version"]) == ("full-stack-web-app", "2.1.0")
    assert all(one["source_hash"] and one["source_path"].endswith(".yaml") for one in (ordered, *ordered["items"]))
    assert [item["catalog_item"] for item in ordered["items"]][:2] == ["eks-container-app", "postgres-database"]


def test_it_says_what_was_answered_defaults_and_fixed_values_included(sarah, placed):
    answers = receipt_of(sarah, placed)["answers"]
    assert answers["bundle_parameters"] == {"solution_name": "customer-portal", "enable_ha": True}
    assert answers["item_parameters"]["postgres"]["allocated_storage"] == 250
    assert answers["selected"]["monitoring"] is True


def test_it_says_what_people_did_by_hand(sarah, mended):
    (edit,) = receipt_of(sarah, mended)["human_edits"]
    assert (edit["step_id"], edit["how"], edit["user_id"]) == ("step-002", "resolved", "carol-789")
    assert (edit["outputs"], edit["said"]) == (BY_HAND, {"comment": "Another subnet."})


def test_it_says_which_steps_ran_and_how_often(sarah, mended):
    steps = {step["step_id"]: step for step in receipt_of(sarah, mended)["steps"]}
    assert [one["attempt_number"] for one in steps["step-002"]["attempts"]] == [1]
    assert steps["step-002"]["managed_by"] == "person"
    assert all(step["completed_at"].endswith("+00:00") for step in steps.values())


def test_it_says_who_decided_what_and_why(sarah, placed):
    sarah.post(f"/api/v1/requests/{placed}/cancel", json={"reason": "Not needed."})
    told = receipt_of(sarah, placed)["decisions"]
    assert [(one["what"], one["actor"]) for one in told] == [
        ("request.submitted", "sarah-123"),
        ("request.cancel", "sarah-123"),
    ]
    assert told[1]["details"]["reason"] == "Not needed."


def test_it_says_what_came_of_it(sarah, mended):
    assert receipt_of(sarah, mended)["outputs"]["monitoring"]["dashboard_url"].startswith("https://")


def test_it_says_with_which_batch_it_came(sarah, synced_catalog):
    order = {"catalog_item": "postgres-database", "parameters": {"database_name": "alone"}}
    rows = {"mode": "all_or_nothing", "rows": [{"key": "mine", "order": order}]}
    made = sarah.post("/api/v1/requests/batch", json=rows).json
    receipt = receipt_of(sarah, made["results"][0]["request_id"])
    assert receipt["batch"] == {"batch_id": made["batch_id"], "row": 0, "key": "mine"}


def test_secret_answers_are_masked(sarah, house):
    fields = "[{name: owner, type: string, required: true}, {name: pin, type: string, required: true, sensitive: true}]"
    house.offer(box=item(http("one"), fields=fields))
    order = {"catalog_item": "box", "parameters": {"owner": "sarah", "pin": "hunter2"}}
    made = sarah.post("/api/v1/requests", json=order).json["request_id"]
    receipt = receipt_of(sarah, made)
    assert receipt["answers"]["item_parameters"]["box"] == {"owner": "sarah", "pin": "********"}
    assert "hunter2" not in json.dumps(receipt)


def test_a_digest_does_not_depend_on_the_order_of_keys():
    assert digest({"a": 1, "ä": [2.5, None], "digest": "x"}) == digest({"ä": [2.5, None], "a": 1})


def test_it_says_who_agreed_to_what(sarah, carol, house):
    house.offer(box=item(http("one"), extra="approval: [{by: {team: platform-data-team}, reason: It costs much}]"))
    made = sarah.post("/api/v1/requests", json={"catalog_item": "box"}).json["request_id"]
    (waiting,) = carol.get("/api/v1/approvals").json["approvals"]
    carol.post(f"/api/v1/approvals/{waiting['approval_id']}/approve", json={"comment": "Fine."})
    (approval,) = receipt_of(sarah, made)["approvals"]
    assert (approval["status"], approval["asked"], approval["reason"]) == (
        "approved",
        "team:platform-data-team",
        "It costs much",
    )
    assert [(vote["user_id"], vote["vote"], vote["comment"]) for vote in approval["votes"]] == [
        ("carol-789", "approved", "Fine.")
    ]


def test_it_says_what_it_cost(sarah, placed):
    assert receipt_of(sarah, placed)["price"]["currency"] == "USD"
