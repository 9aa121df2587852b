"""The rules of who may see and do what, as tables."""

from typing import get_args
from uuid import uuid4

import pytest

from app.catalog.schema.documents import Access
from app.catalog.schema.words import Role
from app.core.access import ROLES, Person, may_see_request, may_watch_engine, may_work_ticket, refuses_order

TEAMS = {
    "sarah-123": {"customer-experience"},
    "bob-456": {"customer-experience"},
    "carol-789": {"platform-data-team"},
    "erin-321": {"platform-compute-team", "platform-solutions-team"},
    "dana-001": {"stratus-administrators", "platform-operations"},
    "mallory-666": {"growth"},
}
OWNERS = ["platform-data-team", "platform-compute-team"]


def person(user_id: str, teams: set[str] | None = None) -> Person:
    groups = TEAMS[user_id] if teams is None else teams
    return Person(uuid4(), user_id, user_id, None, frozenset(groups), "stratus-administrators" in groups)


@pytest.mark.parametrize("user_id", ["sarah-123", "bob-456", "carol-789", "erin-321", "dana-001"])
def test_the_requesting_team_the_owners_and_administrators_see_a_request(user_id):
    assert may_see_request(person(user_id), "customer-experience", OWNERS)


def test_another_team_does_not_see_a_request():
    assert not may_see_request(person("mallory-666"), "customer-experience", OWNERS)


def test_somebody_without_a_team_sees_nothing_of_others():
    assert not may_see_request(person("mallory-666", set()), "customer-experience", OWNERS)


def test_a_request_without_platform_owners_stays_with_its_team():
    assert not may_see_request(person("carol-789"), "customer-experience", [])


@pytest.mark.parametrize(
    ("user_id", "may"),
    [("carol-789", True), ("dana-001", True), ("erin-321", False), ("sarah-123", False), ("mallory-666", False)],
)
def test_only_the_owning_team_and_administrators_work_a_ticket(user_id, may):
    assert may_work_ticket(person(user_id), "platform-data-team") is may


@pytest.mark.parametrize(
    ("user_id", "works", "may"), [("carol-789", True, True), ("dana-001", False, True), ("sarah-123", False, False)]
)
def test_platform_teams_and_administrators_watch_the_engine(user_id, works, may):
    assert may_watch_engine(person(user_id), works_tickets=works) is may


DATA, COMPUTE, ADMINISTRATORS = (
    {"teams": ["platform-data-team"]},
    {"teams": ["platform-compute-team"]},
    {"roles": ["administrator"]},
)


@pytest.mark.parametrize(
    ("user_id", "access", "may"),
    [
        ("sarah-123", None, True),
        ("sarah-123", DATA, False),
        ("carol-789", DATA, True),
        ("erin-321", COMPUTE, True),
        ("dana-001", DATA, False),
        ("dana-001", ADMINISTRATORS, True),
        ("dana-001", DATA | ADMINISTRATORS, True),
        ("carol-789", DATA | ADMINISTRATORS, True),
        ("sarah-123", DATA | ADMINISTRATORS, False),
        ("sarah-123", {}, False),
    ],
)
def test_a_team_or_a_role_that_is_named_may_order(user_id, access, may):
    assert (refuses_order(person(user_id), access) is None) is may


@pytest.mark.parametrize(("team", "may"), [("platform-compute-team", True), ("platform-solutions-team", False)])
def test_an_order_for_a_team_needs_that_team_to_be_named(team, may):
    assert (refuses_order(person("erin-321"), COMPUTE, team) is None) is may


@pytest.mark.parametrize(
    ("access", "words"),
    [
        (DATA, "only for platform-data-team"),
        (ADMINISTRATORS, "only for administrators"),
        ({"teams": ["growth", "sales"], "roles": ["administrator"]}, "only for growth, sales or administrators"),
    ],
)
def test_who_may_not_order_is_told_who_may(access, words):
    assert refuses_order(person("sarah-123"), access) == words


def test_the_catalog_knows_the_roles_that_there_are():
    assert get_args(Role) == tuple(ROLES)


def test_an_access_that_names_nobody_is_a_fault():
    with pytest.raises(ValueError, match="must name a team or a role"):
        Access()
