"""The requester changes an order that people have not agreed to yet, without starting over.

The changed order is looked at as any other. What it comes to takes the place of what was stored: answers, versions, items,
steps, price and what it takes of quotas. Where anything of it is different, nobody has agreed to it: all are asked anew.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row

from app.catalog import offers
from app.catalog.offers import Offer
from app.core.approvals import differences
from app.core.order import Resolved
from app.core.statuses import BEFORE_BUILDING
from app.errors import Conflict, Fault, Invalid
from app.lifecycle import quotas, secrets
from app.lifecycle.approvals import approving
from app.lifecycle.approvals.deciding import back, own, say
from app.lifecycle.auditing import audited
from app.lifecycle.caller import Caller
from app.lifecycle.engine import turns
from app.lifecycle.files import uploads
from app.lifecycle.orders import looking_up, rows, storing
from app.lifecycle.orders.looking_up import Lookups
from app.lifecycle.orders.preparing import Prepared, prepare
from app.lifecycle.tickets import LONGEST_COMMENT, change_of, scopes_of
from app.lifecycle.write import Change
from app.transaction import Unit
from app.vault import Vault

TOO_LATE = "it is not waiting for approval any more: order it again"


def look(
    connection: Connection,
    vault: Vault,
    caller: Caller,
    request: Row[Any],
    order: Mapping[str, Any],
    outside: Lookups | None = None,
) -> Prepared:
    """What the changed order comes to, and every fault; nothing is written.

    request: its row. Masks in the order stand for the secrets that are stored. outside: see `prepare`.
    """
    offer, _ = offers.find(connection, order) if _same_entry(request, order) else (None, [])
    kept = secrets.with_stored(connection, vault, request.id, offer, order) if offer else order
    prepared = prepare(connection, caller, kept, outside, instead_of=request)
    return replace(prepared, faults=[*_other(request, order, prepared), *prepared.faults])


def _same_entry(request: Row[Any], order: Mapping[str, Any]) -> bool:
    return bool(order.get(f"catalog_{request.catalog_kind}") == request.catalog_name)


def _other(request: Row[Any], order: Mapping[str, Any], prepared: Prepared) -> Iterator[Fault]:
    """What makes it the order of something else, or of somebody else."""
    if not _same_entry(request, order):
        named = next((key for key in ("catalog_bundle", "catalog_item") if key in order), f"catalog_{request.catalog_kind}")
        yield Fault((named,), "other_entry", f"must stay {request.catalog_name}: order anything else anew")
    if prepared.team is not None and prepared.team != request.requester_team:
        yield Fault(("requester", "team"), "other_team", f"must stay {request.requester_team}: order it anew for another team")


def revise(unit: Unit, caller: Caller, request_id: str, order: Mapping[str, Any], comment: str | None = None) -> bool:
    """Change the order of a request that waits for approval; whether anything was different.

    Only the requester does. A question that was asked counts as answered. Raises NotFound, NotAllowed, Invalid with every
    fault, Conflict (it does not wait for approval).
    """
    with audited(unit, caller, "request.revise", f"request:{request_id}"):
        if comment and len(comment) > LONGEST_COMMENT:
            limit = {"max_length": LONGEST_COMMENT}
            raise Invalid(faults=[Fault(("comment",), "max_length", f"must have at most {LONGEST_COMMENT} characters", limit)])
        request = own(unit, caller.person, request_id)
        if request.status not in BEFORE_BUILDING:
            raise Conflict(TOO_LATE)
        if isinstance(said := order.get("requester", {}), Mapping | None):
            order = {**order, "requester": {"team": request.requester_team, **(said or {})}}
        prepared = look(unit.connection, unit.vault, caller, request, order)
        if prepared.faults or prepared.offer is None or prepared.resolved is None:
            raise Invalid(faults=prepared.faults)
        with change_of(unit, caller, request) as change:
            if change.status not in BEFORE_BUILDING:
                raise Conflict(TOO_LATE)
            return _replace(unit, change, caller, prepared, prepared.offer, prepared.resolved, comment or "")


def _replace(
    unit: Unit, change: Change, caller: Caller, prepared: Prepared, offer: Offer, resolved: Resolved, comment: str
) -> bool:
    connection, request = unit.connection, change.request
    before, secret = approving.digest_of(connection, request.id), secrets.opened(connection, unit.vault, request.id)
    quotas.reserve(
        connection, quotas.Holder(request.requester_team, request.requester_id), prepared.quotas, request.quota_takes
    )
    looking_up.hold(connection, looking_up.places_of(offer), alone=True)
    storing.replace(
        connection,
        request.id,
        _columns(prepared, offer, resolved, request),
        rows.items(offer, resolved),
        rows.steps(prepared.steps, ()),
    )
    looking_up.give_back(connection, request.id)
    if taken := looking_up.take(connection, request.id, looking_up.claims_of(offer, resolved, request.requester_team)):
        raise Invalid(faults=taken)
    secrets.store_instead(connection, unit.vault, request.id, prepared.secret)
    uploads.used_by(connection, request.id, prepared.uploads)
    different = secret != prepared.secret or before != approving.digest_of(connection, request.id)
    back(change)
    was = {"": request.bundle_parameters, **request.item_parameters}
    changes = differences(was, {"": resolved.bundle_values, **resolved.item_values}, _secrets_changed(secret, prepared.secret))
    say(change, caller, "change", comment, changes)
    change.decided("request.revised", by=caller.person.name, changed=len(changes))
    if different:
        approving.void(change, agreed_too=True)
        approving.ask(change, prepared.approvals)
        if not prepared.approvals:
            # A turn is not asked for here, where locks are held already that others take after theirs: the sweep does.
            turn, scopes = _needs_no_turn(unit, offer, resolved, request.requester_team), scopes_of(unit, change)
            unit.ready += approving.let_begin(change, scopes, turn=turn, timeout=unit.rules.request_timeout)
    return different


def _needs_no_turn(unit: Unit, offer: Offer, resolved: Resolved, team: str) -> bool:
    taken = {item.catalog_item: item.definition for item in offer.items if resolved.selected[item.alias]}
    return not turns.limits_of(team, unit.rules.team_requests, taken)


def _columns(prepared: Prepared, offer: Offer, resolved: Resolved, request: Row[Any]) -> dict[str, Any]:
    return {
        "title": rows.title(offer, resolved),
        "catalog_version": offer.version,
        "catalog_version_id": offer.version_id,
        "bundle_parameters": dict(resolved.bundle_values),
        "item_parameters": {alias: dict(values) for alias, values in resolved.item_values.items()},
        "selected": dict(resolved.selected),
        "output_groups": rows.output_groups(offer, resolved),
        "owner_teams": sorted({*request.owner_teams, *rows.seen_by(prepared, offer)}),  # who was asked may still look
        "price": prepared.price.as_json() if prepared.price else None,
        "quota_takes": dict(prepared.takes),
    }


def _secrets_changed(before: secrets.Parts, after: secrets.Parts) -> list[tuple[str, str]]:
    """The places of secrets that are others now: their masks are the same."""
    places = {(part, name) for side in (before, after) for part, values in side.items() for name in values}
    own = [("" if part == secrets.OWN else part, name) for part, name in sorted(places)]
    return [
        place
        for place, (part, name) in zip(own, sorted(places), strict=True)
        if before.get(part, {}).get(name) != after.get(part, {}).get(name)
    ]
