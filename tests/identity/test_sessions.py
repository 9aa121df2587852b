"""Sessions are rows: found by the cookie's id, seen, ended one by one or all at once."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.identity import people, sessions
from app.identity.sessions import Client, ProviderTokens
from app.models import UserSession
from app.vault import Vault

NOW = datetime.now(UTC)
ADMINS = "stratus-administrators"
VAULT = Vault([("one", b"1" * 32)])
CLIENT = Client("a browser", "127.0.0.1")
GIVEN = ProviderTokens("an id token", "a refresh token")


@pytest.fixture
def sarah(session):
    return people.remember(
        session, issuer="https://id.example.com", subject="sarah-123", name="Sarah", email=None, teams=["customer-experience"]
    )


def start(session, user, given=GIVEN, client=CLIENT):
    return sessions.start(session, VAULT, user.id, given, hours=12, client=client, now=NOW)


def row(session):
    session.expire_all()
    return session.scalars(select(UserSession)).one()


def test_the_cookies_id_has_256_bits_and_finds_its_person(session, sarah):
    secret = start(session, sarah)
    assert len(secret) == 43
    assert sessions.find(session, secret, ADMINS, NOW).known.person.user_id == "sarah-123"


def test_an_id_that_is_not_there_finds_nobody(session, sarah):
    start(session, sarah)
    assert sessions.find(session, "a" * 43, ADMINS, NOW) is None


def test_a_row_does_not_open_a_session(session, sarah):
    start(session, sarah)
    assert sessions.find(session, row(session).token_hash, ADMINS, NOW) is None


def test_a_session_is_over_after_its_hours(session, sarah):
    secret = start(session, sarah)
    assert sessions.find(session, secret, ADMINS, NOW + timedelta(hours=11, minutes=59))
    assert sessions.find(session, secret, ADMINS, NOW + timedelta(hours=12)) is None


def test_an_ended_session_finds_nobody_and_answers_its_id_token(session, sarah):
    secret = start(session, sarah)
    assert sessions.end(session, VAULT, secret, NOW) == "an id token"
    assert sessions.find(session, secret, ADMINS, NOW) is None


def test_ending_twice_answers_nothing(session, sarah):
    secret = start(session, sarah)
    sessions.end(session, VAULT, secret, NOW)
    assert sessions.end(session, VAULT, secret, NOW) is None


def test_all_sessions_of_a_person_end_at_once_and_nobody_elses(session, sarah):
    bob = people.remember(session, issuer="https://id.example.com", subject="bob-456", name="Bob", email=None, teams=[])
    mine, theirs = [start(session, sarah) for _ in range(3)], start(session, bob)
    assert sessions.end_all(session, sarah.id, NOW) == 3
    assert [sessions.find(session, secret, ADMINS, NOW) for secret in mine] == [None] * 3
    assert sessions.find(session, theirs, ADMINS, NOW)


def test_the_providers_tokens_are_sealed_to_their_row_and_column(session, sarah):
    start(session, sarah)
    sealed = row(session)
    sealed.id_token, sealed.refresh_token = sealed.refresh_token, sealed.id_token
    assert sessions.opened(VAULT, sealed) == ProviderTokens(None, None)


def test_without_its_key_a_sealed_token_counts_as_missing(session, sarah):
    secret = start(session, sarah)
    assert sessions.opened(Vault([("two", b"2" * 32)]), row(session)) == ProviderTokens(None, None)
    assert sessions.end(session, Vault([("two", b"2" * 32)]), secret, NOW) is None


def test_newer_tokens_replace_and_missing_ones_stay(session, sarah):
    start(session, sarah)
    sessions.keep(VAULT, row(session), ProviderTokens(None, "a newer refresh token"))
    session.flush()
    assert sessions.opened(VAULT, row(session)) == ProviderTokens("an id token", "a newer refresh token")


def test_being_seen_is_noted_at_most_once_a_minute(session, sarah):
    secret = start(session, sarah)
    session.execute(update(UserSession).values(seen_at=NOW))
    moments = [NOW + timedelta(seconds=seconds) for seconds in (59, 60)]
    assert [sessions.find(session, secret, ADMINS, at).unnoted for at in moments] == [False, True]


def test_what_was_noted_is_not_to_be_noted_again(session, sarah):
    secret = start(session, sarah)
    later = NOW + timedelta(seconds=60)
    session.execute(update(UserSession).values(seen_at=NOW))
    sessions.note_use(session, sessions.find(session, secret, ADMINS, later).session_id, later)
    assert not sessions.find(session, secret, ADMINS, later).unnoted


def test_a_long_user_agent_is_cut(session, sarah):
    start(session, sarah, client=Client("x" * 5000, "127.0.0.1"))
    assert (len(row(session).user_agent), row(session).address) == (500, "127.0.0.1")
