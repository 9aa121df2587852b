"""`flask vault rotate`: after it, the new key alone opens everything, and what no key opens is told."""

import io
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import LargeBinary, select, update

from app import rekey, state_server
from app.core.outcomes import Done
from app.extensions import db
from app.identity import sessions
from app.lifecycle import repeats, secrets, write
from app.lifecycle.caller import Caller
from app.lifecycle.engine import adopting
from app.lifecycle.files import uploads
from app.models import AuditEntry, Base
from app.models.tables import REQUEST, SECRET, STATE, STEP, TICKET
from app.transaction import Unit
from app.vault import Vault
from app.vault_cli import vault_group
from tests.fixtures.house import House, http, item

NEW = "new:bmV3LWtleS1vZi0zMi1ieXRlcy1mb3ItdGVzdHMhISE="
OUT = "{token: {type: string, sensitive: true}}"
MADE = 'outputs: {token: {value: "{{ steps.make.outputs.token }}"}}'
IN_CLEAR = {"catalog_modules.archive", "taken_answers.digest"}


@pytest.fixture
def full(house: House) -> House:
    """A house with something in every encrypted column."""
    house.offer(single=item(http("make", outputs=OUT), fields="[{name: password, type: secret}]", extra=MADE))
    house.order({"catalog_item": "single", "parameters": {"password": "canary-4711"}})
    house.finish(Done({"token": "canary-4712"}, sensitive=frozenset({"token"})))
    caller, received = house.caller("sarah-123"), uploads.receive(io.BytesIO(b"canary-4713"), 100)
    with received.content:
        uploads.keep(house.unit, house.files, caller, "a.txt", received)
    with house.unit() as unit:
        fill(unit, caller)
    return house


def fill(unit: Unit, caller: Caller) -> None:
    """What was typed and not sent, an answer to repeat, a session, a state and a ticket."""
    secrets.hold(unit.connection, unit.vault, caller.person.id, "/order/items/single", {"password": "canary-4714"})
    call = repeats.Call("create_draft", "key", "{}")
    repeats.begin(unit, caller, call)
    repeats.end(unit, caller, call, "{}")
    tokens, now = sessions.ProviderTokens("canary-4715", "canary-4716"), datetime.now(UTC)
    sessions.start(db.session, unit.vault, caller.person.id, tokens, hours=1, client=sessions.Client(), now=now)
    key, step = uuid.uuid4(), unit.connection.scalar(select(STEP.c.id))
    sealed = unit.vault.encrypt(b"{}", state_server.cell(key))
    row = {"id": key, "step_id": step, "version": 1, "ciphertext": sealed, "written_with": uuid.uuid4()}
    unit.connection.execute(STATE.insert().values(row))
    with write.change(unit.connection, unit.connection.scalar(select(REQUEST.c.id)), "system") as change:
        words = ("ticket_system", "ticket_type", "title", "instructions")
        one = unit.connection.execute(select(STEP)).one()
        ticket = change.open_ticket(one, **dict.fromkeys(words, "-"), inputs={}, outputs_form={})
    sealed = unit.vault.encrypt(b"{}", adopting.cell(ticket))
    unit.connection.execute(update(TICKET).values(adoption_secrets=sealed))


def ring(house: House) -> Vault:
    """The keys of the house behind a new one."""
    return Vault.from_text(f"{NEW},{house.settings.vault_ring}")


def rotate(house: House, monkeypatch: pytest.MonkeyPatch, vault: Vault) -> Any:
    monkeypatch.setitem(house.app.extensions, "vault", vault)
    return house.app.test_cli_runner().invoke(vault_group, ["rotate"])


def test_every_column_of_bytes_is_known(house: House) -> None:
    columns = {
        f"{table.name}.{column.name}"
        for table in Base.metadata.tables.values()
        for column in table.columns
        if isinstance(column.type, LargeBinary)
    }
    assert columns - IN_CLEAR == {cells.name for cells in rekey.CELLS}


def test_the_new_key_alone_opens_everything(full: House, monkeypatch: pytest.MonkeyPatch) -> None:
    ran, alone = rotate(full, monkeypatch, ring(full)), Vault.from_text(NEW)
    assert (ran.exit_code, ran.output.splitlines()[-1]) == (0, "10 renewed, 0 that no key opens")
    for cells in rekey.CELLS:
        rows = full.rows(select(cells.column.table).where(cells.column.is_not(None)))
        assert rows, cells.name
        for row in rows:
            alone.decrypt(row._mapping[cells.column.name], cells.address(row))


def test_what_is_renewed_is_passed_over(full: House, monkeypatch: pytest.MonkeyPatch) -> None:
    rotate(full, monkeypatch, ring(full))
    before = full.rows(select(SECRET.c.ciphertext).order_by(SECRET.c.id))
    ran = rotate(full, monkeypatch, ring(full))
    assert ran.output == "0 renewed, 0 that no key opens\n"
    assert full.rows(select(SECRET.c.ciphertext).order_by(SECRET.c.id)) == before


def test_what_no_key_opens_stays_and_is_told(full: House, monkeypatch: pytest.MonkeyPatch) -> None:
    with full.engine.begin() as connection:
        connection.execute(update(SECRET).values(ciphertext=b"\x01\x04lost and found"))
    ran = rotate(full, monkeypatch, ring(full))
    assert ran.exit_code == 1
    assert "secrets.ciphertext: 0 renewed, 2 that no key opens\n" in ran.output
    assert {row.ciphertext for row in full.rows(select(SECRET.c.ciphertext))} == {b"\x01\x04lost and found"}
    (act,) = full.rows(select(AuditEntry.details).where(AuditEntry.action == "vault.rotate"))
    assert act.details == {"renewed": 8, "unreadable": 2}


def test_many_cells_are_renewed_in_several_goes(full: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rekey, "AT_ONCE", 1)
    done = [some.cells for some in rekey.renew(full.engine, ring(full), rekey.CELLS[0])]
    assert done == [1, 1]
