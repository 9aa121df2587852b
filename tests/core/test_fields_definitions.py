"""What a field's definition may hold."""

import pytest
from pydantic import ValidationError

from app.core.fields import TYPES, Field
from app.core.shapes import shape_faults


def faults(definition):
    with pytest.raises(ValidationError) as caught:
        Field.model_validate(definition)
    return [(one.pointer, one.message) for one in shape_faults(Field, caught.value, definition)]


@pytest.mark.parametrize(
    ("keys", "pointer", "message"),
    [
        ({"type": "strng"}, "/type", "must be one of int, string, textarea, integer, number, percentage, boolean"),
        ({"type": "password"}, "/type", "must be one of int, string"),
        ({"name": "App name"}, "/name", "must match"),
        ({"min_value": 3}, "/min_value", "does not go with type string, which has format, max_length, min_length, regexp"),
        ({"type": "boolean", "oneof": ["a"]}, "/oneof", "does not go with type boolean, which has no key of its own"),
        ({"type": "integer", "min_value": 3, "max_value": 1}, "/max_value", "must not be below min_value"),
        ({"min_length": 3, "max_length": 1}, "/max_length", "must not be below min_length"),
        ({"type": "date", "min_date": "2025-08-16", "max_date": "2025-08-01"}, "/max_date", "must not be below min_date"),
        ({"type": "date", "min_date": "16.8.2025"}, "/min_date", "must be a date, such as 2025-08-16"),
        ({"type": "datetime", "timezone": "Mars/Olympus"}, "/timezone", "must be the name of a time zone"),
        ({"type": "datetime", "timezone": "../../etc/passwd"}, "/timezone", "must be the name of a time zone"),
        ({"type": "selection"}, "", "of type selection needs the key oneof, or options_from, and not both"),
        ({"type": "multiselect"}, "", "of type multiselect needs the key options, or options_from, and not both"),
        ({"type": "list"}, "", "of type list needs the key of"),
        ({"type": "object"}, "", "of type object needs the key fields"),
        ({"type": "selection", "oneof": []}, "/oneof", "must have at least 1 entry"),
        ({"type": "selection", "oneof": ["a", "a"]}, "/oneof", "holds a twice"),
        ({"type": "selection", "oneof": [1, "1"]}, "/oneof", "holds 1 twice"),
        ({"type": "selection", "oneof": [[1]]}, "/oneof/0", "must be text, a number, or true or false"),
        ({"type": "selection", "oneof": [{"label": "x"}]}, "/oneof/0/value", "is missing"),
        ({"regexp": "(a"}, "/regexp", "must be a pattern that RE2 can read (missing ): (a)"),
        ({"regexp": "(?=a)b"}, "/regexp", "must be a pattern that RE2 can read"),
        ({"regexp": "a" * 501}, "/regexp", "must have at most 500 characters"),
        ({"visible_when": "a b"}, "/visible_when", "cannot be read"),
        (
            {"visible_when": "a", "conditional": {"field": "a", "value": 1}},
            "",
            "may have visible_when or conditional, not both",
        ),
        ({"readonly": True}, "", "is readonly and needs a default"),
        ({"type": "number", "min_value": float("nan")}, "/min_value", "must be a number"),
        ({"type": "number", "step": 0}, "/step", "must be more than 0"),
        ({"required": "yes"}, "/required", "must be true or false"),
        ({"unique": {"within": "planet"}}, "/unique/within", "must be 'team' or 'all'"),
        ({"colour": "red"}, "/colour", "is not known here"),
        ({"max_length": 10**6}, "/max_length", "must be at most 100000"),
    ],
)
def test_a_definition_that_makes_no_sense_is_a_fault_at_its_key(keys, pointer, message):
    found = faults({"name": "answer", "type": "string", **keys})
    assert [one for one in found if one[0] == pointer and one[1].startswith(message)]


def test_an_unknown_type_is_one_fault_only():
    assert len(faults({"name": "answer", "type": "strng", "min_length": 3})) == 1


@pytest.mark.parametrize(
    ("keys", "label"),
    [
        ({"name": "app_name"}, "App name"),
        ({"name": "x", "title": "Keep backups for"}, "Keep backups for"),
        ({"name": "vpc_id"}, "Vpc id"),
    ],
)
def test_a_field_without_a_title_shows_its_name(keys, label):
    assert Field.model_validate({"type": "string", **keys}).label == label


def test_int_is_integer():
    assert Field.model_validate({"name": "replicas", "type": "int"}).type == "integer"


def test_choices_have_a_value_and_what_people_read():
    choices = [{"value": "m", "label": "Medium"}, 2, True]
    field = Field.model_validate({"name": "size", "type": "selection", "oneof": choices})
    assert [(choice.value, choice.text, choice.title) for choice in field.choices] == [
        ("m", "m", "Medium"),
        (2, "2", "2"),
        (True, "true", "true"),
    ]


NEEDED = {
    "selection": {"oneof": ["a", {"value": 1, "label": "One"}]},
    "multiselect": {"options": ["a"]},
    "json": {"schema": {"type": "object", "properties": {"port": {"type": ["integer", "null"], "const": None}}}},
    "list": {"of": {"type": "string"}, "max_items": 3},
    "object": {"fields": [{"name": "port", "type": "integer"}]},
}


@pytest.mark.parametrize("kind", TYPES)
def test_a_normalised_definition_can_be_read_again(kind):
    field = Field.model_validate({"name": "answer", "type": kind, **NEEDED.get(kind, {})})
    assert Field.model_validate(field.model_dump(mode="json", by_alias=True, exclude_none=True)) == field


def test_every_key_of_the_format_is_known():
    common = {"title": "T", "required": True, "default": 2, "help_text": "h", "placeholder": "p", "group": "g", "hidden": True}
    asked = {"visible_when": "x", "unique": {"within": "team"}, "sensitive": False}
    own = {"min_value": 0, "max_value": 9, "step": 1, "precision": 0, "unit": "GB"}
    keys = {**common, **asked, **own}
    assert Field.model_validate({"name": "answer", "type": "number", **keys}).unique.within == "team"
