"""Secret answers of before there were cells for them: `flask vault seal` moves them into cells, and everything goes on."""

import hashlib
import json
from typing import Any

import pytest
from sqlalchemy import select, update

from app.core.secrecy import MASK
from app.errors import Conflict
from app.lifecycle import secrets
from app.lifecycle.engine.scopes import Scopes
from app.lifecycle.sealing import seal
from app.models import AuditEntry
from app.models.tables import ITEM, REQUEST, SECRET
from app.vault_cli import vault_group
from tests.fixtures.house import House, http, item

CANARY = "canary-4711"
FIELDS = (
    "[{name: size, type: integer}, {name: password, type: secret}, {name: pin, type: integer, sensitive: true},"
    " {name: logins, type: list, of: {type: object, fields: [{name: login, type: string}, {name: token, type: secret}]}}]"
)
ANSWERS = {"size": 3, "password": CANARY, "pin": 90_210, "logins": [{"login": "sarah-123", "token": CANARY}]}
ORDER = {"catalog_item": "single", "parameters": ANSWERS}
MASKED = {"size": 3, "password": MASK, "pin": MASK, "logins": [{"login": "sarah-123", "token": MASK}]}
BUNDLE = """
name: Both
version: "1.0.0"
description: "For tests"
owner: platform-solutions-team
tags: []
presentation: {bundle_fields: [{name: password, type: secret}]}
bundle:
  required_items: [{catalog_item: single, version: "1.0.0", parameters: {password: "{{ bundle.password }}"}}]
fulfillment: {manual: {system: internal, template: {title: t, instructions: i}}}
"""


@pytest.fixture
def single(house: House) -> House:
    house.offer(single=item(http("make"), fields=FIELDS), free=item(http("make")))
    return house


def in_clear(house: House, order: dict[str, Any], key: str | None = None) -> str:
    """An order as it was stored before there were cells."""
    made = house.order(order, key=key)
    with house.engine.begin() as connection:
        request = connection.execute(select(REQUEST).where(REQUEST.c.request_id == made.request_id)).one()
        clear = secrets.opened(connection, house.vault, request.id)
        items = {alias: {**values, **clear.get(alias, {})} for alias, values in request.item_parameters.items()}
        plain = hashlib.sha256(json.dumps(order, sort_keys=True).encode()).hexdigest() if key else None
        values = {"bundle_parameters": {**request.bundle_parameters, **clear.get("bundle", {})}, "item_parameters": items}
        mine = REQUEST.c.id == request.id
        connection.execute(update(REQUEST).where(mine).values(**values, idempotency_hash=plain))
        for alias, answers in items.items():
            connection.execute(
                update(ITEM).where(ITEM.c.request_id == request.id, ITEM.c.alias == alias).values(parameters=answers)
            )
        connection.execute(SECRET.delete())
    return made.request_id


def sealed(house: House, at_once: int = 100) -> list[tuple[int, int, int]]:
    return [(some.looked, some.requests, some.answers) for some in seal(house.engine, house.vault, at_once)]


def test_what_is_in_clear_is_masked_and_steps_get_it_as_before(single: House) -> None:
    request_id = in_clear(single, ORDER)
    assert sealed(single) == [(1, 1, 3)]
    row = single.request(request_id)
    assert row.item_parameters == {"single": MASKED}
    assert [one.parameters for one in single.rows(select(ITEM.c.parameters))] == [MASKED]
    with single.engine.connect() as connection:
        assert Scopes(connection, row, single.vault).of("single")["password"] == CANARY


def test_what_a_bundle_hands_on_is_sealed_with_it(single: House) -> None:
    single.offer(both=BUNDLE)
    request_id = in_clear(single, {"catalog_bundle": "both", "bundle_parameters": {"password": CANARY}})
    assert sealed(single) == [(1, 1, 2)]
    row = single.request(request_id)
    assert (row.bundle_parameters["password"], row.item_parameters["single"]["password"]) == (MASK, MASK)
    with single.engine.connect() as connection:
        opened = secrets.opened(connection, single.vault, row.id)
    assert opened == {"bundle": {"password": CANARY}, "single": {"password": CANARY}}


def test_sealing_again_changes_nothing_and_entries_without_secrets_are_not_looked_at(single: House) -> None:
    single.order("free")
    in_clear(single, ORDER)
    sealed(single)
    before = single.rows(select(SECRET.c.ciphertext))
    assert sealed(single) == [(1, 0, 0)]
    assert single.rows(select(SECRET.c.ciphertext)) == before


def test_it_goes_some_at_a_time_and_on_where_it_was_stopped(single: House) -> None:
    for _ in range(3):
        request_id = in_clear(single, ORDER)
    next(seal(single.engine, single.vault, 1))
    assert single.request(request_id).item_parameters["single"]["password"] == CANARY
    assert sealed(single, 2) == [(2, 1, 3), (1, 1, 3)]


def test_the_mark_of_its_key_is_no_plain_hash_any_more_and_still_known(single: House) -> None:
    request_id = in_clear(single, ORDER, "key")
    before = single.request(request_id).idempotency_hash
    sealed(single)
    assert before not in single.request(request_id).idempotency_hash
    assert single.order(ORDER, key="key").request_id == request_id
    with pytest.raises(Conflict):
        single.order({**ORDER, "parameters": {**ANSWERS, "password": "another-4711"}}, key="key")


def test_the_command_says_how_many_and_audits_it(single: House) -> None:
    in_clear(single, ORDER)
    ran = single.app.test_cli_runner().invoke(vault_group, ["seal"])
    assert (ran.exit_code, ran.output) == (0, "3 answers of 1 requests sealed, 1 looked at\n")
    (act,) = single.rows(select(AuditEntry.details).where(AuditEntry.action == "vault.seal"))
    assert act.details == {"looked": 1, "requests": 1, "answers": 3}
