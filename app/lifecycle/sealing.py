"""Seals secret answers that were stored in clear, before there were cells for them: into cells, with masks in their place."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, or_, select, update

from app.core.secrecy import masked_answers, secret_fields, secret_places
from app.lifecycle import secrets
from app.lifecycle.orders import again
from app.lifecycle.secrets import OWN
from app.models.tables import ITEM, REQUEST, VERSION
from app.vault import Vault

AT_ONCE = 100
"""How many requests one transaction looks at."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What one transaction came to: requests that it looked at, requests that it changed, and answers that it sealed."""

    looked: int
    requests: int
    answers: int


def seal(engine: Engine, vault: Vault, at_once: int = AT_ONCE) -> Iterator[Sealed]:
    """Seal what is in clear, some requests at a time, each time in one transaction.

    It may be stopped at any time and begun anew: what is sealed stays as it is. Requests go on meanwhile, whatever they are at.
    """
    with engine.begin() as connection:
        asking = [
            row.id for row in connection.execute(select(VERSION.c.id, VERSION.c.definition)) if secret_fields(row.definition)
        ]
    last = -1
    while asking:
        with engine.begin() as connection:
            rows = connection.execute(_next(asking, last).limit(at_once)).all()
            done = [_seal(connection, vault, row) for row in rows]
        if not rows:
            return
        last = rows[-1].number
        yield Sealed(len(rows), sum(map(bool, done)), sum(done))


def _next(asking: Sequence[Any], last: int) -> Select[Any]:
    """The next requests of entries that ask for something secret, locked."""
    items = select(ITEM.c.id).where(ITEM.c.request_id == REQUEST.c.id, ITEM.c.catalog_version_id.in_(asking)).exists()
    these = or_(REQUEST.c.catalog_version_id.in_(asking), items)
    ordered = select(REQUEST).where(REQUEST.c.number > last, these).order_by(REQUEST.c.number)
    return ordered.with_for_update(key_share=True)


def _seal(connection: Connection, vault: Vault, request: Row[Any]) -> int:
    """How many answers of a request were sealed."""
    places = secret_places(again.entry_of(connection, request))
    values: Mapping[str, Mapping[str, Any]] = {**request.item_parameters, OWN: request.bundle_parameters}
    shown = {part: masked_answers(places.get(part, {}), answers) for part, answers in values.items()}
    clear = {part: {name: one for name, one in values[part].items() if shown[part][name] != one} for part in values}
    sealed = sum(map(len, clear.values()))
    if sealed:
        secrets.store(connection, vault, request.id, clear)
        own = {"bundle_parameters": shown[OWN], "item_parameters": {alias: shown[alias] for alias in request.item_parameters}}
        mark = {"idempotency_hash": _keyed(vault, request.idempotency_hash)}
        connection.execute(update(REQUEST).where(REQUEST.c.id == request.id).values(**own, **mark))
        for alias in request.item_parameters:
            mine = (ITEM.c.request_id == request.id, ITEM.c.alias == alias)
            connection.execute(update(ITEM).where(*mine).values(parameters=shown[alias]))
    return sealed


def _keyed(vault: Vault, mark: str | None) -> str | None:
    """The mark of an order that nobody can try passwords on: a plain hash of then becomes a mark of that hash."""
    return vault.mark(mark) if mark is not None and ":" not in mark else mark
