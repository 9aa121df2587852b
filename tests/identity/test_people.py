"""One person is one row, whatever comes in at the same moment, and their teams are what the provider said last."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.identity import people
from app.models import Team, TeamMember, User

ADMINS = "stratus-administrators"
ISSUER = "https://id.example.com"


def remember(session, teams, subject="sarah-123", name="Sarah", email="sarah@example.com", issuer=ISSUER):
    return people.remember(session, issuer=issuer, subject=subject, name=name, email=email, teams=teams)


def test_a_person_is_read_back_as_they_were_told(session):
    remember(session, ["customer-experience"])
    person = people.find(session, ISSUER, "sarah-123", ADMINS).person
    assert (person.user_id, person.name, person.email) == ("sarah-123", "Sarah", "sarah@example.com")
    assert (person.teams, person.is_admin) == ({"customer-experience"}, False)


def test_teams_are_replaced(session):
    remember(session, ["customer-experience", "growth"])
    remember(session, ["growth", "platform-data-team"])
    assert people.find(session, ISSUER, "sarah-123", ADMINS).person.teams == {"growth", "platform-data-team"}


def test_nobody_else_loses_a_team(session):
    remember(session, ["customer-experience"], subject="bob-456", name="Bob")
    remember(session, ["customer-experience"])
    remember(session, [])
    assert people.find(session, ISSUER, "bob-456", ADMINS).person.teams == {"customer-experience"}
    assert people.find(session, ISSUER, "sarah-123", ADMINS).person.teams == frozenset()


def test_the_row_that_comes_back_has_the_teams_of_now(session):
    remember(session, ["customer-experience"])
    assert [team.name for team in remember(session, ["growth"]).teams] == ["growth"]


def test_a_name_that_the_provider_leaves_out_is_kept(session):
    remember(session, [])
    user = remember(session, [], name=None, email=None)
    assert (user.name, user.email) == ("Sarah", "sarah@example.com")


def test_somebody_without_a_name_is_called_by_their_subject(session):
    assert remember(session, [], name=None).name == "sarah-123"


def test_the_same_subject_at_another_issuer_is_somebody_else(session):
    assert remember(session, []).id != remember(session, [], issuer="https://other.example.com").id


def test_nobody_is_found_under_a_subject_never_seen(session):
    assert people.find(session, ISSUER, "mallory-666", ADMINS) is None


def test_an_administrator_is_who_is_in_that_team(session):
    remember(session, [ADMINS], subject="dana-001", name="Dana")
    assert people.find(session, ISSUER, "dana-001", ADMINS).person.is_admin


@pytest.mark.parametrize(("age", "fresh"), [(timedelta(minutes=14), True), (timedelta(minutes=15), False)])
def test_what_was_told_is_fresh_for_fifteen_minutes(session, age, fresh):
    remember(session, [])
    known = people.find(session, ISSUER, "sarah-123", ADMINS)
    assert known.fresh(known.seen_at + age) is fresh


def test_somebody_never_vouched_for_is_not_fresh(session):
    session.add(User(issuer=ISSUER, subject="sarah-123", name="Sarah"))
    session.flush()
    assert not people.find(session, ISSUER, "sarah-123", ADMINS).fresh(datetime.now(UTC))


def test_many_sign_ins_at_the_same_moment_make_one_person_and_each_team_once(database):
    teams = [["customer-experience", "growth"], ["growth", "customer-experience"]]

    def sign_in(number):
        with Session(database) as session:
            remember(session, teams[number % 2], subject=f"person-{number % 3}")
            session.commit()

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(sign_in, range(24)))
    with Session(database) as session:
        counts = [session.scalar(select(func.count()).select_from(table)) for table in (User, Team, TeamMember)]
    assert counts == [3, 2, 6]
