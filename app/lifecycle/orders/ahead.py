"""What is to be seen of an order before it is sent: where its values came from, and which preflights hold already.

For whoever looks ahead; a submit needs none of it and does not pay for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.catalog.offers import Offer, OfferItem
from app.core.foresight import asked_now
from app.core.house_checks import Held, Seen
from app.core.order import Resolved
from app.core.plan import PlannedStep
from app.core.sources import Source, sources
from app.lifecycle.caller import Caller
from app.lifecycle.orders.looking_up import Checked, Lookups, digest_of
from app.lifecycle.orders.preparing import Prepared

OWN = "bundle"


@dataclass(frozen=True, slots=True)
class Ahead:
    """sources: by alias, and `bundle`, where each value came from. asked: by id of a preflight, what it sees now."""

    sources: Mapping[str, Mapping[str, Source]]
    asked: Mapping[str, Seen]


def look_ahead(prepared: Prepared, caller: Caller, order: Mapping[str, Any], outside: Lookups) -> Ahead:
    """What `prepared` does not say of the order it was made from; empty for an unknown entry.

    Cost: one SELECT for each check `unique`, and nothing for all others.
    """
    offer, resolved = prepared.offer, prepared.resolved
    if offer is None or resolved is None:
        return Ahead({}, {})
    person, readable = caller.person, _readable(resolved, prepared)
    requester = {"user_id": person.user_id, "team": prepared.team, "email": person.email}
    scopes = _scopes(offer, readable, requester)

    def taken(row: PlannedStep, value: Any) -> Held | None:
        template = row.config["template"]
        digest = digest_of(_whose(offer, row), template["named"], value, template["among"], prepared.team)
        return outside.held(person, [digest]).get(digest)

    return Ahead(_sources(offer, resolved, order), asked_now(prepared.steps, scopes, prepared.quotas, taken))


def _whose(offer: Offer, row: PlannedStep) -> Checked:
    names = {item.alias: item.catalog_item for item in offer.items}
    return Checked("bundle", offer.name) if row.item_alias is None else Checked("item", names[row.item_alias])


def _readable(resolved: Resolved, prepared: Prepared) -> Resolved:
    """Without what is only a mask of a secret: an expression over it is left to the worker, who knows it."""

    def without(values: Mapping[str, Any], key: str) -> dict[str, Any]:
        return {name: value for name, value in values.items() if name not in prepared.secret.get(key, {})}

    items = {alias: without(values, alias) for alias, values in resolved.item_values.items()}
    return replace(resolved, bundle_values=without(resolved.bundle_values, OWN), item_values=items)


def _sources(offer: Offer, resolved: Resolved, order: Mapping[str, Any]) -> dict[str, dict[str, Source]]:
    """By alias, and `bundle`: where each value of the order came from; of selected items only."""
    found: dict[str, dict[str, Source]] = {}
    if offer.kind == "bundle":
        form, sent = resolved.forms[OWN], _mapping(order.get("bundle_parameters"))
        found[OWN] = sources(form.fields, (), sent, resolved.bundle_values, {}, form.hidden)
    for item in offer.items:
        if resolved.selected[item.alias]:
            only_fixed = item.definition.get("inputs") or {}
            form, values = resolved.forms[item.alias], resolved.item_values.get(item.alias, {})
            asked = [one for one in form.fields if one.name not in only_fixed]
            inputs = [one for one in form.fields if one.name in only_fixed]
            found[item.alias] = sources(asked, inputs, _sent(offer, item, order), values, item.fixed, form.hidden)
    return found


def _scopes(offer: Offer, resolved: Resolved, requester: Mapping[str, Any]) -> dict[str | None, dict[str, Any]]:
    """What expressions may read before there is a request, by alias; None is the bundle itself."""
    known = {"requester": dict(requester)}
    found: dict[str | None, dict[str, Any]] = {
        item.alias: {
            **resolved.item_values.get(item.alias, {}),
            **known,
            "parameters": resolved.item_values.get(item.alias, {}),
            "catalog_item": {"name": item.catalog_item, "version": item.version, "owner": item.owner},
        }
        for item in offer.items
    }
    selected = {alias: {"selected": chosen} for alias, chosen in resolved.selected.items()}
    found[None] = {**known, "bundle": resolved.bundle_values, "parameters": resolved.bundle_values, "items": selected}
    return found


def _sent(offer: Offer, item: OfferItem, order: Mapping[str, Any]) -> Mapping[str, Any]:
    """What was sent for an item, under its name or its alias."""
    if offer.kind == "item":
        return _mapping(order.get("parameters"))
    sent = _mapping(order.get("item_parameters"))
    return _mapping(sent.get(item.catalog_item, sent.get(item.alias)))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
