"""Many orders sent as one: all or nothing, or row by row, each row judged and stored by the same `submit` as a single order.

One transaction holds all of it, so that quotas, limits and keys of the rows before count for the next one, and so that an
answer that got lost leaves either all that it told of or nothing. Each row's key is the idempotency key of its request: a
row that was taken answers its request again, in the same batch or in another one.
"""

import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError
from sqlalchemy import Connection, func, insert, select
from sqlalchemy.dialects.postgresql import insert as upsert

from app import audit
from app.catalog import offers
from app.core.kept_orders import only_known
from app.core.secrecy import without_secrets
from app.core.shapes import Shape, shape_faults
from app.errors import Conflict, Fault, Invalid, under
from app.lifecycle.batches import locks
from app.lifecycle.caller import Caller
from app.lifecycle.orders.storing import ID_LETTERS
from app.lifecycle.orders.submit import submit
from app.models.tables import BATCH, BATCH_ROW, REQUEST
from app.transaction import Unit

MOST_ROWS = 500
LONGEST_NAME = 200
NAMES = ("catalog_bundle", "catalog_item", "version")
"""What of an order names the entry."""
Mode = Literal["all_or_nothing", "row_by_row"]
RowKey = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")]


class BatchRow(Shape):
    """One order with a key of the client's own: sent again under the same key it is not ordered again."""

    key: RowKey
    order: dict[str, Any]


class Batch(Shape):
    """Up to 500 orders. `all_or_nothing`: one fault and none of them is taken; `row_by_row`: those without a fault are."""

    mode: Mode
    rows: Annotated[list[BatchRow], Field(min_length=1, max_length=MOST_ROWS)]


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a row. request: the key of its request, None where faults say why there is none."""

    row: BatchRow
    request: Any = None
    repeated: bool = False
    faults: Sequence[Fault] = ()


def read(document: Mapping[str, Any]) -> Batch:
    """A batch as it was posted. Raises Invalid with every fault of its shape, and every key that is there twice."""
    try:
        batch = Batch.model_validate(dict(document))
    except ValidationError as error:
        found = shape_faults(Batch, error, document)
        raise Invalid(faults=[*found, *_twice(_keys(document))]) from error
    if twice := _twice([row.key for row in batch.rows]):
        raise Invalid(faults=twice)
    return batch


def _keys(document: Mapping[str, Any]) -> list[Any]:
    """The keys of rows that may have any shape."""
    rows = document.get("rows")
    return [row.get("key") if isinstance(row, Mapping) else None for row in rows] if isinstance(rows, list) else []


def _twice(keys: Sequence[Any]) -> list[Fault]:
    counts = Counter(key for key in keys if isinstance(key, str) and key)
    return [
        Fault(("rows", place, "key"), "unique", "is the key of more than one row")
        for place, key in enumerate(keys)
        if isinstance(key, str) and counts[key] > 1
    ]


def send(unit: Unit, caller: Caller, batch: Batch, key: str | None = None) -> str:
    """Take a batch; answers its id. The same key with the same batch answers the same id again, and does nothing.

    Raises Invalid with the faults of every row, where all or nothing is wanted; Conflict when `key` was used for another batch.
    """
    written = batch.model_dump_json()
    if known := _known(unit, caller, key, written):
        return known
    number = _begin(unit, caller, batch, key, written)
    if number is None:  # Somebody with the same key was faster, and has committed by now.
        if known := _known(unit, caller, key, written):
            return known
        raise Conflict("the batch could not be stored; send it again")
    entries = _Entries(unit.connection, batch)
    taken = _take_all(unit, caller, batch, entries)
    _refuse_any(batch, taken)
    return _store(unit, caller, number, batch, taken, entries)


def rehearse(unit: Unit, caller: Caller, batch: Batch) -> list[list[Fault]]:
    """The faults of every row, as sending the batch now would find them: it is sent, and nothing of it is kept.

    Only so do rows that together are too many for a quota show; whoever else orders meanwhile may wait for this to end.
    """
    ready = unit.ready
    savepoint = unit.connection.begin_nested()
    try:
        taken = _take_all(unit, caller, batch, _Entries(unit.connection, batch))
    finally:
        savepoint.rollback()
        unit.ready = ready
    return [list(one.faults) for one in taken]


def _known(unit: Unit, caller: Caller, key: str | None, written: str) -> str | None:
    if key is None:
        return None
    row = unit.connection.execute(
        select(BATCH.c.batch_id, BATCH.c.idempotency_hash).where(
            BATCH.c.requester_id == caller.person.id, BATCH.c.idempotency_key == key
        )
    ).one_or_none()
    if row is None:
        return None
    if not unit.vault.is_mark(row.idempotency_hash, written):
        raise Conflict("this Idempotency-Key was used for another batch", code="idempotency_key_reused")
    return str(row.batch_id)


class _Entries:
    """The entries that the orders of a batch name, each looked up once. What names none that we know has none."""

    def __init__(self, connection: Connection, batch: Batch) -> None:
        self._found: dict[tuple[tuple[str, str], ...], offers.Offer | None] = {}
        for row in batch.rows:
            if (place := _place(row)) not in self._found:
                self._found[place] = offers.find(connection, dict(place))[0]

    def of(self, row: BatchRow) -> offers.Offer | None:
        """What a row orders."""
        return self._found[_place(row)]

    @property
    def offers(self) -> list[offers.Offer]:
        """All of them."""
        return [offer for offer in self._found.values() if offer is not None]

    def kept(self, row: BatchRow) -> dict[str, Any]:
        """A row's order as it may be stored: without what is secret, and without its answers where nobody knows which are."""
        offer = self.of(row)
        return without_secrets(offer, only_known(offer, row.order)) if offer is not None else dict(_place(row))


def _place(row: BatchRow) -> tuple[tuple[str, str], ...]:
    return tuple((key, name) for key in NAMES if (name := _name(row.order, key)) is not None)


def _begin(unit: Unit, caller: Caller, batch: Batch, key: str | None, written: str) -> Any:
    """Write the batch's own row; its key, or None where the idempotency key is taken."""
    day = func.to_char(func.clock_timestamp(), "YYYYMMDD")
    letters = "".join(secrets.choice(ID_LETTERS) for _ in range(6))
    values = {
        "batch_id": func.concat("bat-", day, "-", letters),
        "mode": batch.mode,
        **_ordered(batch),
        "rows": len(batch.rows),
        "taken": 0,
        "requester_id": caller.person.id,
        "idempotency_key": key,
        "idempotency_hash": unit.vault.mark(written) if key is not None else None,
    }
    return unit.connection.scalar(upsert(BATCH).values(values).on_conflict_do_nothing().returning(BATCH.c.id))


def _ordered(batch: Batch) -> dict[str, str | None]:
    """What all rows order, if it is one and the same."""
    found = {tuple(_name(row.order, key) for key in NAMES) for row in batch.rows}
    bundle, item, version = next(iter(found)) if len(found) == 1 else (None, None, None)
    kind = "bundle" if bundle else "item" if item else None
    return {"catalog_kind": kind, "catalog_name": bundle or item, "catalog_version": version if kind else None}


def _name(order: Mapping[str, Any], key: str) -> str | None:
    """What an order says there; what cannot be the name of anything counts as not said."""
    value = order.get(key)
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_NAME else None


def _take_all(unit: Unit, caller: Caller, batch: Batch, entries: _Entries) -> list[Taken]:
    locks.take(unit, caller, [row.order for row in batch.rows], entries.offers)
    keys = [row.key for row in batch.rows]
    before = set(
        unit.connection.scalars(
            select(REQUEST.c.idempotency_key).where(
                REQUEST.c.requester_id == caller.person.id, REQUEST.c.idempotency_key.in_(keys)
            )
        )
    )
    made = [_take(unit, caller, row) for row in batch.rows]
    ids = [one for one in made if isinstance(one, str)]
    found = unit.connection.execute(select(REQUEST.c.request_id, REQUEST.c.id).where(REQUEST.c.request_id.in_(ids)))
    numbers = {row.request_id: row.id for row in found}
    return [
        Taken(row, numbers[one], row.key in before) if isinstance(one, str) else Taken(row, faults=one)
        for row, one in zip(batch.rows, made, strict=True)
    ]


def _take(unit: Unit, caller: Caller, row: BatchRow) -> str | list[Fault]:
    """Order one row: the id of its request, or what is wrong. What a refused row had written is taken back."""
    ready = unit.ready
    savepoint = unit.connection.begin_nested()
    try:
        made = submit(unit, caller, row.order, row.key)
    except (Invalid, Conflict) as error:
        savepoint.rollback()
        unit.ready = ready
        return _faults(error)
    savepoint.commit()
    return made.request_id


def _faults(error: Invalid | Conflict) -> list[Fault]:
    """Why a row is refused, seen from the row."""
    if error.code == "idempotency_key_reused":
        return [Fault(("key",), error.code, "was used for another order; give this row a key of its own")]
    return under(error.faults, "order") or [Fault(("order",), error.code, error.message)]


def _refuse_any(batch: Batch, taken: Sequence[Taken]) -> None:
    """Raises Invalid where all or nothing is wanted and a row has a fault."""
    faults = [fault.under("rows", place) for place, one in enumerate(taken) for fault in one.faults]
    if faults and batch.mode == "all_or_nothing":
        raise Invalid("None of the rows was taken: some have faults, and all or nothing was asked for.", faults=faults)


def _store(unit: Unit, caller: Caller, number: Any, batch: Batch, taken: Sequence[Taken], entries: _Entries) -> str:
    rows = [
        {
            "batch_id": number,
            "position": place,
            "key": one.row.key,
            "order": entries.kept(one.row),
            "request_id": one.request,
            "repeated": one.repeated,
            "faults": [fault.as_json() for fault in one.faults] or None,
        }
        for place, one in enumerate(taken)
    ]
    unit.connection.execute(insert(BATCH_ROW), rows)
    number_taken = sum(one.request is not None for one in taken)
    batch_id = unit.connection.scalar(
        BATCH.update().where(BATCH.c.id == number).values(taken=number_taken).returning(BATCH.c.batch_id)
    )
    details = {"mode": batch.mode, "rows": len(rows), "taken": number_taken}
    act = audit.Act(
        caller.person.user_id,
        "batch.send",
        f"batch:{batch_id}",
        address=caller.address,
        correlation_id=caller.correlation_id,
        details=details,
    )
    audit.record(unit.connection, [act])
    return str(batch_id)
