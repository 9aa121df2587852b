"""What past runs tell, where clients read it; and whom a request waits on."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, text

from app.models.tables import FORECAST, TICKET
from tests.lifecycle.test_plans import crowd
from tests.story import STORY

KNOWN = {"kind": "bundle", "name": "full-stack-web-app", "runs": 24, "usual": 240.0, "late": 600.0, "helped": 3, "wait": 7200.0}
STEPS = {
    "postgres.provision_postgres": 120.0,
    "eks_app.provision_eks_app": 90.0,
    "redis.provision_redis": 60.0,
    "monitoring.setup_monitoring": 30.0,
}
TOLD = {"runs": 24, "usual_seconds": 240.0, "late_seconds": 600.0, "helped_runs": 3, "wait_seconds": 7200.0}
BUNDLE = "/api/v1/catalog/bundles/full-stack-web-app"


@pytest.fixture
def known(house, synced_catalog):
    """The story's bundle has been ordered often."""
    with house.engine.begin() as connection:
        connection.execute(insert(FORECAST).values(**KNOWN, steps=STEPS, kept=[]))


@pytest.mark.parametrize("path", [BUNDLE, "/api/v1/catalog/bundles", "/api/v1/catalog/search?q=stack"])
def test_an_entry_tells_its_usual_time(known, sarah, path):
    body = sarah.get(path).json
    (entry,) = body.get("bundles") or body.get("results") or [body]
    assert entry["forecast"] == TOLD


def test_an_entry_of_too_few_runs_tells_nothing(sarah, synced_catalog):
    assert sarah.get(BUNDLE).json["forecast"] is None


def test_a_request_that_goes_on_tells_what_is_usual(known, sarah, placed):
    assert sarah.get(f"/api/v1/requests/{placed}").json["forecast"] == TOLD


def test_a_request_that_has_ended_does_not(known, sarah, finished):
    body = sarah.get(f"/api/v1/requests/{finished}").json
    assert (body["forecast"], body["waiting_on"]) == (None, None)


def test_validation_tells_what_is_usual(known, sarah):
    assert sarah.post("/api/v1/requests/validate", json=STORY).json["forecast"] == TOLD
    assert sarah.post("/api/v1/requests/validate", json={"catalog_item": "nothing"}).json["forecast"] is None


def test_nobody_is_waited_for_while_it_goes_on_by_itself(sarah, placed):
    assert sarah.get(f"/api/v1/requests/{placed}").json["waiting_on"] is None


def test_a_ticket_waits_on_the_team_that_owns_it(sarah, stuck, ticket):
    waits = sarah.get(f"/api/v1/requests/{stuck}").json["waiting_on"]
    assert (waits["who"], waits["usual_seconds"]) == ("platform-data-team", None)
    assert waits["what"].startswith(f"{ticket}: ")


def test_a_claimed_ticket_waits_on_the_person_who_has_it(sarah, carol, stuck, ticket):
    carol.post(f"/api/v1/tickets/{ticket}/claim")
    assert sarah.get(f"/api/v1/requests/{stuck}").json["waiting_on"]["who"] == "Carol"


def test_ten_tickets_tell_how_long_a_team_usually_takes(sarah, stuck, house):
    with house.engine.begin() as connection:
        fresh = {"id": "gen_random_uuid()", "ticket_id": "gen_random_uuid()::text", "status": "'resolved'"}
        crowd(connection, TICKET, **fresh, resolved_at="created_at + interval '25 minutes'")
        connection.execute(text("DELETE FROM manual_tickets WHERE status = 'resolved' AND random() < 0.9"))
    waits = sarah.get(f"/api/v1/requests/{stuck}").json["waiting_on"]
    assert waits["usual_seconds"] == timedelta(minutes=25).total_seconds()
