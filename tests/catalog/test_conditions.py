"""What conditions of forms may ask of a whole order, when a catalog loads."""

import json

import pytest

from app.catalog.loader import load
from tests.fixtures.house import http, item

SIZE = {"name": "size", "type": "string"}


def asks(condition, name="asked"):
    return {"name": name, "type": "string", "visible_when": condition}


def bundle(*fields, entries="{catalog_item: one, version: 1.x}, {catalog_item: two, version: 1.x}"):
    return f"""
name: Both
version: "1.0.0"
description: "For tests"
owner: platform-solutions-team
bundle: {{required_items: [{entries}]}}
presentation: {{bundle_fields: {json.dumps(list(fields))}}}
"""


@pytest.fixture
def faults(tmp_path):
    def found(one, *fields, two=(SIZE,), entries=None):
        more = {"entries": entries} if entries else {}
        documents = {
            "items/one.yaml": item(http("make"), fields=json.dumps(list(one))),
            "items/two.yaml": item(http("make"), fields=json.dumps(list(two))),
            "bundles/both.yaml": bundle(*fields, **more),
        }
        for name, text in documents.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return [str(fault).partition(": ")[2] for fault in load(tmp_path).faults]

    return found


def test_conditions_over_the_whole_order_load(faults):
    one = [asks("bundle.ha", "a"), asks("items.two.parameters.size == 'l'", "b"), asks("items.two.selected", "c")]
    assert faults(one, {"name": "ha", "type": "boolean"}, asks("items.two.parameters.size == 'l'")) == []


@pytest.mark.parametrize(
    ("condition", "told"),
    [
        ("bundle.hi", "one asks asked when bundle.hi: the bundle has no field hi"),
        ("items.tow.selected", "one asks asked when items.tow.selected: there is no item tow in this bundle"),
        ("items.two.parameters.sise", "one asks asked when items.two.parameters.sise: two has no field sise"),
        ("items.two.outputs.host", "of items conditions see selected and parameters only"),
    ],
)
def test_a_condition_of_an_item_that_the_bundle_does_not_have_is_a_fault_of_the_bundle(faults, condition, told):
    (fault,) = faults([asks(condition)], {"name": "ha", "type": "boolean"})
    assert told in fault


def test_a_field_that_the_bundle_fixes_asks_nothing(faults):
    entries = "{catalog_item: one, version: 1.x, parameters: {asked: x}}, {catalog_item: two, version: 1.x}"
    assert faults([asks("bundle.hi")], entries=entries) == []


def test_fields_of_two_items_that_only_ask_each_other_are_a_circle(faults):
    one, two = asks("items.two.parameters.asked == 'x'"), asks("items.one.parameters.asked == 'x'")
    (fault,) = faults([one], two=[two])
    assert "whether one.asked is asked hangs on itself: one.asked -> two.asked -> one.asked" in fault


def test_fields_of_one_form_that_only_ask_each_other_are_a_circle_told_once(faults):
    (fault,) = faults([asks("b == 'x'", "a"), asks("a == 'x'", "b")])
    assert "whether a is asked hangs on itself: a -> b -> a" in fault


def test_inside_an_object_conditions_see_the_fields_beside_them(faults):
    place = {"name": "place", "type": "object", "fields": [SIZE, asks("sise == 'l'")]}
    (fault,) = faults([place])
    assert "sise is unknown: inside an object conditions see the fields beside them" in fault
    assert "did you mean size?" in fault


@pytest.mark.parametrize(
    "answer", ["{name: a, type: list, of: {type: string}}", "{name: a, type: string, unique: {within: all}}"]
)
def test_what_only_orders_ask_is_no_answer_of_a_ticket(tmp_path, answer):
    steps = f"- {{name: make, type: ManualTask, template: {{instructions: Do it, answers: [{answer}]}}}}"
    path = tmp_path / "items" / "one.yaml"
    path.parent.mkdir()
    path.write_text(item(steps))
    (fault,) = load(tmp_path).faults
    assert "is for orders, not for tickets" in str(fault)
