"""Every refusal is problem details, in one shape, and tells nothing that is not the caller's."""

import re
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from app.api.problems import KINDS
from app.errors import StratusError
from config import HERE


def test_a_problem_has_the_members_that_are_promised(sarah):
    answer = sarah.get("/api/v1/requests/req-20200101-abcdef", headers={"X-Request-ID": "mine-1"})
    assert answer.mimetype == "application/problem+json"
    assert answer.json == {
        "type": "/api/problems#not_found",
        "title": KINDS["not_found"].title,
        "status": 404,
        "detail": "There is no request req-20200101-abcdef, or none that you may see.",
        "instance": "/api/v1/requests/req-20200101-abcdef",
        "request_id": "mine-1",
        "code": "not_found",
    }


def test_every_kind_is_listed_where_its_type_points(nobody):
    listed = {kind["code"]: kind["status"] for kind in nobody.get("/api/problems").json["problems"]}
    assert listed == {code: kind.status for code, kind in KINDS.items()}


def test_every_code_that_is_raised_is_a_kind():
    def codes(kind):
        return {kind.code} | {code for child in kind.__subclasses__() for code in codes(child)}

    written = {
        code
        for folder in ("identity", "lifecycle", "api")
        for path in Path(HERE / "app" / folder).rglob("*.py")
        for code in re.findall(r'raise \w+\([^)]*code="(\w+)"', path.read_text(), re.DOTALL)
    }
    raised = written | {
        kind.code for kind in StratusError.__subclasses__() if kind.status != 500 and kind.__module__ == "app.errors"
    }
    assert raised - set(KINDS) == set(), "give each of these codes a sentence in KINDS of app/api/problems.py"


@pytest.mark.parametrize("path", ["/api", "/api/v1/nothing", "/api/v2/requests", "/api/v1/requests/", "/api/%2e%2e/requests"])
def test_an_unknown_path_is_not_found(nobody, path):
    answer = nobody.get(path)
    assert (answer.status_code, answer.json["code"]) == (404, "not_found")


def test_a_method_that_is_not_taken_names_those_that_are(sarah):
    answer = sarah.put("/api/v1/requests", json={})
    assert (answer.status_code, answer.json["code"]) == (405, "method_not_allowed")
    assert {"GET", "POST"} <= set(answer.headers["Allow"].split(", "))


def test_pages_keep_their_own_errors(client):
    assert client.get("/no-such-page").mimetype == "text/html"


def test_a_bug_tells_nothing(people, monkeypatch, caplog):
    def broken(*_args, **_more):
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr("app.api.requests.request_lists.listing", broken)
    answer = people.api("sarah-123").get("/api/v1/requests")
    assert (answer.status_code, answer.json["code"]) == (500, "internal_error")
    assert "hunter2" not in answer.text
    assert answer.json["request_id"] in [getattr(record, "request_id", None) for record in caplog.records]


def test_a_parameter_is_not_echoed(sarah):
    answer = sarah.post("/api/v1/tokens", json={"name": ["hunter2"]})
    assert (answer.status_code, "hunter2" in answer.text, "pydantic" in answer.text) == (422, False, False)


# Outages


@pytest.fixture
def without_database(portal):
    """Sarah at a portal whose PostgreSQL is gone."""
    return portal(database_url="postgresql+psycopg://x:y@127.0.0.1:1/gone")("sarah-123")


def test_without_postgresql_callers_are_asked_to_come_back(without_database):
    answer = without_database.get("/api/v1/requests")
    assert (answer.status_code, answer.json["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert "127.0.0.1" not in answer.text


def test_without_postgresql_the_process_still_lives(without_database):
    assert without_database.get("/api/v1/health/live").status_code == 200


def test_a_lost_connection_is_an_outage_too(people, monkeypatch):
    def lost(*_args, **_more):
        raise OperationalError("SELECT 1", {}, Exception("server closed the connection unexpectedly"))

    monkeypatch.setattr("app.api.requests.request_lists.listing", lost)
    answer = people.api("sarah-123").get("/api/v1/requests")
    assert (answer.status_code, "SELECT" in answer.text) == (503, False)


def test_without_redis_nothing_is_different(portal, synced_catalog):
    order = {"catalog_item": "postgres-database", "parameters": {"database_name": "alone"}}
    answer = portal(redis_url="redis://127.0.0.1:1/0")("sarah-123").post("/api/v1/requests", json=order)
    assert answer.status_code == 201
    assert "RateLimit-Limit" not in answer.headers


@pytest.mark.parametrize(
    "path", ["/api/v1/requests//events", "/api/v1/catalog/items//versions", "/api/v1//me", "/api/v1/me/", "/api//"]
)
def test_no_path_is_led_on_to_another_one(sarah, path):
    answer = sarah.get(path)
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")


def test_which_methods_a_path_takes_is_told_without_a_body(app, people):
    client = app.test_client()
    answer = client.options("/api/v1/drafts", headers={"Authorization": f"Bearer {people.token_of('sarah-123')}"})
    assert (answer.status_code, answer.data, answer.content_type) == (204, b"", None)
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
