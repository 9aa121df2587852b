"""Secret answers: masked wherever they are stored, encrypted in one place, whole again in the templates of steps."""

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import select, text, update

from app.catalog.loader import load
from app.core.outcomes import Done, NeedsHuman
from app.core.secrecy import MASK
from app.errors import Conflict, Invalid
from app.lifecycle import secrets
from app.lifecycle.engine.scopes import Scopes
from app.lifecycle.orders.preparing import prepare
from app.models.tables import ITEM, OUTPUT, REQUEST, SECRET
from app.vault import Vault, VaultError
from tests.fixtures.house import House, http, item

CANARY = "canary-4711"
PIN = 90_210
FIELDS = (
    "[{name: size, type: integer, required: true}, {name: password, type: secret, required: true, min_length: 8},"
    " {name: pin, type: integer, sensitive: true}, {name: made, type: secret, generate: {length: 24}},"
    " {name: logins, type: list, of: {type: object, fields: [{name: login, type: string}, {name: token, type: secret}]}}]"
)
ANSWERS = {"size": 3, "password": CANARY, "pin": PIN, "logins": [{"login": "sarah-123", "token": "tok-" + CANARY}]}
ORDER = {"catalog_item": "single", "parameters": ANSWERS}
OLD, NEW = "old:b2xkLWtleS1vZi0zMi1ieXRlcy1mb3ItdGVzdHMhISE=", "new:bmV3LWtleS1vZi0zMi1ieXRlcy1mb3ItdGVzdHMhISE="
BUNDLE = """
name: Both
version: "1.0.0"
description: "For tests"
owner: platform-solutions-team
tags: []
presentation: {bundle_fields: [{name: password, type: secret, required: true, generate: {length: 16}}]}
bundle:
  required_items: [{catalog_item: part, version: "1.0.0", parameters: {login: "{{ bundle.password }}"}}]
fulfillment: {manual: {system: internal, template: {title: t, instructions: i}}}
outputs: {told: {value: "x {{ bundle.password | upper }}"}}
"""
SOURCED = "{name: city, type: selection, options_from: {url: 'https://inventory.example.com/{{ key }}', depends_on: [key]}}"


@pytest.fixture
def single(house: House) -> House:
    house.offer(single=item(http("make"), fields=FIELDS, extra='outputs: {made: {value: "{{ made }}"}}'))
    return house


def scope_of(house: House, request_id: str, alias: str | None, vault: Vault | None = None) -> dict[str, Any]:
    with house.engine.connect() as connection:
        return Scopes(connection, house.request(request_id), vault or house.vault).of(alias)


def test_columns_hold_masks_and_steps_get_the_answers(single: House) -> None:
    made = single.order(ORDER)
    [row] = single.rows(select(ITEM.c.parameters))
    assert row.parameters | {"made": MASK} == {
        "size": 3,
        "password": MASK,
        "pin": MASK,
        "made": MASK,
        "logins": [{"login": "sarah-123", "token": MASK}],
    }
    assert single.request(made.request_id).item_parameters == {"single": row.parameters}
    assert {**scope_of(single, made.request_id, "single")["parameters"], "made": None} == {**ANSWERS, "made": None}


def test_no_table_holds_the_plain_text(single: House) -> None:
    single.order(ORDER, key="a-key")
    with single.engine.connect() as connection:
        tables = connection.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all()
        dumps = [str(row) for name in tables for row in connection.execute(text(f'SELECT t::text FROM "{name}" t'))]
    assert [row for row in dumps if CANARY in row or CANARY.encode().hex() in row or str(PIN) in row] == []


def test_a_secret_is_made_where_none_is_given_and_shows_as_an_output_only(single: House) -> None:
    made = single.order(ORDER)
    secret = scope_of(single, made.request_id, "single")["made"]
    assert (len(secret), secret.isalnum()) == (24, True)
    single.finish(Done())
    [output] = single.rows(select(OUTPUT))
    assert (output.sensitive, output.value) == (True, None)


def test_two_orders_get_two_secrets(single: House) -> None:
    ids = [single.order(ORDER).request_id for _ in range(2)]
    assert len({scope_of(single, one, "single")["made"] for one in ids}) == 2


def test_an_answer_is_taken_before_one_is_made(single: House) -> None:
    made = single.order({**ORDER, "parameters": {**ANSWERS, "made": "chosen by myself"}})
    assert scope_of(single, made.request_id, "single")["made"] == "chosen by myself"


def test_what_a_bundle_hands_on_is_secret_in_the_item_as_well(house: House) -> None:
    part = item(http("make"), fields="[{name: login, type: string}]", extra='outputs: {made: {value: "{{ login }}"}}')
    house.offer(part=part, both=BUNDLE)
    made = house.order({"catalog_bundle": "both", "bundle_parameters": {}})
    assert house.request(made.request_id).item_parameters == {"part": {"login": MASK}}
    assert scope_of(house, made.request_id, "part")["login"] == scope_of(house, made.request_id, None)["bundle"]["password"]
    house.finish(Done())
    assert {row.name: row.value for row in house.rows(select(OUTPUT))} == {"made": None, "told": None}


def test_what_is_looked_at_shows_masks_too(single: House) -> None:
    with single.engine.connect() as connection:
        prepared = prepare(connection, single.caller("sarah-123"), ORDER)
    assert prepared.resolved is not None
    assert prepared.resolved.item_values["single"]["password"] == MASK
    assert CANARY not in repr(prepared)


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"password": "short"}, "min_length"),
        ({"password": MASK}, "masked"),
        ({"pin": MASK}, "masked"),
        ({"password": None}, "required"),
    ],
)
def test_a_wrong_secret_is_named_and_nothing_is_written(single: House, answers: dict[str, Any], code: str) -> None:
    with pytest.raises(Invalid) as refusal:
        single.order({**ORDER, "parameters": {**ANSWERS, **answers}})
    assert [fault.code for fault in refusal.value.faults] == [code]
    assert single.rows(select(SECRET)) == single.rows(select(REQUEST)) == []


def test_a_secret_moved_to_another_request_does_not_decrypt(single: House) -> None:
    mine, other = (single.order(ORDER) for _ in range(2))
    with single.engine.begin() as connection:
        of = {
            one: connection.scalar(select(REQUEST.c.id).where(REQUEST.c.request_id == one.request_id)) for one in (mine, other)
        }
        taken = connection.scalar(
            select(SECRET.c.ciphertext).where(SECRET.c.request_id == of[mine], SECRET.c.place == "single.password")
        )
        connection.execute(
            update(SECRET).where(SECRET.c.request_id == of[other], SECRET.c.place == "single.password").values(ciphertext=taken)
        )
    with pytest.raises(VaultError):
        scope_of(single, other.request_id, "single")


def test_a_lost_secret_is_no_mask_in_a_step(single: House) -> None:
    made = single.order(ORDER)
    with single.engine.begin() as connection:
        connection.execute(SECRET.delete())
    with pytest.raises(VaultError):
        scope_of(single, made.request_id, "single")


def test_a_known_key_is_recognised_under_any_key_of_the_ring(single: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(single.app.extensions, "vault", Vault.from_text(OLD))
    first = single.order(ORDER, key="a-key")
    monkeypatch.setitem(single.app.extensions, "vault", Vault.from_text(f"{NEW},{OLD}"))
    assert single.order(ORDER, key="a-key").request_id == first.request_id
    assert scope_of(single, first.request_id, "single")["password"] == CANARY
    with pytest.raises(Conflict):
        single.order({**ORDER, "parameters": {**ANSWERS, "size": 4}}, key="a-key")


def test_a_key_used_before_there_were_secrets_is_recognised(single: House) -> None:
    first = single.order(ORDER, key="a-key")
    plain = hashlib.sha256(json.dumps(ORDER, sort_keys=True).encode()).hexdigest()
    with single.engine.begin() as connection:
        connection.execute(update(REQUEST).values(idempotency_hash=plain))
    assert single.order(ORDER, key="a-key").request_id == first.request_id


def test_a_changed_order_keeps_what_its_masks_stand_for(single: House) -> None:
    made = single.order(ORDER)
    with single.unit() as unit:
        row = single.request(made.request_id)
        offer = prepare(unit.connection, single.caller("sarah-123"), ORDER).offer
        assert offer is not None
        shown = {"catalog_item": "single", "parameters": {**row.item_parameters["single"], "size": 5}}
        kept = secrets.with_stored(unit.connection, unit.vault, row.id, offer, shown)
    assert {**kept["parameters"], "made": None} == {**ANSWERS, "size": 5, "made": None}


def test_what_is_held_is_for_one_person_one_form_and_one_day(house: House) -> None:
    me, you = house.caller("sarah-123").person.id, house.caller("bob-456").person.id
    with house.unit() as unit:
        handle = secrets.hold(unit.connection, unit.vault, me, "/order/items/single", {"item.password": CANARY})

        def read(who: Any, place: str = "/order/items/single", key: str = handle) -> dict[str, Any]:
            return secrets.held(unit.connection, unit.vault, who, place, key)

        assert read(me) == {"item.password": CANARY}
        assert read(you) == read(me, "/order/items/other") == read(me, key="nonsense") == {}
        unit.connection.execute(update(SECRET).values(expires_at=text("now() - interval '1 second'")))
        assert read(me) == {}
        assert secrets.forget_expired(unit.connection) == 1


def test_a_person_who_yields_a_secret_gives_it_to_no_column(house: House) -> None:
    ask = (
        "- {name: ask, type: ManualTask, template: {instructions: Do it, answers: [{name: key, type: secret, required: true}]}}"
    )
    house.offer(asked=item(ask, extra='outputs: {key: {value: "{{ steps.ask.outputs.key }}"}}'))
    house.order("asked")
    house.finish(NeedsHuman("Do it"))
    house.end_ticket("resolve", {"key": CANARY})
    step = house.step("ask")
    assert (step.status, step.outputs, step.sensitive_outputs) == ("completed", {}, ["key"])
    assert [(row.sensitive, row.value) for row in house.rows(select(OUTPUT))] == [(True, None)]


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (item(http("make"), fields="[{name: key, type: secret, default: s3cret}]"), "may have no default"),
        (
            item(http("make"), extra="inputs: {key: {type: secret, generate: {length: 20}}}"),
            "is an input, which nothing generates",
        ),
        (
            item("- {name: ask, type: ManualTask, template: {instructions: i, answers: [{name: f, type: file}]}}"),
            "not for tickets",
        ),
        (
            item(http("make"), fields="[{name: l, type: list, of: {type: secret, generate: {length: 20}}}]"),
            "put the secret into an object",
        ),
        (item(http("make"), fields=f"[{{name: key, type: secret}}, {SOURCED}]"), "key is secret, and an address is not"),
    ],
)
def test_a_document_that_cannot_keep_a_secret_does_not_load(house: House, document: str, words: str) -> None:
    (house.folder / "items").mkdir()
    (house.folder / "items" / "wrong.yaml").write_text(document)
    assert any(words in str(fault) for fault in load(house.folder).faults)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ("[{name: login, type: string, unique: {within: all}}]", "login is unique: a secret of the bundle may not stand there"),
        (f"[{{name: login, type: string}}, {SOURCED.replace('key', 'login')}]", "login is part of an address"),
    ],
)
def test_a_secret_of_a_bundle_is_not_handed_where_it_is_compared_or_told(house: House, fields: str, words: str) -> None:
    (house.folder / "items").mkdir()
    (house.folder / "items" / "part.yaml").write_text(item(http("make"), fields=fields))
    (house.folder / "items" / "both.yaml").write_text(BUNDLE)
    assert any(words in str(fault) for fault in load(house.folder).faults)


def test_a_price_does_not_tell_what_a_bundle_hands_on(house: House) -> None:
    cost = "cost: {lines: [{label: 'For {{ login }}', price: 10}]}"
    house.offer(part=item(http("make"), fields="[{name: login, type: string}]", extra=cost), both=BUNDLE)
    request = house.order({"catalog_bundle": "both", "bundle_parameters": {"password": CANARY}})
    assert CANARY not in str(house.request(request.request_id).price)
