"""An order as JSON into the form and out again: every type of field, and what has no place is named."""

import uuid

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from werkzeug.datastructures import MultiDict

from app.catalog.offers import Offer, OfferItem
from app.core.secrecy import MASK
from app.web.forms.filling import filled_by_link, filled_from, told

OF_TYPE = {
    "string": ({}, "a b"),
    "textarea": ({}, "one\ntwo"),
    "integer": ({}, 3),
    "number": ({}, 0.5),
    "percentage": ({}, 12.5),
    "boolean": ({}, True),
    "date": ({}, "2025-08-16"),
    "datetime": ({"timezone": "Europe/Berlin"}, "2025-08-16T10:30:00+02:00"),
    "time": ({}, "10:30"),
    "selection": ({"oneof": ["a", "b"]}, "b"),
    "multiselect": ({"options": ["a", "b", "c"]}, ["a", "c"]),
    "json": ({}, {"deep": [1, {"x": None}]}),
    "list": ({"of": {"type": "integer"}}, [3, 1]),
    "object": ({"fields": [{"name": "x", "type": "string"}, {"name": "y", "type": "boolean"}]}, {"x": "a", "y": True}),
    "team": ({}, "customer-experience"),
    "user": ({}, "bob-456"),
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-1000, 1000) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(max_size=5), inside, max_size=3),
    max_leaves=5,
)


def offer(*fields):
    definition = {"presentation": {"fields": list(fields)}}
    key = uuid.uuid4()
    item = OfferItem("cache", "cache", "1.0.0", key, "Cache", "t", "", True, True, {}, (), definition, {})
    return Offer("item", "cache", "Cache", "1.0.0", key, "t", definition, {}, [item])


EVERY = offer(*({"name": name, "type": name, **more} for name, (more, _) in OF_TYPE.items()))


@pytest.fixture
def fill(app):
    """Fills a form; answers the order that it would send, and what people are told."""

    def filled(made, order, **more):
        with app.test_request_context():
            found = filled_from(made, ["customer-experience"], order, **more)
            return found.form.order(), told(found)

    return filled


@pytest.mark.parametrize("name", OF_TYPE)
def test_an_answer_of_each_type_goes_into_the_form_and_out_again(fill, name):
    more, value = OF_TYPE[name]
    order, said = fill(offer({"name": name, "type": name, **more}), {"catalog_item": "cache", "parameters": {name: value}})
    assert order["parameters"] == {name: value}
    assert said == []


@pytest.mark.parametrize("name", OF_TYPE)
@pytest.mark.parametrize("value", [{"a": 1}, [1, [2]], "zzz", 7, True], ids=str)
def test_what_does_not_go_out_as_it_came_in_is_named(fill, name, value):
    more, _ = OF_TYPE[name]
    order, said = fill(offer({"name": name, "type": name, **more}), {"parameters": {name: value}})
    assert order["parameters"].get(name) == value or len(said) == 1


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.dictionaries(st.sampled_from(["parameters", "requester", "version", "catalog_item", "x"]), JSON, max_size=4))
def test_no_order_takes_the_form_down(fill, order):
    fill(EVERY, order)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(answers=st.dictionaries(st.sampled_from([*OF_TYPE, "x"]), JSON, max_size=4))
def test_no_answer_takes_the_form_down_or_is_lost_unseen(fill, answers):
    order, said = fill(EVERY, {"parameters": answers})
    lost = [
        name for name, value in answers.items() if value not in (None, "", [], MASK) and order["parameters"].get(name) != value
    ]
    assert len(said) >= len([name for name in lost if not _same(order["parameters"].get(name), answers[name])])


def _same(one, other):
    """Moments are shown in the zone of their field, and lists without the rows that are empty."""
    return isinstance(one, str) and isinstance(other, str)


def test_what_is_not_answered_has_its_default(fill):
    made = offer({"name": "size", "type": "integer", "default": 3}, {"name": "word", "type": "string"})
    assert fill(made, {"parameters": {"word": "a"}})[0]["parameters"] == {"size": 3, "word": "a"}


def test_a_secret_is_not_taken_unless_it_was_typed_just_now(fill):
    made = offer({"name": "word", "type": "secret", "title": "Password"})
    order, said = fill(made, {"parameters": {"word": "hunter2"}})
    assert ("word" not in order["parameters"], said) == (True, ["Password: type it again, secrets are not kept."])
    assert fill(made, {"parameters": {"word": "hunter2"}}, secrets=True)[0]["parameters"] == {"word": "hunter2"}


def test_a_link_is_read_as_the_form_is(app):
    made = offer({"name": "size", "type": "integer"}, {"name": "some", "type": "multiselect", "options": ["a", "b"]})
    with app.test_request_context():
        found = filled_by_link(made, ["t"], MultiDict([("item.size", "3"), ("item.some", "a"), ("item.some", "b")]))
        assert found.form.order()["parameters"] == {"size": 3, "some": ["a", "b"]}
        twice = filled_by_link(made, ["t"], MultiDict([("item.size", "3"), ("item.size", "4")]))
        assert told(twice) == ["Size (3, 4) is given more than once and was left out."]
