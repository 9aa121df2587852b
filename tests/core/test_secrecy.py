"""What is secret in an order, and an order without it. Pure tables."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from app.core.secrecy import (
    MASK,
    masked,
    masked_value,
    restored,
    restored_value,
    secret_places,
    secret_values,
    touches,
    without_secrets,
)

PASSWORD = {"name": "password", "type": "secret"}
SIZE = {"name": "size", "type": "integer"}
PIN = {"name": "pin", "type": "integer", "sensitive": True}
USERS = {
    "name": "users",
    "type": "list",
    "of": {"type": "object", "fields": [{"name": "login", "type": "string"}, {"name": "token", "type": "secret"}]},
}
KEYS = {"name": "keys", "type": "list", "of": {"type": "secret"}}


@dataclass
class Part:
    """An item of an offer, with no more than its document."""

    alias: str
    catalog_item: str
    definition: dict[str, Any]
    fixed: dict[str, Any] = field(default_factory=dict)


@dataclass
class Entry:
    """An offer, with no more than its documents."""

    kind: str
    definition: dict[str, Any]
    items: list[Part] = field(default_factory=list)


DATABASE = Part("db", "postgres", {"presentation": {"fields": [SIZE, PASSWORD]}, "inputs": {"root": {"type": "secret"}}})
BUNDLE = Entry("bundle", {"presentation": {"bundle_fields": [SIZE, PIN, USERS]}}, [DATABASE])
ORDER = {
    "catalog_bundle": "web",
    "bundle_parameters": {"size": 2, "pin": 1234, "users": [{"login": "sarah-123", "token": "t0"}]},
    "item_parameters": {"postgres": {"size": 3, "password": "p0", "enabled": True}},
}


def test_an_order_without_secrets_keeps_everything_else() -> None:
    assert without_secrets(BUNDLE, ORDER) == {
        "catalog_bundle": "web",
        "bundle_parameters": {"size": 2, "users": [{"login": "sarah-123"}]},
        "item_parameters": {"postgres": {"size": 3, "enabled": True}},
    }


def test_a_masked_order_shows_where_secrets_stood() -> None:
    shown = masked(BUNDLE, ORDER)
    assert shown["bundle_parameters"] == {"size": 2, "pin": MASK, "users": [{"login": "sarah-123", "token": MASK}]}
    assert shown["item_parameters"] == {"postgres": {"size": 3, "password": MASK, "enabled": True}}


def test_the_order_given_stays_as_it_was_and_shares_nothing() -> None:
    masked(BUNDLE, ORDER)["bundle_parameters"]["users"][0]["login"] = "changed"
    assert ORDER["bundle_parameters"]["users"][0] == {"login": "sarah-123", "token": "t0"}  # type: ignore[index]  # JSON


@pytest.mark.parametrize("key", ["postgres", "db"])
def test_an_item_is_known_by_its_name_and_by_its_alias(key: str) -> None:
    assert without_secrets(BUNDLE, {"item_parameters": {key: {"password": "p0"}}}) == {"item_parameters": {key: {}}}


def test_an_item_alone_has_its_secrets_below_parameters() -> None:
    alone = Entry("item", DATABASE.definition, [DATABASE])
    assert without_secrets(alone, {"parameters": {"size": 1, "password": "p0"}}) == {"parameters": {"size": 1}}


def test_inputs_are_as_secret_as_fields() -> None:
    assert masked(BUNDLE, {"item_parameters": {"db": {"root": "r0"}}}) == {"item_parameters": {"db": {"root": MASK}}}


@pytest.mark.parametrize(
    ("definition", "answer", "shown"),
    [
        (PASSWORD, None, None),
        (PASSWORD, {"a": ["b"]}, MASK),
        (SIZE, 3, 3),
        (KEYS, ["a", "b"], [MASK, MASK]),
        (KEYS, "a", MASK),
        (USERS, [{"login": "x", "token": None}], [{"login": "x", "token": None}]),
        (USERS, ["not an object"], [MASK]),
        ({**USERS, "sensitive": True}, [{"login": "x"}], MASK),
    ],
)
def test_one_answer_is_masked_as_deep_as_its_secrets_lie(definition: dict[str, Any], answer: Any, shown: Any) -> None:
    assert masked_value(definition, answer) == shown


def test_the_secret_parts_of_an_answer_can_be_told() -> None:
    assert list(secret_values(USERS, [{"login": "x", "token": "t1"}, {"token": "t2"}])) == ["t1", "t2"]


def test_places_are_named_by_part() -> None:
    assert {part: sorted(fields) for part, fields in secret_places(BUNDLE).items()} == {
        "bundle": ["pin", "users"],
        "db": ["password", "root"],
    }


@pytest.mark.parametrize("posted", [{}, {"bundle_parameters": 3}, {"item_parameters": []}, {"item_parameters": {"db": "x"}}])
def test_whatever_was_posted_nothing_breaks(posted: dict[str, Any]) -> None:
    assert without_secrets(BUNDLE, posted) == posted


def test_what_a_bundle_fixes_with_a_secret_is_secret_in_the_item_too() -> None:
    fixed = {"size": 3, "login": "{{ bundle.pin }}", "note": "{{ bundle.size }}"}
    bundle = Entry("bundle", BUNDLE.definition, [Part("db", "postgres", DATABASE.definition, fixed)])
    assert sorted(secret_places(bundle)["db"]) == ["login", "password", "root"]


@pytest.mark.parametrize(
    ("template", "reads"),
    [
        ("{{ bundle.pin }}", True),
        ("{{ bundle }}", True),
        ("x {{ bundle.pin.part | upper }}", True),
        ("{{ bundle.pinned }}", False),
        ("plain", False),
    ],
)
def test_a_template_touches_what_it_reads_in_part_or_as_part_of_a_whole(template: str, reads: bool) -> None:
    assert touches(template, {("bundle", "pin")}) is reads


def test_masks_become_what_is_stored() -> None:
    stored = {"bundle": {"pin": 1234, "users": ORDER["bundle_parameters"]["users"]}, "db": {"password": "p0"}}  # type: ignore[index]  # JSON
    assert restored(BUNDLE, masked(BUNDLE, ORDER), stored) == ORDER


@pytest.mark.parametrize(
    "order",
    [
        {"bundle_parameters": {"pin": MASK}},
        {"bundle_parameters": {"size": MASK}},
        {"item_parameters": {"db": {"password": "new"}}},
        {"item_parameters": 3},
        {"bundle_parameters": {"users": [{"token": MASK}]}},
    ],
)
def test_what_is_no_mask_of_something_stored_stays(order: dict[str, Any]) -> None:
    assert restored(BUNDLE, order, {"db": {"password": "p0"}, "bundle": {"size": 3}}) == order


def rows(*tokens: Any) -> list[dict[str, Any]]:
    """Users `u0`, `u1` … with these tokens."""
    return [{"login": f"u{at}", "token": one} for at, one in enumerate(tokens)]


@pytest.mark.parametrize(
    ("field", "sent", "stored", "comes_to"),
    [
        (USERS, rows(MASK, MASK)[1:], rows("a", "b"), rows("a", "b")[1:]),  # the first row is gone
        (USERS, rows(MASK, MASK)[::-1], rows("a", "b"), rows("a", "b")[::-1]),  # they changed places
        (USERS, [{"login": "x", "token": "n"}, *rows(MASK)], rows("a"), [{"login": "x", "token": "n"}, *rows("a")]),
        (USERS, [{"login": "x", "token": MASK}], rows("a"), [{"login": "x", "token": "a"}]),  # a row was changed
        (USERS, [{"login": "x", "token": MASK}], rows("a", "b"), [{"login": "x", "token": MASK}]),  # nobody can tell
        (KEYS, [MASK, MASK], ["a", "b"], ["a", "b"]),
        (KEYS, [MASK], ["a", "b"], [MASK]),
        (KEYS, [MASK, "n"], ["a"], ["a", "n"]),
    ],
)
def test_a_mask_stands_for_the_secret_of_its_own_row(field: Any, sent: Any, stored: Any, comes_to: Any) -> None:
    assert restored_value(field, sent, stored) == comes_to
