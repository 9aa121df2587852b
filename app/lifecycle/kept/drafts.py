"""Drafts: orders that somebody is still writing. Saved, shared with a team, sent, thrown away and brought back.

No secret is kept: they are taken out before anything is written. A save says which revision it was made from, so that nobody
writes over what somebody else, or another tab, saved meanwhile.
"""

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app.core.kept_orders import with_answers
from app.errors import NotFound
from app.lifecycle.caller import Caller
from app.lifecycle.kept import keeping
from app.lifecycle.orders.submit import Submitted
from app.lifecycle.orders.submit import submit as submit_order
from app.models.tables import DRAFT, REQUEST
from app.transaction import Unit


@dataclass(frozen=True, slots=True)
class Draft:
    """What a save made. revision: send it with the next save; left_out: JSON pointers of the secrets that were not kept."""

    id: uuid.UUID
    title: str
    revision: int
    left_out: tuple[str, ...]
    saved_at: datetime


def save(
    unit: Unit,
    caller: Caller,
    order: Mapping[str, Any],
    *,
    draft_id: uuid.UUID | None = None,
    expected: int | None = None,
    title: str | None = None,
    from_request: str | None = None,
    note: str | None = None,
    owner_id: uuid.UUID | None = None,
    team: str | None = None,
) -> Draft:
    """Keep an order that may still be wrong; secrets are taken out first.

    draft_id: the draft to save over, else a new one is made; expected: the revision that the caller has read, None to save over
    whatever is there. title: what people call it, else it follows the answers. from_request, note: the request that was sent
    back and what was said. owner_id: whose draft a new one becomes, else the caller's; team: shares a new one at once.
    Raises Invalid (not an order, or of nothing in the catalog), NotFound, and Conflict `newer_draft` when it was saved
    meanwhile, or `too_many` when the owner has too many.
    """
    cleaned = keeping.cleaned(unit.connection, order, retired=from_request is not None)
    values = {**cleaned.columns, **_told(from_request, note)}
    named = {"title": title, "named": True} if title else None
    if draft_id is not None:
        values |= named or {"title": keeping.unless_named(DRAFT, cleaned.title)}
        return _made(keeping.change(unit.connection, DRAFT, caller, draft_id, expected, values))
    values |= {"team": team, **(named or {"title": cleaned.title})}
    return _made(keeping.add(unit.connection, DRAFT, caller, owner_id or caller.person.id, values))


def confirm(unit: Unit, caller: Caller, draft_id: uuid.UUID, revisions: Collection[int] | None) -> None:
    """Hold a draft where it is at one of these revisions; None: at any. Raises Stale."""
    keeping.confirm(unit.connection, DRAFT, caller, draft_id, revisions)


def delete(unit: Unit, caller: Caller, draft_id: uuid.UUID) -> None:
    """Throw a draft away; only its owner may. Raises NotFound, NotAllowed."""
    keeping.remove(unit.connection, DRAFT, caller, draft_id)


def restore(unit: Unit, caller: Caller, draft_id: uuid.UUID) -> None:
    """Bring back what was thrown away not long ago. Raises NotFound."""
    keeping.restore(unit.connection, DRAFT, caller, draft_id)


def share(unit: Unit, caller: Caller, draft_id: uuid.UUID, team: str | None) -> None:
    """Let a team of the owner's read, change and send a draft; None: nobody else any more.

    Raises NotFound, NotAllowed, Invalid (not a team of theirs).
    """
    keeping.share(unit.connection, DRAFT, caller, draft_id, team)


def submit(unit: Unit, caller: Caller, draft_id: uuid.UUID, more: Mapping[str, Any] | None = None) -> Submitted:
    """Send a draft, and end it in the same transaction. Raises NotFound, Invalid with every fault.

    more: answers that go over those of the draft, for secrets, which no draft keeps: `bundle_parameters`, `item_parameters`,
    `parameters` as in an order. The draft is its own idempotency key: who sends it again is answered the request that the
    first call made.
    """
    key = f"draft:{draft_id}"
    row = keeping.locked(unit.connection, DRAFT, caller.person, draft_id)
    if row is None:
        if (known := _sent(unit, caller, key)) is not None:
            return known
        raise NotFound("There is no such draft, or none that you may see.")
    made = submit_order(unit, caller, with_answers(row.document, more or {}), key)
    keeping.erase(unit.connection, DRAFT, draft_id)
    return made


def send(unit: Unit, caller: Caller, order: Mapping[str, Any], key: str, draft_id: uuid.UUID) -> Submitted:
    """Send an order that was written in a draft, which ends with it. Raises as `submit.submit` does.

    Raises NotFound when the draft is gone and `key` has made no request: somebody else sent it, or threw it away.
    """
    row = keeping.locked(unit.connection, DRAFT, caller.person, draft_id)
    if row is None and _sent(unit, caller, key) is None:
        raise NotFound("This draft is gone: somebody sent it or threw it away.")
    made = submit_order(unit, caller, order, key)
    keeping.erase(unit.connection, DRAFT, draft_id)
    return made


def _sent(unit: Unit, caller: Caller, key: str) -> Submitted | None:
    row = unit.connection.execute(
        select(REQUEST).where(REQUEST.c.requester_id == caller.person.id, REQUEST.c.idempotency_key == key)
    ).one_or_none()
    return Submitted(row.request_id, "submitted", row.created_at, row.catalog_name, row.catalog_kind) if row else None


def _told(from_request: str | None, note: str | None) -> dict[str, Any]:
    """What is said of a draft; a save that says nothing leaves it as it is."""
    told = {"from_request": from_request, "note": note}
    return {key: value for key, value in told.items() if value is not None}


def _made(row: Any) -> Draft:
    return Draft(row.id, row.title, row.revision, tuple(row.left_out), row.updated_at)
