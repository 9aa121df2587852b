"""POST /requests."""

import re

import pytest
from sqlalchemy import func, select

from app.models import AuditEntry
from app.models.tables import EVENT, REQUEST, STEP
from tests.fixtures.house import House

pytestmark = pytest.mark.usefixtures("synced_catalog")

URL = "/api/v1/requests"


def places(answer):
    return {(fault["pointer"], fault["code"]) for fault in answer.json["errors"]}


def written(house: House):
    return [house.rows(select(func.count()).select_from(table))[0][0] for table in (REQUEST, STEP, EVENT)]


def test_an_order_is_accepted_as_the_story_shows(sarah, order):
    answer = sarah.post(URL, json=order)
    body = answer.json
    assert answer.status_code == 201
    assert set(body) == {"request_id", "status", "catalog_bundle", "created_at", "href"}
    assert (body["status"], body["catalog_bundle"]) == ("submitted", "full-stack-web-app")
    assert re.fullmatch(r"req-\d{8}-[a-z0-9]{6,}", body["request_id"])
    assert answer.headers["Location"] == body["href"] == f"{URL}/{body['request_id']}"


def test_an_item_can_be_ordered_alone(sarah):
    answer = sarah.post(URL, json={"catalog_item": "postgres-database", "parameters": {"database_name": "alone"}})
    assert (answer.status_code, answer.json["catalog_item"]) == (201, "postgres-database")
    assert "catalog_bundle" not in answer.json


def test_every_fault_is_told_at_once_with_its_place(sarah, order, house):
    order["item_parameters"]["postgres-database"] |= {"database_name": "Customer-DB", "allocated_storage": "250"}
    order["item_parameters"]["eks-container-app"] |= {"replicas": 11, "app_type": "batch"}
    order["item_parameters"]["no-such-item"] = {}
    order["priority"] = "high"
    del order["bundle_parameters"]["solution_name"]
    answer = sarah.post(URL, json=order)
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    assert places(answer) == {
        ("/priority", "unknown_field"),
        ("/bundle_parameters/solution_name", "required"),
        ("/item_parameters/eks-container-app/replicas", "max_value"),
        ("/item_parameters/eks-container-app/app_type", "fixed"),
        ("/item_parameters/postgres-database/database_name", "regexp"),
        ("/item_parameters/postgres-database/allocated_storage", "type"),
        ("/item_parameters/no-such-item", "unknown_item"),
    }
    assert written(house) == [0, 0, 0]


def test_a_fault_carries_the_limits_of_its_rule(sarah, order):
    order["item_parameters"]["postgres-database"]["allocated_storage"] = 2000
    (fault,) = sarah.post(URL, json=order).json["errors"]
    assert fault == {
        "pointer": "/item_parameters/postgres-database/allocated_storage",
        "field": "allocated_storage",
        "code": "max_value",
        "message": "must be at most 1000",
        "max_value": 1000,
    }


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"catalog_bundle": "no-such-bundle"}, ("/catalog_bundle", "unknown_entry")),
        ({"version": "9.9.9"}, ("/version", "unknown_version")),
        ({"version": 2}, ("/version", "type")),
        ({"catalog_bundle": 7}, ("/catalog_bundle", "type")),
        ({"item_parameters": []}, ("/item_parameters", "type")),
        ({"status": "completed"}, ("/status", "unknown_field")),
        ({"requester": {"user_id": "mallory-666"}}, ("/requester/user_id", "not_your_identity")),
        ({"requester": {"email": "bob@example.com"}}, ("/requester/email", "not_your_identity")),
        ({"requester": {"team": "growth"}}, ("/requester/team", "not_your_team")),
        ({"requester": {"team": "customer-experience", "role": "admin"}}, ("/requester/role", "unknown_field")),
    ],
)
def test_what_cannot_be_ordered_is_named(sarah, order, house, change, place):
    answer = sarah.post(URL, json=order | change)
    assert (answer.status_code, place in places(answer)) == (422, True), answer.json
    assert written(house) == [0, 0, 0]


def test_an_empty_order_names_what_is_missing(sarah):
    assert ("/catalog_bundle", "required") in places(sarah.post(URL, json={}))


def test_somebody_of_several_teams_must_say_for_which(erin, order):
    del order["requester"]
    assert places(erin.post(URL, json=order)) == {("/requester/team", "team_required")}


def test_somebody_of_one_team_need_not(sarah, order, house):
    del order["requester"]
    request_id = sarah.post(URL, json=order).json["request_id"]
    assert house.request(request_id).requester_team == "customer-experience"


def test_the_call_is_in_the_audit_log_under_its_id(sarah, order, house):
    made = sarah.post(URL, json=order, headers={"X-Request-ID": "from-the-client"}).json
    columns = (AuditEntry.actor, AuditEntry.target, AuditEntry.correlation_id)
    rows = house.rows(select(*columns).where(AuditEntry.action == "request.submit"))
    assert rows == [("sarah-123", f"request:{made['request_id']}", "from-the-client")]


# Idempotency-Key


def test_the_same_key_answers_the_same_request(sarah, order, house):
    key = {"Idempotency-Key": "once-1"}
    first, again = sarah.post(URL, json=order, headers=key), sarah.post(URL, json=order, headers=key)
    assert (again.status_code, again.json) == (201, first.json)
    assert written(house)[0] == 1


def test_a_key_is_answered_before_anything_is_validated(sarah, order, house):
    key = {"Idempotency-Key": "once-2"}
    sarah.post(URL, json=order, headers=key)
    order["item_parameters"]["postgres-database"]["allocated_storage"] = 2000
    answer = sarah.post(URL, json=order, headers=key)
    assert (answer.status_code, answer.json["code"]) == (409, "idempotency_key_reused")


def test_a_refused_order_does_not_use_its_key_up(sarah, order):
    key = {"Idempotency-Key": "once-3"}
    wrong = order | {"version": "9.9.9"}
    assert sarah.post(URL, json=wrong, headers=key).status_code == 422
    assert sarah.post(URL, json=order, headers=key).status_code == 201


def test_a_key_is_its_callers_own(sarah, bob, order):
    key = {"Idempotency-Key": "once-4"}
    del order["requester"]
    assert (
        sarah.post(URL, json=order, headers=key).json["request_id"] != bob.post(URL, json=order, headers=key).json["request_id"]
    )


@pytest.mark.parametrize("key", ["", "two words", "x" * 201, "käse"])
def test_a_key_must_be_plain(sarah, order, key):
    answer = sarah.post(URL, json=order, headers={"Idempotency-Key": key})
    assert places(answer) == {("/Idempotency-Key", "format")}


def test_without_a_key_every_call_is_an_order(sarah, order):
    assert sarah.post(URL, json=order).json["request_id"] != sarah.post(URL, json=order).json["request_id"]
