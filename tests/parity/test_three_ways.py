"""Form, API and command line use one set of rules: the same faults, values, prices and plans, whichever way an order comes."""

import json
from typing import Any

import pytest
from sqlalchemy import select

from app.models.tables import ITEM, REQUEST, STEP
from tests.parity.ways import Offered, faults_of, is_shown

STACK = {
    "eks_app": "eks-container-app",
    "postgres": "postgres-database",
    "redis": "redis-cache",
    "monitoring": "application-monitoring",
}
OFFERED = {
    "full-stack-web-app": Offered("bundle", "full-stack-web-app", STACK),
    **{name: Offered("item", name, {}) for name in [*STACK.values(), "team-workspace"]},
}
APP = {"app_name": "customer-portal-api", "environment": "staging"}
POSTGRES = {"database_name": "customer_portal_db"}
WORKSPACE = {"workspace_name": "checkout", "purpose": "To find out how it could be faster", "kind": "product"}
REQUIRED = {
    "full-stack-web-app": {"": {"solution_name": "customer-portal"}, "eks_app": APP, "postgres": POSTGRES},
    "eks-container-app": {"": APP},
    "postgres-database": {"": POSTGRES},
    "redis-cache": {"": {}},
    "application-monitoring": {"": {}},
    "team-workspace": {"": WORKSPACE | {"address": {"unit": "AB12"}}},
}
"""What must be answered; all else is left as it is."""
LARGE = {"instance_class": "db.t3.large", "allocated_storage": 1000, "backup_retention": 1}
EVERYTHING = {
    "full-stack-web-app": {
        "": {"solution_name": "customer-portal", "enable_ha": True},
        "eks_app": {**APP, "replicas": 10},
        "postgres": {**POSTGRES, **LARGE},
        "redis": {"enabled": True, "cache_size": "cache.t3.small"},
        "monitoring": {"enabled": False},
    },
    "eks-container-app": {"": {**APP, "replicas": 1}},
    "postgres-database": {"": {**POSTGRES, **LARGE}},
    "redis-cache": {"": {"cache_size": "cache.t3.small"}},
    "team-workspace": {
        "": {
            **WORKSPACE,
            "kind": "trial",
            "ends_on": "2027-01-31",
            "tools": ["wiki", "chat"],
            "lead": "bob-456",
            "guests": ["growth", "platform-data-team"],
            "sandbox": True,
            "seats": 7,
            "budget": 99.5,
            "alert_at": 75,
            "password": "correct horse battery",
            "contact": "sarah@example.com",
            "stand_up": "09:30",
            "starts_at": "2026-12-01T10:00:00+01:00",
            "address": {"unit": "AB12", "share": 50},
            "labels": {"stage": "early"},
        }
    },
}
BAD = [
    {
        "full-stack-web-app": {
            "": {"solution_name": ""},
            "eks_app": {"app_name": "Not A Name", "environment": "moon", "replicas": 11},
            "postgres": {"database_name": "9lives", "instance_class": "huge", "allocated_storage": 19},
            "redis": {"enabled": True, "cache_size": "cache.t3.huge"},
        },
        "eks-container-app": {"": {"app_name": "ab", "environment": "", "replicas": 0}},
        "postgres-database": {"": {"database_name": "x" * 64, "allocated_storage": 1001, "backup_retention": 36}},
        "redis-cache": {"": {"cache_size": "none"}},
        "team-workspace": {
            "": {
                "workspace_name": "ab",
                "purpose": "Short",
                "kind": "hobby",
                "tools": ["repository", "board", "wiki", "chat"],
                "guests": ["x"],
                "sandbox": True,
                "seats": 0,
                "budget": 500.5,
                "alert_at": 101,
                "password": "short",
                "contact": "nobody",
                "stand_up": "06:59",
                "address": {"unit": "ab12"},
                "labels": {"stage": 1},
            }
        },
    },
    {
        "full-stack-web-app": {
            "": {"solution_name": "customer-portal"},
            "eks_app": {**APP, "replicas": "three"},
            "postgres": {**POSTGRES, "allocated_storage": 20.5, "backup_retention": "7 days"},
        },
        "eks-container-app": {"": {"app_name": "x" * 51, "environment": "DEV", "replicas": 2.5}},
        "postgres-database": {"": {"database_name": "", "allocated_storage": "1e3", "backup_retention": "0x10"}},
        "team-workspace": {
            "": {
                "workspace_name": "Checkout!",
                "purpose": "",
                "kind": "trial",
                "ends_on": "2027-02-30",
                "tools": ["abacus"],
                "guests": ["one", "two", "three", "four", "five", "six"],
                "sandbox": True,
                "seats": "many",
                "budget": 0.25,
                "alert_at": "half",
                "password": "x" * 65,
                "contact": "a@b@c",
                "stand_up": "25:00",
                "address": {"share": 101},
                "labels": ["stage"],
            }
        },
    },
    {
        "team-workspace": {
            "": {**WORKSPACE, "kind": "trial", "ends_on": "2024-12-31", "guests": ["x" * 61], "labels": {"a": "x" * 61}}
        }
    },
]
VOLATILE = {
    REQUEST: {
        "id",
        "number",
        "request_id",
        "created_at",
        "updated_at",
        "last_event",
        "idempotency_key",
        "idempotency_hash",
        "deadline",
    },
    ITEM: {"id", "request_id", "created_at", "updated_at"},
    STEP: {"id", "request_id", "request_number", "created_at", "updated_at", "ready_at"},
}
"""What differs between two orders of the same, and what differs with the clock."""


def cases(*tables: dict[str, Any]) -> list[Any]:
    return [
        pytest.param(OFFERED[name], answers, id=f"{name}-{number}")
        for number, table in enumerate(tables)
        for name, answers in table.items()
    ]


@pytest.fixture
def stored(house):
    """All that an order left in the database: its row, its items, its steps."""

    def look(request_id):
        (key,) = house.rows(select(REQUEST.c.id).where(REQUEST.c.request_id == request_id))[0]
        whose = {REQUEST: REQUEST.c.id, ITEM: ITEM.c.request_id, STEP: STEP.c.request_id}
        rows = {
            table: house.rows(select(table).where(column == key).order_by(*_order(table))) for table, column in whose.items()
        }
        return json.loads(json.dumps({t.name: [_plain(row, VOLATILE[t]) for row in rows[t]] for t in rows}, default=str))

    return look


def _order(table):
    return [table.c.position] if "position" in table.c else []


def _plain(row, volatile):
    return {name: value for name, value in row._asdict().items() if name not in volatile}


@pytest.mark.parametrize(("offered", "answers"), cases(REQUIRED, EVERYTHING))
def test_a_good_order_looks_alike_and_is_stored_alike_whichever_way_it_came(ways, stored, offered, answers):
    looked_at = ways.by_api(offered, answers)
    assert looked_at["valid"], looked_at["errors"]
    assert ways.by_program(offered, answers) == looked_at
    by_api = stored(ways.send_by_api(offered, answers))
    assert stored(ways.send_by_program(offered, answers)) == by_api
    assert stored(ways.send_by_form(offered, answers)) == by_api


@pytest.mark.parametrize(("offered", "answers"), cases(*BAD))
def test_what_is_wrong_is_told_alike_and_all_at_once(ways, offered, answers):
    by_api = ways.by_api(offered, answers)
    assert len(by_api["errors"]) >= sum(len(values) for values in answers.values()) - 5
    assert faults_of(ways.by_program(offered, answers)) == faults_of(by_api)
    sound, page = ways.by_form(offered, answers)
    assert not sound
    assert is_shown(offered, by_api, page), (faults_of(by_api), page.faults)
