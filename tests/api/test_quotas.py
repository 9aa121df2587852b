"""Quotas over the API: how teams stand, limits that administrators set, and orders that are refused."""

import pytest
from sqlalchemy import select

from app.models import AuditEntry
from tests.fixtures.house import http, item

URL = "/api/v1/admin/quotas"
EXTRA = 'quota: {vcpu: "{{ size }}"}\ncost: {lines: [{label: Line, price: 10, each: size}]}'
FILE = "default: {vcpu: 10}\nresources: {vcpu: {title: vCPU, unit: cores}}"


@pytest.fixture
def offered(house):
    """An item that takes as many vCPU as its size says, of ten."""
    (house.folder / "quotas.yaml").write_text(FILE)
    house.offer(app=item(http("make"), fields="[{name: size, type: integer, default: 4}]", extra=EXTRA))
    return house


def order(size):
    return {"catalog_item": "app", "parameters": {"size": size}}


def test_an_order_that_is_too_much_is_refused_with_the_numbers(offered, sarah):
    sarah.post("/api/v1/requests", json=order(6))
    answer = sarah.post("/api/v1/requests", json=order(5))
    (error,) = answer.json["errors"]
    message = error.pop("message")
    numbers = {"resource": "vcpu", "limit": 10, "used": 0, "reserved": 6, "requested": 5}
    assert (answer.status_code, error) == (422, {"pointer": "", "field": "", "code": "quota_exceeded", **numbers})
    assert message.startswith("vCPU: customer-experience may have 10 cores, with 0 used and 6 reserved by open requests")


def test_validate_tells_the_price_and_what_it_leaves(offered, sarah):
    body = sarah.post("/api/v1/requests/validate", json=order(9)).json
    assert (body["valid"], body["price"]["total"]) == (True, 90)
    (line,) = body["quotas"]
    assert (line["requested"], line["available_after"], line["warn"], line["unit"]) == (9, 1, True, "cores")


def test_validate_tells_an_order_that_is_too_much(offered, sarah):
    body = sarah.post("/api/v1/requests/validate", json=order(11)).json
    assert (body["valid"], body["quotas"][0]["exceeded"], body["price"]["total"]) == (False, True, 110)


def test_while_an_answer_is_wrong_there_is_no_price(offered, sarah):
    body = sarah.post("/api/v1/requests/validate", json=order("many")).json
    assert (body["valid"], body["price"], body["quotas"]) == (False, None, [])


def test_the_request_keeps_its_price(offered, sarah):
    made = sarah.post("/api/v1/requests", json=order(4)).json
    assert sarah.get(made["href"]).json["price"] == {
        "currency": "USD",
        "per": "month",
        "total": 40,
        "items": [{"alias": "app", "title": "Pair", "total": 40, "lines": [{"label": "Line", "amount": 40}]}],
        "problems": [],
        "unpriced": [],
    }


def test_the_story_costs_what_its_documents_say(synced_catalog, placed, sarah):
    price = sarah.get(f"/api/v1/requests/{placed}").json["price"]
    totals = {part["alias"]: part["total"] for part in price["items"]}
    assert (price["total"], totals["eks_app"]) == (256.03, 72)


def test_people_see_the_quotas_of_their_own_teams(offered, sarah):
    sarah.post("/api/v1/requests", json=order(6))
    (team,) = sarah.get("/api/v1/quotas").json["teams"]
    assert team["team"] == "customer-experience"
    (vcpu,) = team["resources"]
    assert (vcpu["title"], vcpu["reserved"], vcpu["available"], vcpu["source"], vcpu["of_all"]) == ("vCPU", 6, 4, "file", True)


def test_an_administrator_sets_a_limit_that_wins_over_the_file(offered, dana, sarah):
    told = dana.put(URL, json={"team": "customer-experience", "limits": {"vcpu": 20, "services": 1}})
    assert [(one["resource"], one["limit"], one["source"]) for one in told.json["resources"]] == [
        ("services", 1, "admin"),
        ("vcpu", 20, "admin"),
    ]
    assert sarah.post("/api/v1/requests", json=order(15)).status_code == 201
    assert sarah.post("/api/v1/requests", json=order(1)).json["errors"][0]["resource"] == "services"


def test_limits_that_are_taken_away_leave_those_of_the_file(offered, dana):
    dana.put(URL, json={"team": "growth", "limits": {"vcpu": 20}})
    told = dana.put(URL, json={"team": "growth", "limits": {}}).json
    assert [(one["limit"], one["source"]) for one in told["resources"]] == [(10, "file")]


def test_a_sync_leaves_what_an_administrator_set(offered, dana):
    dana.put(URL, json={"team": "growth", "limits": {"vcpu": 20}})
    offered.offer()
    (team,) = dana.get(f"{URL}?team=grow").json["teams"]
    assert team["resources"][0]["limit"] == 20


def test_a_limit_that_is_set_is_audited_with_what_was_before(offered, dana):
    dana.put(URL, json={"team": "growth", "limits": {"vcpu": 20}})
    dana.put(URL, json={"team": "growth", "limits": {"vcpu": 30.5}})
    mine = (AuditEntry.target == "quota:growth", AuditEntry.action == "quota.set")
    row = offered.rows(select(AuditEntry.__table__).where(*mine).order_by(AuditEntry.id.desc()).limit(1))[0]
    assert (row.actor, row.before, row.after) == ("dana-001", {"vcpu": 20}, {"vcpu": 30.5})


def test_what_is_wrong_with_limits_is_told_at_once_and_nothing_is_set(offered, dana):
    answer = dana.put(URL, json={"team": "growth", "limits": {"V CPU": 1, "vcpu": 10**13, "gb": 5}})
    assert [error["pointer"] for error in answer.json["errors"]] == ["/limits/V CPU", "/limits/vcpu"]
    assert dana.get(f"{URL}?team=growth").json["teams"][0]["resources"][0]["source"] == "file"


def test_only_administrators_see_and_set_the_quotas_of_others(offered, sarah, carol):
    assert sarah.put(URL, json={"team": "customer-experience", "limits": {"vcpu": 999}}).status_code == 403
    assert carol.get(URL).status_code == 403


def test_a_lowered_limit_takes_nothing_away(offered, dana, sarah):
    sarah.post("/api/v1/requests", json=order(8))
    (vcpu,) = dana.put(URL, json={"team": "customer-experience", "limits": {"vcpu": 5}}).json["resources"]
    assert (vcpu["available"], vcpu["reserved"]) == (-3, 8)


@pytest.mark.parametrize(("mode", "status", "reserved"), [("all_or_nothing", 422, 0), ("row_by_row", 201, 8)])
def test_rows_of_a_batch_that_are_too_many_together_are_refused(offered, sarah, mode, status, reserved):
    rows = [{"key": f"row-{number}", "order": order(4)} for number in range(3)]
    answer = sarah.post("/api/v1/requests/batch", json={"mode": mode, "rows": rows})
    assert answer.status_code == status
    (team,) = sarah.get("/api/v1/quotas").json["teams"]
    assert team["resources"][0]["reserved"] == reserved


def test_a_changed_order_is_held_against_what_it_does_not_hold_itself(offered, sarah):
    app = item(http("make"), fields="[{name: size, type: integer, default: 4}]", extra=EXTRA)
    offered.offer(app=app.replace('"1.0.0"', '"1.1.0"') + "\napproval: [{by: {team: growth}}]\n")
    made = sarah.post("/api/v1/requests", json=order(6)).json
    assert sarah.put(f"{made['href']}/order", json=order(10)).status_code == 200
    refused = sarah.put(f"{made['href']}/order", json=order(11))
    assert (refused.status_code, refused.json["errors"][0]["reserved"]) == (422, 0)
    (team,) = sarah.get("/api/v1/quotas").json["teams"]
    assert team["resources"][0]["reserved"] == 10
