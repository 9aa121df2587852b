"""Who may watch, and until when."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from app.core.access import FRESH_FOR
from app.models import AccessToken, TeamMember, User, UserSession
from app.models.tables import REQUEST
from app.queries import live
from app.queries.live import Watcher
from tests.fixtures.browser_client import signed_in

WAYS = ["stream", "ws", "events"]
ADMINS = "stratus-administrators"


@pytest.mark.parametrize("way", WAYS)
def test_nobody_watches_what_they_may_not_see(portal, people, request_id, way):
    assert portal.get(f"/api/v1/requests/{request_id}/{way}", people.token_of("mallory-666"))[0] == 404


@pytest.mark.parametrize("way", WAYS)
def test_nobody_watches_without_a_token(portal, request_id, way):
    assert portal.get(f"/api/v1/requests/{request_id}/{way}")[0] == 401


def test_a_token_that_is_revoked_ends_its_streams(serve, sarah, request_id, database):
    portal = serve(ask_seconds=0.1)
    stream = portal.sse(f"/api/v1/requests/{request_id}/stream", sarah)
    socket = portal.websocket(f"/api/v1/requests/{request_id}/ws", sarah)
    socket.take(1)
    with database.begin() as connection:
        connection.execute(update(AccessToken).values(revoked_at=datetime.now(UTC)))
    assert [event["number"] for event in stream.rest()] == [1]
    assert socket.rest()[1] == 1008


def test_whoever_leaves_the_team_is_told_nothing_more(serve, sarah, request_id, database):
    portal = serve(ask_seconds=0.1)
    stream = portal.sse(f"/api/v1/requests/{request_id}/stream", sarah)
    with database.begin() as connection:
        connection.execute(delete(TeamMember))
    assert len(stream.rest()) == 1
    assert portal.get(f"/api/v1/requests/{request_id}/stream", sarah)[0] == 404


def test_who_may_stays(serve, sarah, house, request_id):
    portal = serve(ask_seconds=0.05)
    stream = portal.sse(f"/api/v1/requests/{request_id}/stream", sarah)
    stream.next()
    house.must_claim()
    assert stream.next().data["number"] == 2


# The same question, asked of the rows


@pytest.fixture
def watcher(session, app, people, request_id):
    """Sarah, who watches by all that she has; rows are changed in the session."""
    person = people.person("sarah-123")
    signed_in(app, person)
    people.token_of("sarah-123")
    return Watcher(session.scalar(select(REQUEST.c.id)), person.id)


def by_session(session, watcher):
    return [Watcher(watcher.request, watcher.user, session=session.scalar(select(UserSession.id)))]


def by_token(session, watcher):
    return [Watcher(watcher.request, watcher.user, token=session.scalar(select(AccessToken.id)))]


def asked(session, watchers, fresh_for=FRESH_FOR):
    return live.still_allowed(session, watchers, ADMINS, fresh_for)


def test_a_session_a_token_and_a_right_with_an_end_are_each_enough(session, watcher):
    soon = Watcher(watcher.request, watcher.user, until=datetime.now(UTC) + timedelta(minutes=1))
    assert asked(session, [*by_session(session, watcher), *by_token(session, watcher), soon]) == {0, 1, 2}


def test_nothing_is_not_enough(session, watcher):
    over = Watcher(watcher.request, watcher.user, until=datetime.now(UTC) - timedelta(seconds=1))
    stranger = Watcher(watcher.request, watcher.user, token=uuid.uuid4())
    assert asked(session, [watcher, over, stranger]) == set()


@pytest.mark.parametrize("ended", [{"ended_at": datetime.now(UTC)}, {"expires_at": datetime.now(UTC)}])
def test_a_session_that_is_over_is_not_enough(session, watcher, ended):
    session.execute(update(UserSession).values(**ended))
    assert asked(session, by_session(session, watcher)) == set()


@pytest.mark.parametrize("ended", [{"revoked_at": datetime.now(UTC)}, {"expires_at": datetime.now(UTC)}])
def test_a_token_that_is_over_is_not_enough(session, watcher, ended):
    session.execute(update(AccessToken).values(**ended))
    assert asked(session, by_token(session, watcher)) == set()


def test_teams_that_were_not_confirmed_lately_are_asked_for_at_the_door(session, watcher):
    session.execute(update(User).values(seen_at=datetime.now(UTC) - FRESH_FOR))
    assert asked(session, by_token(session, watcher)) == set()
    assert asked(session, by_token(session, watcher), None) == {0}


@pytest.mark.parametrize("who", ["sarah-123", "bob-456", "carol-789", "erin-321", "dana-001", "mallory-666"])
def test_the_rows_know_the_rule_of_the_guards(session, people, watcher, who):
    person = people.person(who)
    soon = datetime.now(UTC) + timedelta(minutes=1)
    seen = session.scalar(select(REQUEST.c.id).where(live.visible(person)), live.teams_of(person)) is not None
    assert (asked(session, [Watcher(watcher.request, person.id, until=soon)]) == {0}) == seen
