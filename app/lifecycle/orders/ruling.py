"""The approval rules of an offer, asked of one order: its own and those of the items that it takes."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.catalog.offers import Offer
from app.core.approvals import NeededApproval, Ruled, needed
from app.core.order import Resolved


def approvals_of(
    offer: Offer, resolved: Resolved, price: float | None, requester: Mapping[str, Any]
) -> Sequence[NeededApproval]:
    """Who must agree before the order is built; empty where nobody must.

    price: what the whole order costs a month, None where that is not known. requester: `{user_id, team, email}`.
    """
    return needed(_documents(offer, resolved), price, requester)


def _documents(offer: Offer, resolved: Resolved) -> list[Ruled]:
    taken = [item for item in offer.items if resolved.selected[item.alias]]
    items = [_item(item.owner, item.definition, resolved.item_values[item.alias]) for item in taken]
    if offer.kind == "item":
        return items
    scope = {
        "bundle": resolved.bundle_values,
        "items": {alias: {"selected": selected} for alias, selected in resolved.selected.items()},
    }
    return [Ruled(offer.owner, offer.definition.get("approval") or (), scope), *items]


def _item(owner: str, definition: Mapping[str, Any], values: Mapping[str, Any]) -> Ruled:
    return Ruled(owner, definition.get("approval") or (), {**values, "parameters": values})
