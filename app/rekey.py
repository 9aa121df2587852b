"""Encrypts everything anew that another key than the vault's first one made, so that the other one may be taken away."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Engine, Row, func, select, tuple_, update

from app import state_server
from app.identity import sessions
from app.lifecycle import repeats, secrets
from app.lifecycle.engine import adopting, scopes, settle
from app.lifecycle.files import store
from app.lifecycle.files.objects import BothFiles
from app.lifecycle.files.store import FileStore
from app.models.tables import CALL, CHUNK, FILE, OUTPUT, SECRET, SESSION, STATE, STEP, TICKET
from app.vault import Vault, VaultError

AT_ONCE = 20
"""How many cells one transaction renews: a state may have megabytes."""


@dataclass(frozen=True, slots=True)
class Cells:
    """One encrypted column. address: of a row's cell, as it was given to the vault."""

    column: Column[Any]
    address: Callable[[Row[Any]], str]

    @property
    def name(self) -> str:
        """What people call it."""
        return f"{self.column.table.name}.{self.column.name}"


@dataclass(frozen=True, slots=True)
class Renewed:
    """What one transaction came to. unreadable: cells that no key of the ring opens; they stay as they are."""

    cells: int
    unreadable: int = 0


CELLS: Sequence[Cells] = (
    Cells(SECRET.c.ciphertext, secrets.cell_of),
    Cells(STEP.c.secret_outputs, lambda row: scopes.secret_cell(row.id)),
    Cells(TICKET.c.adoption_secrets, lambda row: adopting.cell(row.id)),
    Cells(OUTPUT.c.secret_value, lambda row: settle.output_cell(row.request_id, row.group, row.name)),
    Cells(STATE.c.ciphertext, lambda row: state_server.cell(row.id)),
    Cells(CHUNK.c.ciphertext, lambda row: store.cell(row.sha256, row.number)),
    Cells(SESSION.c.id_token, lambda row: sessions.cell("id_token", row.id)),
    Cells(SESSION.c.refresh_token, lambda row: sessions.cell("refresh_token", row.id)),
    Cells(CALL.c.answer, lambda row: repeats.cell(row.caller_id, row.operation, row.key)),
)
"""Every encrypted column there is: a test holds them against the columns of bytes."""


def renew(engine: Engine, vault: Vault, cells: Cells) -> Iterator[Renewed]:
    """Renew the cells of one column, some at a time, each time in one transaction.

    It may be stopped at any time and begun anew: what is renewed already is passed over. Everything goes on meanwhile.
    """
    table, keys = cells.column.table, list(cells.column.table.primary_key)
    stale = func.substr(cells.column, 1, len(vault.beginning)) != vault.beginning
    some = select(table).where(stale).order_by(*keys).limit(AT_ONCE).with_for_update(key_share=True)
    last: tuple[Any, ...] | None = None
    while True:
        with engine.begin() as connection:
            rows = connection.execute(some if last is None else some.where(tuple_(*keys) > last)).all()
            unreadable = 0
            for row in rows:
                address, sealed = cells.address(row), row._mapping[cells.column.name]
                try:
                    anew = vault.encrypt(vault.decrypt(sealed, address), address)
                except VaultError:
                    unreadable += 1
                    continue
                same = [key == row._mapping[key.name] for key in keys]
                connection.execute(update(table).where(*same).values({cells.column.name: anew}))
        if not rows:
            return
        last = tuple(rows[-1]._mapping[key.name] for key in keys)
        yield Renewed(len(rows) - unreadable, unreadable)


def renew_objects(engine: Engine, files: FileStore) -> Iterator[Renewed]:
    """Renew the files that lie in a bucket, one by one; nothing where there is none. Raises Unavailable.

    A file's row is locked meanwhile, so that nobody removes it in between.
    """
    if not isinstance(files, BothFiles):
        return
    last = ""
    while True:
        with engine.begin() as connection:
            following = select(FILE.c.sha256).where(FILE.c.sha256 > last).order_by(FILE.c.sha256).limit(1)
            sha256 = connection.scalar(following.with_for_update(key_share=True))
            if sha256 is None:
                return
            last = sha256
            try:
                yield Renewed(int(files.objects.renew(sha256)))
            except VaultError:
                yield Renewed(0, 1)
