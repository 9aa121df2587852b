"""The rules of who may see and do what, as tables."""

from uuid import uuid4

import pytest

from app.core.access import Person, may_see_request, may_watch_engine, may_work_ticket

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
