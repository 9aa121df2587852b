"""POST /requests/validate."""

import pytest
from sqlalchemy import func, select

from app.models.tables import REQUEST
from tests.fixtures.house import http, item, with_checks

pytestmark = pytest.mark.usefixtures("synced_catalog")

URL = "/api/v1/requests/validate"
CHECKED = with_checks(
    item(http("make")),
    preflight="{name: vault_answers, type: tcp, host: vault.example.com, port: 8200}",
    health="{name: it_listens, type: tcp, host: cache.example.com, port: 6379}",
)


def test_a_good_order_shows_its_plan(sarah, order):
    body = sarah.post(URL, json=order).json
    assert (body["valid"], body["errors"], body["version"]) == (True, [], "2.1.0")
    assert [(step["step_id"], step["name"], step["depends_on"]) for step in body["steps"]] == [
        ("step-001", "provision_eks_app", []),
        ("step-002", "provision_postgres", []),
        ("step-003", "provision_redis", []),
        ("step-004", "setup_monitoring", []),
        ("step-005", "configure_connections", ["step-001", "step-002", "step-003"]),
    ]


def test_defaults_and_fixed_values_are_shown(sarah, order):
    order["item_parameters"]["postgres-database"] = {"database_name": "small"}
    postgres = sarah.post(URL, json=order).json["values"]["item_parameters"]["postgres"]
    assert postgres == {
        "database_name": "small",
        "instance_class": "db.t3.small",
        "allocated_storage": 100,
        "backup_retention": 7,
        "environment": "staging",
        "multi_az": True,
    }


def test_versions_are_resolved(sarah, order):
    assert sarah.post(URL, json=order).json["versions"]["postgres"] == "2.1.0"


def test_an_item_that_is_left_out_has_no_values_and_no_steps(sarah, order):
    order["item_parameters"]["redis-cache"] = {"enabled": False}
    body = sarah.post(URL, json=order).json
    assert body["selected"]["redis"] is False
    assert "redis" not in body["values"]["item_parameters"]
    assert "provision_redis" not in [step["name"] for step in body["steps"]]


def test_faults_are_an_answer_here(sarah, order):
    order["item_parameters"]["eks-container-app"]["replicas"] = 11
    answer = sarah.post(URL, json=order)
    assert (answer.status_code, answer.json["valid"], answer.json["steps"]) == (200, False, [])
    assert [fault["pointer"] for fault in answer.json["errors"]] == ["/item_parameters/eks-container-app/replicas"]


def test_the_faults_are_those_that_an_order_gets(sarah, order):
    order |= {"version": "9.9.9", "colour": "red"}
    told = sarah.post("/api/v1/requests", json=order).json["errors"]
    assert sarah.post(URL, json=order).json["errors"] == told


def test_an_unknown_entry_has_no_version(sarah):
    body = sarah.post(URL, json={"catalog_item": "no-such-item"}).json
    assert (body["valid"], body["version"], body["values"]) == (False, None, {})


def test_an_item_alone_has_its_parameters_flat(sarah):
    order = {"catalog_item": "postgres-database", "parameters": {"database_name": "alone"}}
    body = sarah.post(URL, json=order).json
    assert (body["valid"], body["catalog_item"]) == (True, "postgres-database")
    assert body["values"]["parameters"]["allocated_storage"] == 100


def test_nothing_is_written(sarah, order, house):
    sarah.post(URL, json=order)
    assert house.rows(select(func.count()).select_from(REQUEST))[0][0] == 0


def test_what_cannot_be_read_is_refused(sarah):
    assert sarah.post(URL, data="{", content_type="application/json").status_code == 400


def test_checks_are_planned_apart_from_steps(house, sarah):
    house.offer(cache=CHECKED)
    body = sarah.post(URL, json={"catalog_item": "cache"}).json
    assert [(one["check_id"], one["kind"], one["depends_on"]) for one in body["checks"]] == [
        ("check-001", "preflight", []),
        ("check-002", "health", ["step-001"]),
    ]
    assert [(one["step_id"], one["position"], one["depends_on"]) for one in body["steps"]] == [("step-001", 1, ["check-001"])]


def test_it_says_where_every_value_came_from(sarah, order):
    order["item_parameters"]["postgres-database"] = {"database_name": "small"}
    sources = sarah.post(URL, json=order).json["sources"]
    assert sources["item_parameters"]["postgres"] == {
        "database_name": {"source": "answer"},
        "instance_class": {"source": "default"},
        "allocated_storage": {"source": "default"},
        "backup_retention": {"source": "default"},
        "environment": {"source": "input"},
        "multi_az": {"source": "fixed", "read": ["bundle.enable_ha"]},
    }
    assert sources["bundle_parameters"]["solution_name"] == {"source": "answer"}


def test_sources_are_told_beside_faults_too(sarah, order):
    order["item_parameters"]["postgres-database"] = {"database_name": "No Such Name"}
    body = sarah.post(URL, json=order).json
    assert body["valid"] is False
    assert body["sources"]["item_parameters"]["postgres"]["instance_class"] == {"source": "default"}


def test_a_preflight_that_the_order_decides_is_asked_at_once(sarah, house):
    small = "{name: small, type: expression, when: size < 10}"
    quick = "{name: quick, type: tcp, host: vault.example.com, port: 8200}"
    size = "[{name: size, type: integer, required: true}]"
    house.offer(checked=with_checks(item(http("make"), fields=size), preflight=f"{small}, {quick}"))
    for size, holds in ((5, True), (50, False)):
        body = sarah.post(URL, json={"catalog_item": "checked", "parameters": {"size": size}}).json
        assert [(one["name"], one["holds_now"]) for one in body["checks"]] == [("small", holds), ("quick", None)]


def test_what_must_be_unique_and_what_is_left_is_asked_at_once(sarah, house):
    (house.folder / "quotas.yaml").write_text("default: {services: 9}\nresources: {services: {title: Services}}\n")
    free = "{name: free, type: unique, value: 'host-{{ size }}', within: team}"
    fits = "{name: fits, type: quota, resource: services, leave: 8}"
    size = "[{name: size, type: integer, default: 3}]"
    house.offer(checked=with_checks(item(http("make"), fields=size), preflight=f"{free}, {fits}"))
    body = sarah.post(URL, json={"catalog_item": "checked", "parameters": {}}).json
    assert [(one["holds_now"], one["expected"], one["actual"]) for one in body["checks"]] == [
        (True, "no other order has it", "no other order has it"),
        (True, "at least 8 left", "Services: 8 of 9 left"),
    ]
