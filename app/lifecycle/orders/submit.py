"""Submit: an order becomes a request with its items and frozen steps, in one transaction, or not at all.

A known `Idempotency-Key` is answered before anything is looked at; what comes then, and in which order, is `preparing`'s.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select

from app.catalog import offers
from app.core.order import Resolved
from app.core.statuses import RequestStatus
from app.errors import Conflict, Invalid
from app.lifecycle import quotas, secrets, write
from app.lifecycle.approvals import approving
from app.lifecycle.caller import Caller
from app.lifecycle.engine import turns
from app.lifecycle.engine.scopes import Scopes
from app.lifecycle.engine.settle import settle
from app.lifecycle.files import uploads
from app.lifecycle.orders import looking_up, rows, storing
from app.lifecycle.orders.preparing import Prepared, prepare
from app.lifecycle.tickets import change_of
from app.models.tables import REQUEST
from app.transaction import Unit

MOST_IDS = 3


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a submit made, or found under its idempotency key."""

    request_id: str
    status: str
    created_at: datetime
    catalog_name: str
    kind: str


def submit(unit: Unit, caller: Caller, order: Mapping[str, Any], key: str | None = None) -> Submitted:
    """Accept an order. Raises Invalid with every fault, or Conflict when `key` was used for another order.

    key: the client's idempotency key; the same key with the same order answers the same request again.
    """
    written = json.dumps(order, sort_keys=True)
    if key is not None and (known := _known(unit, caller, key, written)):
        return known
    try:
        return _anew(unit, caller, order, key, written)
    except Invalid:
        # A repeat that looks while the first one is being stored finds that one's answers, or the last of a quota, taken.
        if key is not None and (known := _known(unit, caller, key, written)):
            return known
        raise


def _anew(unit: Unit, caller: Caller, order: Mapping[str, Any], key: str | None, written: str) -> Submitted:
    prepared = prepare(unit.connection, caller, order)
    if prepared.faults or prepared.offer is None or prepared.resolved is None or prepared.team is None:
        raise Invalid(faults=prepared.faults)
    for _ in range(MOST_IDS):
        if (made := _write(unit, caller, prepared, prepared.offer, prepared.resolved, prepared.team, key, written)) is not None:
            return made
        # Somebody with the same key was faster between the look and the insert: their request is the answer. Or the id,
        # which is short so that people can say it, is taken: the next one hardly is.
        if key is not None and (known := _known(unit, caller, key, written)):
            return known
    raise Conflict("the order could not be stored; send it again")


def _known(unit: Unit, caller: Caller, key: str, written: str) -> Submitted | None:
    row = unit.connection.execute(
        select(REQUEST).where(REQUEST.c.requester_id == caller.person.id, REQUEST.c.idempotency_key == key)
    ).one_or_none()
    if row is None:
        return None
    if not _is_same(unit, row.idempotency_hash, written):
        raise Conflict("this Idempotency-Key was used for another order", code="idempotency_key_reused")
    return _submitted(row)


def _is_same(unit: Unit, mark: str, written: str) -> bool:
    """Whether a request's mark is that of this order. Before secrets were encrypted it was a plain hash; sealing marks that."""
    plain = hashlib.sha256(written.encode()).hexdigest()
    return mark == plain or unit.vault.is_mark(mark, written) or unit.vault.is_mark(mark, plain)


def _submitted(row: Row[Any]) -> Submitted:
    # A repeat gets the original answer, whatever has become of the request since.
    return Submitted(row.request_id, RequestStatus.SUBMITTED, row.created_at, row.catalog_name, row.catalog_kind)


def _request_of(
    unit: Unit,
    prepared: Prepared,
    offer: offers.Offer,
    resolved: Resolved,
    team: str,
    *,
    admitted: bool,
    key: str | None,
    written: str,
) -> storing.NewRequest:
    """The request's own row."""
    return storing.NewRequest(
        title=rows.title(offer, resolved),
        catalog_kind=offer.kind,
        catalog_name=offer.name,
        catalog_title=offer.title,
        catalog_version=offer.version,
        catalog_version_id=offer.version_id,
        bundle_parameters=resolved.bundle_values,
        item_parameters={alias: dict(values) for alias, values in resolved.item_values.items()},
        selected=resolved.selected,
        output_groups=rows.output_groups(offer, resolved),
        requester_team=team,
        owner_teams=rows.seen_by(prepared, offer),
        idempotency_key=key,
        idempotency_hash=unit.vault.mark(written) if key is not None else None,
        admitted=admitted,
        timeout=unit.rules.request_timeout,
        unapproved=bool(prepared.approvals),
        price=prepared.price.as_json() if prepared.price else None,
        quota_takes=prepared.takes,
    )


def _write(
    unit: Unit,
    caller: Caller,
    prepared: Prepared,
    offer: offers.Offer,
    resolved: Resolved,
    team: str,
    key: str | None,
    written: str,
) -> Submitted | None:
    """Write an order that has no fault; None when its id or its key is taken."""
    connection, steps, unapproved = unit.connection, prepared.steps, bool(prepared.approvals)
    taken = {item.catalog_item: item.definition for item in offer.items if resolved.selected[item.alias]}
    # Turns first: whoever approves, resumes or admits holds them when it comes to counters. The other way round they would
    # wait for each other.
    admitted = not unapproved and turns.may_begin(connection, turns.limits_of(team, unit.rules.team_requests, taken))
    quotas.reserve(connection, quotas.Holder(team, caller.person.id), prepared.quotas)
    claims = looking_up.claims_of(offer, resolved, team)
    looking_up.hold(connection, {claim.place for claim in claims})
    ready = rows.first_ready(steps) if admitted else set()
    row = storing.store(
        connection,
        caller,
        _request_of(unit, prepared, offer, resolved, team, admitted=admitted, key=key, written=written),
        rows.items(offer, resolved),
        rows.steps(steps, ready),
    )
    if row is None:
        return None
    if taken_meanwhile := looking_up.take(connection, row.id, claims):
        raise Invalid(faults=taken_meanwhile)
    secrets.store(connection, unit.vault, row.id, prepared.secret)
    uploads.used_by(connection, row.id, prepared.uploads)
    unit.ready += len(ready)
    if unapproved:
        with change_of(unit, caller, row) as change:
            approving.ask(change, prepared.approvals)
    # Mostly that is all. Else something is to be worked out: a `when` that waits for nothing, or a plan that is done.
    if admitted and (not ready or rows.undecided(steps)):
        with write.change(connection, row.id, caller.person.user_id) as change:
            unit.ready += settle(change, Scopes(connection, change.request, unit.vault))
    return Submitted(row.request_id, RequestStatus.SUBMITTED, row.created_at, offer.name, offer.kind)
