"""JSON, lists and objects: what they accept, the whole path of what is wrong, and how much work one answer may make."""

import time
from functools import reduce

import pytest
from pydantic import ValidationError

from app.core.fields import ABSENT, Field, check, from_text, to_text
from app.core.fields.jsonschemas import complaints

PORT = {"name": "port", "type": "integer", "min_value": 1, "default": 80}
RULES = {"type": "list", "of": {"type": "object", "fields": [PORT, {"name": "note", "type": "string", "required": True}]}}
TREE = {
    "anyOf": [{"properties": {"a": {"$ref": "#"}}, "required": ["z"]}, {"properties": {"a": {"$ref": "#"}}, "required": ["y"]}]
}
DEEP = reduce(lambda inner, _: {"a": inner}, range(18), {})


def judged(value, **keys):
    field = Field.model_validate({"name": "answer", **keys})
    return check([field], {"answer": value})


def faults(value, **keys):
    return [(fault.pointer, fault.code, fault.message) for fault in judged(value, **keys).faults]


# Lists and objects


def test_defaults_inside_are_filled_in_and_every_name_is_there():
    checked = judged([{"note": "a"}, {"port": 1, "note": "b"}], **RULES)
    assert checked.values == {"answer": [{"port": 80, "note": "a"}, {"port": 1, "note": "b"}]}


def test_faults_inside_carry_the_whole_path():
    sent = [{"port": 0, "note": "a"}, {"prt": 1}, None, "x"]
    assert faults(sent, **RULES) == [
        ("/answer/0/port", "min_value", "must be at least 1"),
        ("/answer/1/note", "required", "must be filled in"),
        ("/answer/1/prt", "unknown_field", "is not a field of this form; did you mean port?"),
        ("/answer/2", "required", "must be given"),
        ("/answer/3", "type", "must be an object"),
    ]


@pytest.mark.parametrize(
    ("value", "code", "message"),
    [
        ({}, "type", "must be a list"),
        (["a"], "min_items", "must have at least 2 entries"),
        (["a"] * 4, "max_items", "must have at most 3 entries"),
    ],
)
def test_a_list_has_as_many_entries_as_it_may(value, code, message):
    keys = {"type": "list", "of": {"type": "string"}, "min_items": 2, "max_items": 3}
    assert faults(value, **keys) == [("/answer", code, message)]


def test_an_empty_list_is_no_answer():
    keys = {"type": "list", "of": {"type": "string"}, "min_items": 2}
    assert faults([], **keys) == []
    assert faults([], **keys, required=True) == [("/answer", "required", "must be given")]


def test_conditions_inside_an_object_see_what_lies_beside_them():
    fields = [{"name": "tls", "type": "boolean"}, {"name": "key", "type": "string", "required": True, "visible_when": "tls"}]
    assert judged({"tls": False, "key": "k"}, type="object", fields=fields).values == {"answer": {"tls": False, "key": None}}
    assert faults({"tls": True}, type="object", fields=fields) == [("/answer/key", "required", "must be filled in")]


def test_a_default_that_is_a_list_is_judged_inside_as_well():
    assert faults(None, **RULES, default=[{"port": 0, "note": "x"}]) == [("/answer/0/port", "min_value", "must be at least 1")]


@pytest.mark.parametrize(
    "keys",
    [
        {"type": "list", "of": {"type": "string", "unique": {"within": "all"}}},
        {"type": "list", "of": {"type": "selection", "options_from": {"url": "http://h/"}}},
        {"type": "object", "fields": [PORT, PORT]},
        {"type": "list", "of": {"type": "string"}, "unique": {"within": "team"}},
        {"type": "list", "of": {"type": "string", "visible_when": "x"}},
        {"type": "list", "of": {"type": "list", "of": {"type": "list", "of": {"type": "list", "of": {"type": "string"}}}}},
    ],
)
def test_what_may_not_lie_inside_does_not_load(keys):
    with pytest.raises(ValidationError):
        Field.model_validate({"name": "answer", **keys})


# JSON


SCHEMA = {
    "type": "object",
    "required": ["name"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "pattern": "^[a-z]+$"},
        "ports": {"type": "array", "uniqueItems": True, "items": {"$ref": "#/$defs/port"}},
    },
    "$defs": {"port": {"type": "integer", "minimum": 1, "maximum": 10}},
}


def test_json_is_kept_as_it_was_sent():
    value = {"name": "a", "ports": [1, 2]}
    assert judged(value, type="json", schema=SCHEMA).values == {"answer": value}


def test_every_fault_of_json_is_told_at_its_place():
    sent = {"ports": [0, "x", 3, 3], "colour": "red", "name": "A"}
    assert sorted(faults(sent, type="json", schema=SCHEMA)) == [
        ("/answer/colour", "schema", "is not known here; there is name, ports"),
        ("/answer/name", "schema", "must match ^[a-z]+$"),
        ("/answer/ports", "schema", "may not have the same entry twice"),
        ("/answer/ports/0", "schema", "must be at least 1"),
        ("/answer/ports/1", "schema", "must be a whole number"),
    ]


def test_what_is_missing_is_told_by_its_name():
    assert faults({}, type="json", schema=SCHEMA) == [("/answer/name", "schema", "is missing")]


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"$ref": "https://example.com/schema"}, "no other document is fetched"),
        ({"$ref": "#/$defs/nothing"}, "leads nowhere"),
        ({"$dynamicRef": "#x"}, "not among the keywords"),
        ({"properties": {"a": {"tpye": "string"}}}, "holds tpye"),
        ({"type": "strin"}, "is no JSON Schema 2020-12"),
        ({"pattern": "(?=x)"}, "RE2 can read"),
        ({"items": 3}, "must be a schema"),
    ],
)
def test_a_schema_that_cannot_be_held_to_does_not_load(schema, told):
    with pytest.raises(ValidationError, match=told):
        Field.model_validate({"name": "answer", "type": "json", "schema": schema})


@pytest.mark.parametrize(
    ("schema", "value", "told"),
    [
        (TREE, DEEP, "takes too long to check"),
        ({"$defs": {"a": {"$ref": "#/$defs/a"}}, "$ref": "#/$defs/a"}, 1, "takes too long to check"),
        ({}, reduce(lambda inner, _: [inner], range(30), 1), "must be at most 20 levels deep"),
        ({}, list(range(6000)), "must have at most 5000 parts"),
        ({}, "x" * 70_000, "must have at most 65536 characters"),
        ({"uniqueItems": True}, [{"a": n % 4000} for n in range(2400)], ""),
        ({"pattern": "(a+)+$"}, "a" * 60_000 + "b", "must match"),
    ],
)
def test_no_value_makes_a_check_long(schema, value, told):
    begun = time.monotonic()
    found = complaints(schema, value)
    assert time.monotonic() - begun < 5
    assert told in "".join(words for _, words in found)


def test_a_text_that_is_no_json_is_told_with_its_place_and_stays_as_it_was_typed():
    field = Field.model_validate({"name": "answer", "type": "json"})
    posted = from_text(field, ['{\n "a" 1}'])
    (fault,) = check([field], {"answer": posted}).faults
    assert (fault.code, fault.message) == ("json", "is not JSON: expecting ':' delimiter at line 2, column 6")
    assert to_text(field, posted) == '{\n "a" 1}'


@pytest.mark.parametrize("text", ["NaN", "[1e999]", '"\\u0000"', '["\\ud800"]', "[" * 30_000])
def test_json_that_cannot_be_stored_is_refused(text):
    field = Field.model_validate({"name": "answer", "type": "json"})
    assert [fault.code for fault in check([field], {"answer": from_text(field, [text])}).faults] in (["json"], ["schema"])


def test_json_is_shown_indented_and_an_empty_editor_is_no_answer():
    field = Field.model_validate({"name": "answer", "type": "json"})
    assert to_text(field, {"a": [1]}) == '{\n  "a": [\n    1\n  ]\n}'
    assert from_text(field, [""]) is ABSENT
