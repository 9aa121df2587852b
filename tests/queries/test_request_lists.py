"""Lists of requests hold what a person may see, out of a table that follows the requests."""

import pytest
from sqlalchemy import delete, select, text, update

from app.core.access import may_see_request
from app.extensions import db
from app.models.requests import FOUND_BY
from app.models.tables import REQUEST, REQUEST_TEAM
from app.queries.paging import Cursors
from app.queries.request_lists import Filters, listing
from tests.fixtures.house import CAST, http, item

CURSORS = Cursors("secret")


@pytest.fixture
def ordered(house):
    """Requests of two teams; each item is owned by another platform team."""
    house.offer(
        data=item(http("one"), owner="platform-data-team", name="Data"),
        compute=item(http("two"), owner="platform-compute-team", name="Compute"),
    )
    pairs = [("data", "sarah-123"), ("compute", "bob-456"), ("compute", "mallory-666"), ("data", "carol-789")]
    return [house.order(name, who).request_id for name, who in pairs]


def listed(house, who, filters=None):
    with house.app.app_context():
        person = house.caller(who).person
        return [one.request_id for one in listing(db.session, person, filters or Filters(), 50, None, CURSORS).items]


@pytest.mark.parametrize("who", CAST)
def test_a_list_holds_what_a_person_may_see(house, ordered, who):
    person = house.caller(who).person
    rows = house.rows(select(REQUEST).order_by(REQUEST.c.created_at.desc(), REQUEST.c.id.desc()))
    assert listed(house, who) == [
        row.request_id for row in rows if may_see_request(person, row.requester_team, row.owner_teams)
    ]


def test_a_request_that_two_of_my_teams_see_is_listed_once(house):
    house.offer(compute=item(http("one"), owner="platform-compute-team", name="Compute"))
    request_id = house.order(
        {"catalog_item": "compute", "requester": {"team": "platform-solutions-team"}}, "erin-321"
    ).request_id
    assert listed(house, "erin-321") == [request_id]


def test_a_list_of_what_has_not_ended_leaves_out_what_has(house, ordered):
    with house.engine.begin() as connection:
        ended = {"status": "failed", "completed_at": REQUEST.c.created_at}
        connection.execute(update(REQUEST).where(REQUEST.c.request_id == ordered[0]).values(ended))
    assert listed(house, "sarah-123", Filters(("submitted", "in_progress"))) == [ordered[1]]


def test_a_request_that_changes_hands_changes_lists(house, ordered):
    with house.engine.begin() as connection:
        given = {"requester_team": "growth", "owner_teams": ["platform-data-team"]}
        connection.execute(update(REQUEST).where(REQUEST.c.request_id == ordered[1]).values(given))
    assert ordered[1] in listed(house, "mallory-666")
    assert ordered[1] not in listed(house, "erin-321")


def test_nothing_is_kept_of_a_request_that_is_gone(house, ordered):
    with house.engine.begin() as connection:
        connection.execute(delete(REQUEST))
    assert house.rows(select(REQUEST_TEAM)) == []


def test_words_are_looked_up_in_an_index(house, ordered):
    with house.engine.connect() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = connection.execute(text(f"EXPLAIN SELECT id FROM service_requests WHERE {FOUND_BY} @@ '''dat'':*'::tsquery"))
        assert "ix_service_requests_words" in str(plan.all())
