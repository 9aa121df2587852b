"""A personal access token: shown once, kept as a hash, and good for what it says until it is over."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text

from app.errors import SignInNeeded
from app.identity import people, tokens
from app.models import AccessToken

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
ADMINS = "stratus-administrators"


@pytest.fixture
def sarah(session):
    return people.remember(
        session, issuer="https://id.example.com", subject="sarah-123", name="Sarah", email=None, teams=["customer-experience"]
    )


def mint(session, user, **changes):
    token, _ = tokens.mint(session, user.id, **{"name": "laptop", "days": 30, "now": NOW, **changes})
    return token


def refuse(session, token, match, now=NOW):
    with pytest.raises(SignInNeeded, match=match) as caught:
        tokens.find(session, token, ADMINS, now)
    assert caught.value.code == "invalid_token"


def test_a_token_has_one_shape(session, sarah):
    assert re.fullmatch(r"stratus_pat_[A-Za-z0-9_-]{43}", mint(session, sarah))


def test_a_token_finds_its_person_and_scopes(session, sarah):
    found = tokens.find(session, mint(session, sarah), ADMINS, NOW)
    assert (found.known.person.user_id, found.known.person.teams) == ("sarah-123", {"customer-experience"})
    assert found.scopes == {"read", "write"}


def test_a_token_may_be_made_for_reading_alone(session, sarah):
    assert tokens.find(session, mint(session, sarah, scopes=["read"]), ADMINS, NOW).scopes == {"read"}


def test_the_database_knows_a_token_only_by_its_hash_and_first_letters(session, sarah):
    token = mint(session, sarah)
    dump = session.execute(text("SELECT row_to_json(access_tokens)::text FROM access_tokens")).scalar_one()
    assert token not in dump
    assert token[len("stratus_pat_") + 4 :] not in dump


def test_an_expired_token_is_refused_in_words(session, sarah):
    refuse(session, mint(session, sarah, days=1), "has expired", NOW + timedelta(days=1))


def test_a_revoked_token_is_refused_at_once(session, sarah):
    token = mint(session, sarah)
    row = session.scalars(select(AccessToken)).one()
    assert tokens.revoke(session, sarah.id, row.id, NOW)
    refuse(session, token, "was revoked")


def test_a_token_is_revoked_once_and_by_its_person(session, sarah):
    mint(session, sarah)
    row = session.scalars(select(AccessToken)).one()
    mallory = people.remember(
        session, issuer="https://id.example.com", subject="mallory-666", name="Mallory", email=None, teams=[]
    )
    answers = [tokens.revoke(session, user.id, row.id, NOW) for user in (mallory, sarah, sarah)]
    assert answers == [False, True, False]


@pytest.mark.parametrize(
    "change", [lambda token: token[:-1], lambda token: token + "a", lambda token: token.upper(), str.strip]
)
def test_a_token_that_was_changed_is_unknown(session, sarah, change):
    token = mint(session, sarah)
    if change(token) != token:
        refuse(session, change(token), "not one of ours")


@pytest.mark.parametrize("token", ["stratus_pat_", "stratus_pat_" + "a" * 42 + "\n", "stratus_pat_" + "é" * 43])
def test_what_has_another_shape_is_not_looked_up(session, token):
    refuse(session, token, "not one of ours")


def test_an_unknown_token_is_refused(session):
    refuse(session, "stratus_pat_" + "a" * 43, "is unknown")


def test_a_use_is_noted_at_most_once_a_minute(session, sarah):
    token = mint(session, sarah)
    used = []
    for seconds in (0, 59, 60):
        found = tokens.find(session, token, ADMINS, NOW + timedelta(seconds=seconds))
        if found.unnoted:
            tokens.note_use(session, found.token_id, NOW + timedelta(seconds=seconds))
        session.expire_all()
        used.append(session.scalars(select(AccessToken)).one().used_at - NOW)
    assert used == [timedelta(0), timedelta(0), timedelta(seconds=60)]


@pytest.mark.parametrize("wrong", [{"days": 0}, {"days": 366}, {"scopes": []}, {"scopes": ["admin"]}])
def test_a_token_of_another_life_or_scope_is_not_made(session, sarah, wrong):
    with pytest.raises(ValueError, match="token"):
        mint(session, sarah, **wrong)
