"""GET /me, and GET POST DELETE /tokens."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.models import AccessToken, AuditEntry

URL = "/api/v1/tokens"


def test_the_caller_is_told_who_they_are(erin):
    assert erin.get("/api/v1/me").json == {
        "user_id": "erin-321",
        "name": "Erin",
        "email": "erin@example.com",
        "teams": ["platform-compute-team", "platform-solutions-team"],
        "is_admin": False,
    }


def test_an_administrator_is_told_so(dana):
    assert dana.get("/api/v1/me").json["is_admin"] is True


def test_a_token_is_shown_once(sarah):
    made = sarah.post(URL, json={"name": "laptop"})
    assert made.status_code == 201
    assert made.headers["Cache-Control"] == "no-store"
    listed = sarah.get(URL)
    assert made.json["token"] not in listed.text
    assert listed.json["tokens"][0]["name"] == "laptop"


def test_a_new_token_works(sarah, people):
    token = sarah.post(URL, json={"name": "laptop"}).json["token"]
    assert people.api("sarah-123", token).get("/api/v1/me").json["user_id"] == "sarah-123"


def test_a_token_lives_as_long_as_asked(sarah):
    made = sarah.post(URL, json={"name": "short", "days": 7}).json
    left = datetime.fromisoformat(made["expires_at"]) - datetime.now(UTC)
    assert timedelta(days=6, hours=23) < left <= timedelta(days=7)


def test_a_token_that_reads_does_not_write(sarah, people):
    token = sarah.post(URL, json={"name": "dashboard", "scopes": ["read"]}).json["token"]
    reader = people.api("sarah-123", token)
    assert reader.get(URL).status_code == 200
    answer = reader.post(URL, json={"name": "more"})
    assert (answer.status_code, answer.json["code"]) == (403, "insufficient_scope")


def test_a_token_makes_none_that_can_do_more(sarah, people):
    writer = people.api("sarah-123", people.mint("sarah-123", "write"))
    answer = writer.post(URL, json={"name": "more", "scopes": ["read", "write"]})
    assert (answer.status_code, answer.json["errors"][0]["pointer"]) == (422, "/scopes")
    assert writer.post(URL, json={"name": "as much"}).json["scopes"] == ["write"]


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, ("/name", "required")),
        ({"name": ""}, ("/name", "min_length")),
        ({"name": "x", "days": 0}, ("/days", "min_value")),
        ({"name": "x", "days": 366}, ("/days", "max_value")),
        ({"name": "x", "days": "7"}, ("/days", "type")),
        ({"name": "x", "scopes": ["admin"]}, ("/scopes/0", "oneof")),
        ({"name": "x", "scopes": []}, ("/scopes", "min_items")),
        ({"name": "x", "user_id": "dana-001"}, ("/user_id", "unknown_field")),
    ],
)
def test_a_token_that_cannot_be_made_is_refused(sarah, body, place):
    answer = sarah.post(URL, json=body)
    assert [(fault["pointer"], fault["code"]) for fault in answer.json["errors"]] == [place]


def test_only_ones_own_tokens_are_listed(sarah, bob):
    sarah.post(URL, json={"name": "laptop"})
    assert "laptop" not in [token["name"] for token in bob.get(URL).json["tokens"]]


def test_a_revoked_token_is_over_at_once(sarah, people):
    made = sarah.post(URL, json={"name": "lost"}).json
    answer = sarah.delete(f"{URL}/{made['token_id']}")
    assert (answer.status_code, answer.data) == (204, b"")
    refused = people.api("sarah-123", made["token"]).get("/api/v1/me")
    assert (refused.status_code, refused.json["code"]) == (401, "invalid_token")
    assert "lost" not in [token["name"] for token in sarah.get(URL).json["tokens"]]


def test_a_token_is_revoked_once(sarah):
    made = sarah.post(URL, json={"name": "lost"}).json
    sarah.delete(f"{URL}/{made['token_id']}")
    assert sarah.delete(f"{URL}/{made['token_id']}").status_code == 404


@pytest.mark.parametrize("token_id", ["nothing", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_token_is_not_found(sarah, token_id):
    assert sarah.delete(f"{URL}/{token_id}").status_code == 404


def test_making_and_revoking_are_in_the_audit_log_without_the_text(sarah, house):
    made = sarah.post(URL, json={"name": "laptop"}).json
    sarah.delete(f"{URL}/{made['token_id']}")
    rows = house.rows(select(AuditEntry.actor, AuditEntry.action, AuditEntry.target).order_by(AuditEntry.id))
    target = f"token:{made['token_id']}"
    assert rows == [("sarah-123", "token.create", target), ("sarah-123", "token.revoke", target)]
    assert made["token"] not in str(house.rows(select(AuditEntry.details)))


# Who may call


def test_without_a_token_the_way_in_is_named(nobody):
    answer = nobody.get("/api/v1/me")
    assert (answer.status_code, answer.json["code"]) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="stratus"'


def test_a_cookie_is_no_token(nobody):
    nobody.set_cookie("stratus-8000", "anything", domain="127.0.0.1")
    nobody.set_cookie("stratus-8000", "anything")
    assert nobody.get("/api/v1/me").status_code == 401


def test_an_unknown_token_is_refused_as_such(people):
    answer = people.api("sarah-123", "stratus_pat_" + "x" * 43).get("/api/v1/me")
    assert (answer.status_code, answer.json["code"]) == (401, "invalid_token")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="stratus", error="invalid_token"'


def test_an_expired_token_is_refused(sarah, people, database):
    sarah.get("/api/v1/me")
    with database.begin() as connection:
        connection.execute(update(AccessToken).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    answer = sarah.get("/api/v1/me")
    assert (answer.status_code, "expired" in answer.json["detail"]) == (401, True)
