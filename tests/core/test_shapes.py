"""What Pydantic found wrong, in our words."""

from typing import Annotated, Any, Literal

import pytest
from pydantic import Field, ValidationError
from pydantic_core import PydanticCustomError

from app.core.shapes import Shape, closest, did_you_mean, keys_at, shape_faults


class Inner(Shape):
    size: int | None = None


class Left(Shape):
    kind: Literal["l"]
    left: str


class Right(Shape):
    kind: Literal["r"]
    right: str


class Outer(Shape):
    name: Annotated[str, Field(min_length=2)] = "ab"
    alias: Annotated[str | None, Field(alias="as")] = None
    inner: Inner | None = None
    many: list[Inner] = []
    named: dict[str, Inner] = {}
    code: int | list[int] = 1
    side: Annotated[Left | Right | None, Field(discriminator="kind")] = None
    word: Literal["yes", "no"] = "yes"


def said(document: Any):
    with pytest.raises(ValidationError) as caught:
        Outer.model_validate(document)
    return [(fault.pointer, fault.code, fault.message) for fault in shape_faults(Outer, caught.value, document)]


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ({"name": 3}, ("/name", "type", "must be text")),
        ({"name": "a"}, ("/name", "min_length", "must have at least 2 characters")),
        ({"inner": {"size": "3"}}, ("/inner/size", "type", "must be a whole number")),
        ({"inner": {"size": True}}, ("/inner/size", "type", "must be a whole number")),
        ({"inner": []}, ("/inner", "type", "must be a mapping")),
        ({"many": [{}, {"sise": 1}]}, ("/many/1/sise", "unknown_field", "is not known here")),
        ({"named": {"a": {"size": "x"}}}, ("/named/a/size", "type", "must be a whole number")),
        ({"code": "x"}, ("/code", "type", "must be a whole number or a list")),
        ({"code": [1, "x"]}, ("/code/1", "type", "must be a whole number")),
        ({"side": {"kind": "up"}}, ("/side", "oneof", "must have a 'kind' of 'l', 'r'")),
        ({"side": {"kind": "l"}}, ("/side/left", "required", "is missing")),
        ({"word": "maybe"}, ("/word", "oneof", "must be 'yes' or 'no'")),
        ("text", ("", "type", "must be a mapping")),
    ],
)
def test_each_error_has_its_words_and_its_place(document, fault):
    assert said(document) == [fault]


def test_every_error_is_told_at_once():
    assert len(said({"name": 3, "word": 3, "more": 1})) == 3


@pytest.mark.parametrize(
    ("loc", "keys"),
    [
        ((), {"name", "as", "inner", "many", "named", "code", "side", "word"}),
        (("inner",), {"size"}),
        (("many", 0), {"size"}),
        (("named", "a"), {"size"}),
        (("side", "l"), {"kind", "left", "right"}),
    ],
)
def test_the_keys_of_each_place_are_known(loc, keys):
    assert keys_at(Outer, loc) == keys


def test_a_rule_of_our_own_brings_its_remedy():
    error = ValidationError.from_exception_data(
        "Outer",
        [{"type": PydanticCustomError("oneof", "must be a colour", {"remedy": "write red"}), "loc": ("name",), "input": "x"}],
    )
    (fault,) = shape_faults(Outer, error, {"name": "x"})
    assert (fault.code, fault.message, fault.limits) == ("oneof", "must be a colour", {"remedy": "write red"})


def test_the_closest_name_is_the_one_that_was_meant():
    assert closest("ownr", ["owner", "name"]) == "owner"
    assert closest("zzz", ["owner", "name"]) is None


@pytest.mark.parametrize(
    ("name", "known", "remedy"),
    [("ownr", ["owner"], "did you mean owner?"), ("zzz", ["b", "a"], "write one of a, b"), ("zzz", [], "take it away")],
)
def test_a_remedy_always_says_what_to_write(name, known, remedy):
    assert did_you_mean(name, known) == remedy
