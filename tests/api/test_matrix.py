"""Who may call what: every route of the API, called by everybody.

The world is sarah's order of the story, whose database failed: a ticket waits for carol's team. A row says what each of the
cast gets; `OK` is any answer that is no refusal, so that a row holds whatever state the world is in.
"""

import pytest
from sqlalchemy import text

from app.catalog import offers
from app.catalog.kept_versions import KeptVersions
from tests.api.conftest import BY_HAND, STORY

OK = 0
CAST = (None, "sarah-123", "bob-456", "carol-789", "erin-321", "dana-001", "mallory-666")

PUBLIC = (OK, OK, OK, OK, OK, OK, OK)
KNOWN = (401, OK, OK, OK, OK, OK, OK)
ONLY_REQUESTER = (401, OK, 403, 403, 403, 403, 404)
"""Whoever asked, alone."""
AGREES = (401, 403, 403, OK, 403, 403, 404)
"""Whom the rule asks; others who see the request are told that they may not."""
SEES = (401, OK, OK, OK, OK, OK, 404)
"""Those who asked, the teams that own parts of it, administrators."""
WORKS = (401, 403, 403, OK, 403, OK, 404)
"""The team that owns the step, and administrators; others who see the request are told that they may not."""
RETRIES = (401, OK, OK, OK, 403, OK, 404)
"""Those who asked may too, as long as nobody has claimed the ticket."""
DECIDES = (401, OK, OK, 403, 403, OK, 404)
"""The team that asked, and administrators."""
SENT = (401, OK, 404, 404, 404, OK, 404)
"""Whoever sent it, and administrators."""
OWN = (401, OK, 404, 404, 404, 404, 404)
NOT_THERE = (401, 404, 404, 404, 404, 404, 404)
"""What every entry may have and none that ships has."""
PLATFORM = (401, 403, 403, OK, OK, OK, 403)
"""Members of platform teams and administrators."""
ADMINISTRATORS = (401, 403, 403, 403, 403, OK, 403)

BATCH = {"mode": "row_by_row", "rows": [{"key": "one", "order": {}}]}
READS = {
    "/api/docs": PUBLIC,
    "/api/problems": PUBLIC,
    "/api/v1/openapi.json": PUBLIC,
    "/api/v1/health": PUBLIC,
    "/api/v1/health/live": PUBLIC,
    "/api/v1/health/ready": PUBLIC,
    "/api/v1/catalog/items": KNOWN,
    "/api/v1/catalog/items/<name>": KNOWN,
    "/api/v1/catalog/items/<name>/versions": KNOWN,
    "/api/v1/catalog/bundles": KNOWN,
    "/api/v1/catalog/bundles/<name>": KNOWN,
    "/api/v1/catalog/bundles/<name>/versions": KNOWN,
    "/api/v1/catalog/items/<name>/options/<field>": NOT_THERE,
    "/api/v1/catalog/bundles/<name>/options/<field>": NOT_THERE,
    "/api/v1/catalog/search": KNOWN,
    "/api/v1/schemas/<kind>": KNOWN,
    "/api/v1/requests": KNOWN,
    "/api/v1/requests/<request_id>": SEES,
    "/api/v1/requests/<request_id>/outputs": SEES,
    "/api/v1/requests/<request_id>/receipt": SEES,
    "/api/v1/requests/<request_id>/events": SEES,
    "/api/v1/requests/<request_id>/stream": SEES,
    "/api/v1/requests/<request_id>/ws": SEES,
    "/api/v1/requests/<request_id>/steps/<step_id>": SEES,
    "/api/v1/requests/<request_id>/steps/<step_id>/plan": SEES,
    "/api/v1/requests/<request_id>/steps/<step_id>/logs": SEES,
    "/api/v1/requests/<request_id>/steps/<step_id>/logs/stream": SEES,
    "/api/v1/batches": KNOWN,
    "/api/v1/batches/<batch_id>": SENT,
    "/api/v1/approvals": KNOWN,
    "/api/v1/approvals/<approval_id>": SEES,
    "/api/v1/tickets": KNOWN,
    "/api/v1/tickets/<ticket_id>": SEES,
    "/api/v1/tickets/<ticket_id>/comments": SEES,
    "/api/v1/queue": PLATFORM,
    "/api/v1/quotas": KNOWN,
    "/api/v1/admin/quotas": ADMINISTRATORS,
    "/api/v1/uploads/<upload_id>": OWN,
    "/api/v1/drafts": KNOWN,
    "/api/v1/drafts/<uuid:draft_id>": OWN,
    "/api/v1/templates": KNOWN,
    "/api/v1/templates/<uuid:template_id>": OWN,
    "/api/v1/me": KNOWN,
    "/api/v1/tokens": KNOWN,
}
WRITES = {
    ("POST", "/api/v1/requests"): (KNOWN, STORY),
    ("POST", "/api/v1/requests/validate"): (KNOWN, STORY),
    ("POST", "/api/v1/requests/batch"): (KNOWN, BATCH),
    ("POST", "/api/v1/requests/<request_id>/cancel"): (DECIDES, {"reason": "Not needed."}),
    ("POST", "/api/v1/requests/<request_id>/retry"): (RETRIES, None),
    ("POST", "/api/v1/requests/<request_id>/resume"): (DECIDES, None),
    ("POST", "/api/v1/requests/<request_id>/rollback"): (DECIDES, {"reason": "Not needed."}),
    ("POST", "/api/v1/requests/<request_id>/steps/<step_id>/retry"): (RETRIES, None),
    ("POST", "/api/v1/requests/<request_id>/steps/<step_id>/plan"): (RETRIES, None),
    ("POST", "/api/v1/requests/<request_id>/steps/<step_id>/skip"): (WORKS, {"reason": "Not needed."}),
    ("POST", "/api/v1/requests/<request_id>/answer"): (ONLY_REQUESTER, {"text": "For the campaign."}),
    ("PUT", "/api/v1/requests/<request_id>/order"): (ONLY_REQUESTER, STORY),
    ("POST", "/api/v1/approvals/<approval_id>/approve"): (AGREES, {}),
    ("POST", "/api/v1/approvals/<approval_id>/reject"): (AGREES, {"reason": "No room."}),
    ("POST", "/api/v1/approvals/<approval_id>/send-back"): (AGREES, {"comment": "Take less."}),
    ("POST", "/api/v1/approvals/<approval_id>/ask"): (AGREES, {"question": "What for?"}),
    ("POST", "/api/v1/tickets/<ticket_id>/claim"): (WORKS, None),
    ("POST", "/api/v1/tickets/<ticket_id>/release"): (WORKS, None),
    ("POST", "/api/v1/tickets/<ticket_id>/comments"): (SEES, {"text": "Looked at it."}),
    ("POST", "/api/v1/tickets/<ticket_id>/resolve"): (WORKS, {"outputs": BY_HAND}),
    ("POST", "/api/v1/tickets/<ticket_id>/retry-automation"): (RETRIES, None),
    ("POST", "/api/v1/tickets/<ticket_id>/reject"): (WORKS, {"reason": "No room."}),
    ("POST", "/api/v1/uploads"): (KNOWN, None),
    ("PUT", "/api/v1/admin/quotas"): (ADMINISTRATORS, {"team": "growth", "limits": {"vcpu": 40}}),
    ("POST", "/api/v1/drafts"): (KNOWN, {"order": STORY}),
    ("PUT", "/api/v1/drafts/<uuid:draft_id>"): (OWN, {"order": STORY, "revision": 1}),
    ("DELETE", "/api/v1/drafts/<uuid:draft_id>"): (OWN, None),
    ("POST", "/api/v1/drafts/<uuid:draft_id>/submit"): (OWN, {}),
    ("POST", "/api/v1/templates"): (KNOWN, {"name": "Portals", "order": STORY}),
    ("PUT", "/api/v1/templates/<uuid:template_id>"): (OWN, {"name": "Portals", "order": STORY, "revision": 1}),
    ("DELETE", "/api/v1/templates/<uuid:template_id>"): (OWN, None),
    ("POST", "/api/v1/tokens"): (KNOWN, {"name": "laptop"}),
    ("DELETE", "/api/v1/tokens/<uuid:token_id>"): (OWN, None),
}
QUERIES = {"/api/v1/catalog/search": "?q=postgres"}
# Refused callers first: what an allowed one changes may hide a refusal.
TURNS = (None, "mallory-666", "erin-321", "bob-456", "sarah-123", "dana-001", "carol-789")


@pytest.fixture
def address(stuck, ticket, sarah, people, database, monkeypatch):
    """Fills the names of a route with those of the world."""
    monkeypatch.setattr(offers, "VERSIONS", KeptVersions())  # nobody has read the version whose rule is changed here
    people.token_of("sarah-123")
    with database.begin() as connection:  # from now on carol's team must agree to the story's order
        rule = 'jsonb_set(definition::jsonb, \'{approval}\', \'[{"by": {"team": "platform-data-team"}}]\')::json'
        connection.execute(text(f"UPDATE catalog_versions SET definition = {rule} WHERE name = 'full-stack-web-app'"))
    waiting = sarah.post("/api/v1/requests", json=STORY).json["request_id"]
    names = {
        "<approval_id>": sarah.get(f"/api/v1/requests/{waiting}").json["approvals"][0]["approval_id"],
        "<request_id>": stuck,
        "<step_id>": "step-002",
        "<ticket_id>": ticket,
        "<batch_id>": sarah.post("/api/v1/requests/batch", json=BATCH).json["batch_id"],
        "<upload_id>": sarah.post("/api/v1/uploads", data=b"name: value", content_type="application/octet-stream").json[
            "upload_id"
        ],
        "<kind>": "item",
        "<field>": "zone",
        "<uuid:draft_id>": sarah.post("/api/v1/drafts", json={"order": STORY}).json["draft_id"],
        "<uuid:template_id>": sarah.post("/api/v1/templates", json={"name": "Portals", "order": STORY}).json["template_id"],
        "<uuid:token_id>": sarah.get("/api/v1/tokens").json["tokens"][0]["token_id"],
    }

    def filled(rule: str) -> str:
        path = rule + QUERIES.get(rule, "")
        path = path.replace("<name>", "full-stack-web-app" if "bundles" in rule else "postgres-database")
        for name, value in names.items():
            path = path.replace(name, value)
        return path

    return filled


def seen(status: int) -> int:
    return status if status in (401, 403, 404) else OK


def test_every_route_has_a_row(app):
    routes = {
        (method, rule.rule)
        for rule in app.url_map.iter_rules()
        for method in rule.methods - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/")
    }
    rows = {("GET", rule) for rule in READS} | set(WRITES)
    assert routes - rows == set(), (
        "say in tests/api/test_matrix.py what each of the cast gets here: add a row to READS or WRITES"
    )
    assert rows - routes == set(), "these rows of tests/api/test_matrix.py have no route any more: take them away"


def test_who_may_read_what(people, address):
    got = {rule: tuple(seen(people.api(who).get(address(rule)).status_code) for who in CAST) for rule in READS}
    assert got == READS


@pytest.mark.parametrize(("method", "rule"), WRITES)
def test_who_may_write_what(people, address, method, rule):
    told, body = WRITES[method, rule]
    path = address(rule)
    got = {who: seen(people.api(who).open(path, method=method, json=body).status_code) for who in TURNS}
    assert got == dict(zip(CAST, told, strict=True))
