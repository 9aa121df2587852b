"""`flask token issue` prints a token that works, and nothing else; not in production."""

import pytest
from sqlalchemy import select

from app.identity import people, tokens
from app.models import AccessToken, AuditEntry
from app.token_cli import token_group
from tests.identity.loopback import rows


@pytest.fixture
def sarah(session, settings):
    user = people.remember(
        session, issuer=settings.oidc_issuer, subject="sarah-123", name="Sarah", email=None, teams=["customer-experience"]
    )
    session.commit()
    return user


def issue(app, *words):
    return app.test_cli_runner().invoke(token_group, ["issue", *words])


def test_it_prints_a_token_that_works_and_nothing_else(app, session, sarah):
    ran = issue(app, "--who", "sarah-123")
    assert ran.exit_code == 0
    found = tokens.find(session, ran.output.removesuffix("\n"), "stratus-administrators", sarah.seen_at)
    assert found.known.person.user_id == "sarah-123"


def test_it_takes_a_name_and_a_life(app, sarah, database):
    issue(app, "--who", "sarah-123", "--name", "nightly", "--days", "7")
    (row,) = rows(database, select(AccessToken))
    assert (row.name, round((row.expires_at - row.created_at).total_seconds() / 86400)) == ("nightly", 7)


def test_it_is_in_the_audit_log(app, sarah, database):
    issue(app, "--who", "sarah-123")
    assert [(act.action, act.target) for act in rows(database, select(AuditEntry))] == [("token.mint", "user:sarah-123")]


def test_somebody_who_never_signed_in_gets_none(app, database):
    ran = issue(app, "--who", "mallory-666")
    assert ran.exit_code == 1
    assert "has signed in yet" in ran.output


@pytest.mark.parametrize("days", ["0", "366", "many"])
def test_a_life_out_of_range_is_refused(app, sarah, database, days):
    assert issue(app, "--who", "sarah-123", "--days", days).exit_code == 2
    assert rows(database, select(AccessToken)) == []


def test_in_production_nobody_makes_a_token_for_somebody_else(make_portal, database):
    ran = issue(make_portal(stratus_profile="production"), "--who", "sarah-123")
    assert ran.exit_code == 1
    assert "in production nobody makes a token" in ran.output
