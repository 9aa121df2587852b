"""Claims of a provider become a person, or a sentence that says why not."""

import pytest

from app.identity.claims import SignInRefused, read, teams_in

ISSUER = "https://id.example.com"
SARAH = {"sub": "sarah-123", "name": "Sarah", "email": "sarah@example.com"}
TEAM = frozenset({"customer-experience"})


def test_groups_are_read_from_the_id_token():
    profile = read(ISSUER, {**SARAH, "groups": ["customer-experience"]}, None, "groups")
    assert (profile.subject, profile.name, profile.email, profile.teams) == ("sarah-123", "Sarah", "sarah@example.com", TEAM)


def test_groups_are_read_from_userinfo_when_the_id_token_has_none():
    assert read(ISSUER, SARAH, {"sub": "sarah-123", "groups": ["customer-experience"]}, "groups").teams == TEAM


def test_the_id_token_wins_over_userinfo():
    profile = read(ISSUER, {**SARAH, "groups": []}, {"sub": "sarah-123", "groups": ["customer-experience"]}, "groups")
    assert profile.teams == frozenset()


def test_userinfo_about_somebody_else_is_refused():
    with pytest.raises(SignInRefused, match="two different people"):
        read(ISSUER, SARAH, {"sub": "mallory-666", "groups": ["customer-experience"]}, "groups")


def test_userinfo_without_a_subject_is_refused():
    with pytest.raises(SignInRefused, match="two different people"):
        read(ISSUER, SARAH, {"groups": ["customer-experience"]}, "groups")


def test_a_missing_groups_claim_is_refused_with_its_name():
    with pytest.raises(SignInRefused, match="the claim “groups” is missing"):
        read(ISSUER, SARAH, {"sub": "sarah-123"}, "groups")


def test_a_groups_claim_of_null_counts_as_missing():
    with pytest.raises(SignInRefused, match="missing"):
        read(ISSUER, {**SARAH, "groups": None}, None, "groups")


def test_an_empty_groups_claim_is_somebody_without_teams():
    assert read(ISSUER, {**SARAH, "groups": []}, None, "groups").teams == frozenset()


@pytest.mark.parametrize("pointer", [{"_claim_names": {"groups": "src1"}}, {"hasgroups": True}])
def test_a_pointer_to_groups_elsewhere_is_refused_with_a_sentence(pointer):
    with pytest.raises(SignInRefused, match="more groups than the sign-in provider puts into a token"):
        read(ISSUER, {**SARAH, **pointer}, {"sub": "sarah-123", "groups": ["growth"]}, "groups")


@pytest.mark.parametrize("groups", [7, {"a": 1}, ["growth", 7], [["growth"]]])
def test_groups_of_another_shape_are_refused(groups):
    with pytest.raises(SignInRefused, match="not a list of group names"):
        read(ISSUER, {**SARAH, "groups": groups}, None, "groups")


@pytest.mark.parametrize(
    ("claims", "path"),
    [
        ({"groups": ["growth"]}, "groups"),
        ({"groups": "growth"}, "groups"),
        ({"realm_access": {"roles": ["growth"]}}, "realm_access.roles"),
        ({"https://example.com/groups": ["growth"]}, "https://example.com/groups"),
    ],
)
def test_the_path_of_the_claim_is_a_setting(claims, path):
    assert teams_in(claims, path) == {"growth"}


def test_a_path_through_something_that_is_no_object_is_missing():
    assert teams_in({"realm_access": "growth"}, "realm_access.roles") is None


@pytest.mark.parametrize("subject", [None, "", 7, "a" * 201, "sarah\x00"])
def test_an_unusable_subject_is_refused(subject):
    with pytest.raises(SignInRefused, match="no usable subject"):
        read(ISSUER, {"sub": subject, "groups": []}, None, "groups")


def test_a_name_is_trimmed_and_freed_of_control_characters():
    assert read(ISSUER, {"sub": "sarah-123", "name": " Sa\x00rah\n", "groups": []}, None, "groups").name == "Sarah"


def test_a_login_stands_in_for_a_missing_name():
    assert read(ISSUER, {"sub": "sarah-123", "preferred_username": "sarah", "groups": []}, None, "groups").name == "sarah"
