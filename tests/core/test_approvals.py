"""Which rules hold for an order, who may agree, and what is pinned by what they see."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from app.core.access import Person
from app.core.approvals import ADMINISTRATORS, Approver, Ruled, differences, digest, is_met, keys_of, may_approve, needed

WHO = {"user_id": "sarah-123", "team": "customer-experience", "email": "sarah@example.com"}
DATA = {"team": "platform-data-team"}


def person(*teams: str, is_admin: bool = False, key: UUID | None = None) -> Person:
    return Person(key or uuid4(), "carol-789", "Carol", None, frozenset(teams), is_admin)


def asked(*rules, price=None, owner="platform-data-team", **scope):
    return needed([Ruled(owner, rules, scope)], price, WHO)


def test_a_rule_without_a_condition_holds_for_every_order():
    (one,) = asked({"by": DATA})
    assert (one.by, one.count, one.on_timeout, one.escalate_to) == (
        Approver("team", "platform-data-team"),
        1,
        "escalate",
        ADMINISTRATORS,
    )


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ("size > 5", True),
        ("{{ size > 7 }}", False),
        ("price > 100", True),
        ("price > 1000", False),
        ("requester.team == 'growth'", False),
        ("requester.user_id == 'sarah-123'", True),
    ],
)
def test_a_condition_sees_answers_price_and_requester(when, holds):
    assert bool(asked({"by": DATA, "when": when}, price=256.03, size=7)) is holds


@pytest.mark.parametrize("when", ["price > 500", "unknown > 1", "size > 'x'"])
def test_a_condition_that_cannot_be_worked_out_asks(when):
    (one,) = asked({"by": DATA, "when": when, "reason": "It costs much."}, size=7)
    assert one.reason == "It costs much. It could not be worked out whether this is needed, so it is."


def test_the_role_owner_is_the_team_that_owns_the_entry():
    (one,) = asked({"by": {"role": "owner"}}, owner="growth")
    assert one.by == Approver("team", "growth")


def test_rules_that_ask_the_same_people_are_one_with_the_highest_count_and_the_shorter_time():
    rules = [{"by": DATA, "reason": "Large.", "timeout": "3d"}, {"by": DATA, "count": 2, "reason": "Dear.", "timeout": "2h"}]
    (one,) = asked(*rules)
    assert (one.count, one.reason, one.timeout) == (2, "Large. Dear.", timedelta(hours=2))


def test_rules_of_several_documents_add_up():
    documents = [Ruled("growth", [{"by": {"role": "administrator"}}], {}), Ruled("growth", [{"by": DATA}], {})]
    assert [one.by for one in needed(documents, None, WHO)] == [ADMINISTRATORS, Approver("team", "platform-data-team")]


def test_people_are_reminded_at_half_their_time_unless_the_rule_says_when():
    (one,), (other,) = asked({"by": DATA, "timeout": "4h"}), asked({"by": DATA, "timeout": "4h", "remind": "1h"})
    assert (one.remind, other.remind) == (timedelta(hours=2), timedelta(hours=1))


@pytest.mark.parametrize(
    ("who", "may"),
    [
        (person("platform-data-team"), True),
        (person("growth"), False),
        (person(is_admin=True), False),
        (person("growth", "platform-data-team", is_admin=True), True),
    ],
)
def test_members_of_the_team_that_is_asked_may_agree(who, may):
    assert may_approve(who, ["team:platform-data-team"], uuid4()) is may


def test_administrators_agree_where_they_are_asked():
    assert may_approve(person(is_admin=True), ["team:growth", ADMINISTRATORS.key], uuid4())


def test_nobody_agrees_to_their_own_order():
    own = uuid4()
    assert not may_approve(person("growth", is_admin=True, key=own), ["team:growth", ADMINISTRATORS.key], own)


def test_a_team_that_is_called_like_a_role_is_no_role():
    assert keys_of(person("role:administrator", "administrator")).isdisjoint({ADMINISTRATORS.key})


def test_one_person_counts_once():
    one, other = uuid4(), uuid4()
    assert (is_met([one, one], 2), is_met([one, other], 2)) == (False, True)


PINNED = {
    "bundle_parameters": {"name": "portal"},
    "item_parameters": {"db": {"size": 7}},
    "selected": {"db": True},
    "versions": {"": "portal 1.0.0", "db": "postgres 2.1.0"},
    "price": {"total": 70},
}


def test_the_order_of_keys_is_not_part_of_what_is_pinned():
    assert digest(**PINNED) == digest(**{**PINNED, "versions": dict(reversed(PINNED["versions"].items()))})


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("bundle_parameters", {"name": "portal-2"}),
        ("item_parameters", {"db": {"size": 8}}),
        ("selected", {"db": False}),
        ("versions", {"": "portal 1.0.0", "db": "postgres 2.2.0"}),
        ("price", {"total": 71}),
    ],
)
def test_whatever_is_changed_is_another_digest(key, value):
    assert digest(**{**PINNED, key: value}) != digest(**PINNED)


def test_differences_name_answers_items_and_secrets():
    before = {"": {"name": "portal"}, "db": {"size": 7, "key": "********"}, "cache": {"size": 1}}
    after = {"": {"name": "portal"}, "db": {"size": 8, "key": "********"}}
    assert differences(before, after, [("db", "key")]) == [
        {"item": "db", "name": "size", "before": 7, "after": 8},
        {"item": "db", "name": "key", "before": "********", "after": "********"},
        {"item": "cache", "name": None, "before": True, "after": False},
    ]
