"""Teams are read from the provider again once they are 15 minutes old, for sessions and for tokens."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.identity import people, tokens
from app.models import TeamMember, User, UserSession
from dev.accounts import Account
from tests.identity.loopback import PORTAL, rows


def grow_old(database):
    with database.begin() as connection:
        connection.execute(update(User).values(seen_at=datetime.now(UTC) - timedelta(minutes=15)))


def token_of(database, provider, user_id="sarah-123", teams=("customer-experience",)):
    """A personal access token of somebody, made without signing in, as `make token` makes it."""
    with Session(database) as session:
        user = people.remember(session, issuer=provider.url, subject=user_id, name="Sarah", email=None, teams=teams)
        token, _ = tokens.mint(session, user.id, name="tests", days=1, now=datetime.now(UTC))
        session.commit()
    return token


def call(app, token):
    return app.test_client().get("/api/v1/probe", base_url=PORTAL, headers={"Authorization": f"Bearer {token}"})


@pytest.fixture
def production(make_portal):
    return make_portal(stratus_profile="production")


def test_teams_are_not_asked_for_again_while_they_are_fresh(browser, provider):
    browser.sign_in("sarah-123")
    provider.asked.clear()
    browser.get("/probe/page")
    assert provider.asked == []


def test_a_change_of_team_counts_after_fifteen_minutes(browser, provider, database):
    browser.sign_in("sarah-123")
    provider.accounts["sarah-123"] = Account("sarah-123", "Sarah", "sarah@example.com", ("growth",))
    grow_old(database)
    assert browser.get("/probe/page").json["teams"] == ["growth"]
    assert len(rows(database, select(TeamMember))) == 1


def test_asking_again_is_done_once(browser, provider, database):
    browser.sign_in("sarah-123")
    grow_old(database)
    provider.asked.clear()
    browser.get("/probe/page")
    browser.get("/probe/page")
    assert provider.asked.count("/token") == 1


def test_requests_at_the_same_moment_ask_once_together(browser, portal, provider, database):
    browser.sign_in("sarah-123")
    cookie = browser.client.get_cookie("stratus-8000", domain="127.0.0.1").value
    grow_old(database)
    provider.asked.clear()

    def look(_number):
        client = portal.test_client()
        client.set_cookie("stratus-8000", cookie, domain="127.0.0.1")
        return client.get("/probe/page", base_url=PORTAL).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(look, range(16))) == {200}
    assert provider.asked.count("/token") == 1


def test_somebody_who_is_gone_at_the_provider_is_out_after_fifteen_minutes(browser, provider, database):
    browser.sign_in("sarah-123")
    del provider.accounts["sarah-123"]
    grow_old(database)
    assert browser.get("/probe/page").status_code == 302
    assert rows(database, select(UserSession))[0].ended_at is not None


def test_a_session_without_a_refresh_token_signs_in_again_after_fifteen_minutes(browser, database):
    browser.sign_in("sarah-123")
    with database.begin() as connection:
        connection.execute(update(UserSession).values(refresh_token=None))
    grow_old(database)
    assert browser.get("/probe/page").status_code == 302


def test_a_silent_provider_is_try_again_and_keeps_the_session(browser, provider, database):
    browser.sign_in("sarah-123")
    grow_old(database)
    provider.down = True
    assert browser.get("/probe/page").status_code == 503
    assert rows(database, select(UserSession))[0].ended_at is None


def test_a_restart_of_the_provider_loses_no_session(browser, provider, database):
    browser.sign_in("sarah-123")
    provider.house.codes.clear()
    grow_old(database)
    assert browser.get("/probe/page").status_code == 200


def test_a_token_lives_on_the_session_of_its_person(browser, provider, production, database):
    browser.sign_in("sarah-123")
    token = token_of(database, provider)
    provider.accounts["sarah-123"] = Account("sarah-123", "Sarah", "sarah@example.com", ("growth",))
    grow_old(database)
    assert call(production, token).json["teams"] == ["growth"]


def test_in_production_a_token_that_nobody_vouches_for_is_suspended_in_words(provider, production, database):
    token = token_of(database, provider)
    assert call(production, token).status_code == 200
    grow_old(database)
    answer = call(production, token)
    assert answer.status_code == 401
    assert "Sign in to the portal and it works again" in answer.text


def test_a_suspended_token_works_again_after_signing_in(browser, provider, production, database):
    token = token_of(database, provider)
    grow_old(database)
    assert call(production, token).status_code == 401
    browser.sign_in("sarah-123")
    assert call(production, token).status_code == 200


def test_in_development_a_token_works_before_the_first_sign_in(portal, provider, database):
    token = token_of(database, provider)
    grow_old(database)
    assert call(portal, token).status_code == 200


def test_a_token_made_before_the_first_sign_in_is_of_the_same_person(browser, portal, provider, database):
    token = token_of(database, provider)
    browser.sign_in("sarah-123")
    assert len(rows(database, select(User))) == 1
    assert call(portal, token).json["user_id"] == "sarah-123"
