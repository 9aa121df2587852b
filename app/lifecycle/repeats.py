"""Calls under an idempotency key that make something other than an order: done once, answered the same again for a week.

The key's row is written before anything else of the call, in its transaction: of two that race, the second waits here until the
first is through, and a call that is refused uses no key up.
"""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app.errors import Conflict
from app.lifecycle.caller import Caller
from app.models.tables import CALL
from app.transaction import Unit

KEPT_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Call:
    """A call as its key names it. operation: what it does; written: all of it that counts as the same call."""

    operation: str
    key: str
    written: str


def begin(unit: Unit, caller: Caller, call: Call) -> str | None:
    """Begin a call; None: it is new, and `end` must follow in this transaction. Else the answer that it was given then.

    Raises Conflict: `idempotency_key_reused` when another call was sent under the key, `shown_once` when a secret stood in the
    answer, which is kept nowhere.
    """
    values = {**_place(caller, call), "mark": unit.vault.mark(call.written)}
    new = upsert(CALL).values(values).on_conflict_do_nothing().returning(CALL.c.key)
    if unit.connection.execute(new).one_or_none() is not None:
        return None
    row = unit.connection.execute(select(CALL).filter_by(**_place(caller, call))).one()
    if not unit.vault.is_mark(row.mark, call.written):
        raise Conflict("This Idempotency-Key was used for another call.", code="idempotency_key_reused")
    if row.answer is None:
        message = (
            f"This call was made before, and made {row.made}. Its answer held a secret, which is shown once and kept nowhere."
        )
        raise Conflict(f"{message} If it got lost, revoke that one and make another under a new key.", code="shown_once")
    return unit.vault.decrypt(row.answer, cell(caller.person.id, call.operation, call.key)).decode()


def end(unit: Unit, caller: Caller, call: Call, answer: str | None, made: str | None = None) -> None:
    """Keep the answer of a call that was begun. None: it holds a secret; only `made`, the name of what was made, is kept."""
    place = cell(caller.person.id, call.operation, call.key)
    sealed = unit.vault.encrypt(answer.encode(), place) if answer is not None else None
    unit.connection.execute(update(CALL).filter_by(**_place(caller, call)).values(answer=sealed, made=made))


def forget(connection: Connection) -> int:
    """Forget calls of more than a week ago; answers how many."""
    return connection.execute(delete(CALL).where(CALL.c.created_at < func.clock_timestamp() - KEPT_FOR)).rowcount


def cell(caller: uuid.UUID, operation: str, key: str) -> str:
    """The address of an answer for the vault."""
    return f"repeatable_calls.answer:{caller}/{operation}/{key}"


def _place(caller: Caller, call: Call) -> Mapping[str, Any]:
    return {"caller_id": caller.person.id, "operation": call.operation, "key": call.key}
