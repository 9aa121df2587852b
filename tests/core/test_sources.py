"""Where each value of an order came from."""

import pytest

from app.core.fields import Field
from app.core.sources import Source, sources

FIELD = {"name": "size", "type": "integer"}
INPUT = {"name": "zone", "type": "string"}


@pytest.mark.parametrize(
    ("more", "sent", "value", "fixed", "expected"),
    [
        ({}, {"size": 3}, 3, {}, Source("answer")),
        ({"default": 3}, {}, 3, {}, Source("default")),
        ({"default": 3}, {"size": 3}, 3, {}, Source("answer")),
        ({"default": 3, "readonly": True}, {}, 3, {}, Source("readonly")),
        ({}, {}, 4, {"size": 4}, Source("fixed")),
        ({}, {}, 4, {"size": "{{ bundle.a * bundle.b.c + bundle.a }}"}, Source("fixed", ("bundle.a", "bundle.b.c"))),
        ({}, {}, None, {}, Source("none")),
        ({"type": "secret", "generate": {"length": 20}}, {}, None, {}, Source("generated")),
        ({"type": "secret", "generate": {"length": 20}}, {"size": "mine"}, "********", {}, Source("answer")),
    ],
)
def test_a_field(more, sent, value, fixed, expected):
    found = sources([Field.model_validate({**FIELD, **more})], [], sent, {"size": value}, fixed)
    assert found == {"size": expected}


@pytest.mark.parametrize(
    ("value", "fixed", "expected"),
    [("a", {}, Source("input")), (None, {}, Source("none")), ("b", {"zone": "b"}, Source("fixed"))],
)
def test_an_input(value, fixed, expected):
    assert sources([], [Field.model_validate(INPUT)], {}, {"zone": value}, fixed) == {"zone": expected}


def test_what_is_not_asked_is_said_so_whatever_was_sent():
    field = Field.model_validate({**FIELD, "default": 3, "conditional": {"field": "on", "value": True}})
    assert sources([field], [], {"size": 4}, {"size": None}, {}, {"size"}) == {"size": Source("not_asked")}
