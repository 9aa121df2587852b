"""What is sensitive stays out of everything that people see, however it got there."""

from typing import Any

import pytest
from sqlalchemy import select, update

from app.core.outcomes import Done, Failed
from app.lifecycle import tickets
from app.lifecycle.engine.scopes import Scopes
from app.models.tables import OUTPUT, STEP
from app.vault import Vault
from tests.fixtures.house import House, http, item

CANARY = "canary-4711"
SECRET = "[{name: size, type: integer, required: true}, {name: password, type: string, required: true, sensitive: true}]"
ORDER = {"catalog_item": "single", "parameters": {"size": 3, "password": CANARY}}
OTHER_KEY = Vault.from_text("other:b3RoZXIta2V5LW9mLTMyLWJ5dGVzLWZvci10ZXN0cyE=")
BUNDLE = """
name: Both
version: "1.0.0"
description: "For tests"
owner: platform-solutions-team
tags: []
presentation: {bundle_fields: [{name: password, type: string, required: true, sensitive: true}]}
bundle:
  required_items: [{catalog_item: part, version: "1.0.0", parameters: {size: "{{ bundle.password }}"}}]
fulfillment: {manual: {system: internal, template: {title: t, instructions: i}}}
outputs: {told: {value: "x {{ bundle.password | upper }}"}}
"""


def outputs_of(house: House) -> dict[str, Any]:
    return {row.name: (row.sensitive, row.value) for row in house.rows(select(OUTPUT))}


@pytest.mark.parametrize(
    "value",
    [
        "{{ steps.make.outputs.creds.password }}",
        "{{ steps.make.outputs.creds.password | upper }}",
        "{{ steps.make.outputs }}",
        "{{ parameters.password | upper }}",
        "{{ password }}",
    ],
)
def test_an_output_made_of_something_sensitive_is_sensitive(house: House, value: str) -> None:
    step = http("make", outputs="{creds: {type: string}}")
    house.offer(single=item(step, fields=SECRET, extra=f'outputs: {{made: {{value: "{value}"}}}}'))
    house.order(ORDER)
    house.finish(Done({"creds": {"password": CANARY}}, frozenset({"creds"})))
    assert outputs_of(house) == {"made": (True, None)}


def test_an_output_that_reads_nothing_sensitive_is_open(house: House) -> None:
    house.offer(single=item(http("make"), fields=SECRET, extra='outputs: {made: {value: "{{ size }}"}}'))
    house.order(ORDER)
    house.finish(Done({"creds": CANARY}, frozenset({"creds"})))
    assert outputs_of(house) == {"made": (False, 3)}


def test_a_sensitive_answer_of_the_bundle_stays_sensitive_inside_its_items(house: House) -> None:
    made = 'outputs: {made: {value: "{{ size }}"}}'
    house.offer(part=item(http("make"), fields="[{name: size, type: string, required: true}]", extra=made), both=BUNDLE)
    house.order({"catalog_bundle": "both", "bundle_parameters": {"password": CANARY}})
    house.finish(Done())
    assert outputs_of(house) == {"made": (True, None), "told": (True, None)}


def test_parts_of_a_sensitive_output_are_masked_one_by_one(house: House) -> None:
    house.offer(single=item(http("make"), fields=SECRET))
    made = house.order(ORDER | {"parameters": {"size": 3, "password": "of the answer"}})
    house.finish(Done({"creds": {"users": [{"password": CANARY}], "on": True}}, frozenset({"creds"})))
    with house.engine.connect() as connection:
        scopes = Scopes(connection, house.request(made.request_id), house.vault)
        assert set(scopes.hidden) == {CANARY, "of the answer"}


def test_a_ticket_shows_no_secret_and_offers_none(house: House) -> None:
    steps = http("make", outputs="{value: {type: string, default: '{{ password }}'}}")
    document = item(steps, fields=SECRET).replace("With care", "Set {{ password }} for {{ size }}")
    house.offer(single=document)
    house.order(ORDER)
    house.finish(Failed("no"))
    ticket = house.tickets()[0]
    assert ticket.instructions == "Set [masked] for 3"
    assert "default" not in ticket.outputs_form["fields"][0]


def test_a_secret_that_cannot_be_read_any_more_keeps_no_ticket_from_opening(house: House) -> None:
    steps = "\n".join([http("make", outputs="{key: {type: string}}"), http("then", depends_on="[make]")])
    house.offer(single=item(steps, fields=SECRET, extra='outputs: {made: {value: "{{ steps.make.outputs.key }}"}}'))
    made = house.order(ORDER)
    house.finish(Done({"key": CANARY}, frozenset({"key"})))
    with house.engine.begin() as connection:
        lost = OTHER_KEY.encrypt(b"{}", "another cell")
        connection.execute(update(STEP).where(STEP.c.step_name == "make").values(secret_outputs=lost))
    house.finish(Failed("no"))
    caller = house.caller("carol-789")
    with house.unit() as unit:
        tickets.resolve(unit, caller, house.tickets()[0].ticket_id, {})
    assert house.request(made.request_id).status == "completed"
    assert [event.kind for event in house.events()].count("outputs.failed") == 1


def test_outputs_that_cannot_be_made_are_told_once(house: House) -> None:
    broken = 'outputs: {late: {value: "{{ size + 1 }}"}}'
    part = item(http("make"), fields="[{name: size, type: string, required: true}]", extra=broken)
    house.offer(part=part, other=item("\n".join([http("one"), http("two")])))
    second = ', {catalog_item: other, version: "1.0.0"}]\nfulfillment'
    house.offer(both=BUNDLE.replace('"{{ bundle.password }}"', "text").replace("]\nfulfillment", second))
    house.order({"catalog_bundle": "both", "bundle_parameters": {"password": CANARY}})
    while claim := house.claim():
        house.record(claim, Done())
    told = [event.payload["group"] for event in house.events() if event.kind == "outputs.failed"]
    assert told == ["part", "bundle"]
