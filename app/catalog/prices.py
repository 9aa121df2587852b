"""What an offer costs as it was answered, and what it takes of quotas: documents and answers, as the core counts them."""

from collections.abc import Mapping
from typing import Any

from app.catalog.offers import Offer, OfferItem
from app.core.cost import Part, Price, quote
from app.core.order import Resolved, resolve, resolve_item
from app.core.quota import Taking
from app.core.secrecy import Definition, is_secret, secret_fields, secret_places

BUNDLE = "bundle"


def price_of(offer: Offer, resolved: Resolved) -> Price | None:
    """What an order costs; None where nothing of it has a price. Never raises, however wrong the answers are."""
    places = secret_places(offer)
    parts = [_item_part(item, resolved, places[item.alias]) for item in _selected(offer, resolved)]
    if offer.kind == BUNDLE and offer.definition.get("cost"):
        values = _open(places[BUNDLE], resolved.bundle_values)
        parts.append(Part(BUNDLE, offer.title, offer.definition["cost"], values, {BUNDLE: values}))
    return quote(parts)


def takings(offer: Offer, resolved: Resolved) -> list[Taking]:
    """The selected items of an order as quotas see them."""
    places = secret_places(offer)
    return [
        Taking(
            catalog_item=item.catalog_item,
            title=item.title,
            owner=item.owner,
            quota=item.definition.get("quota") or {},
            limits=item.definition.get("limits") or {},
            scope=_scope(_open(places[item.alias], resolved.item_values.get(item.alias, {}))),
        )
        for item in _selected(offer, resolved)
    ]


def price_from(offer: Offer) -> dict[str, Any] | None:
    """What an order with nothing but defaults costs, `{currency, per, total}`; None where that cannot be worked out."""
    return _least(price_with_defaults(offer))


def price_with_defaults(offer: Offer) -> Price | None:
    """What an order with nothing but defaults costs; None where nothing of it has a price."""
    if offer.kind == BUNDLE:
        return price_of(offer, resolve(offer.definition, [item.order_item() for item in offer.items], {}, {}))
    return price_of(offer, resolve_item(offer.definition, {}, alias=offer.items[0].alias))


def item_price_from(title: str, definition: Mapping[str, Any]) -> dict[str, Any] | None:
    """The same of an item's document alone."""
    values = _open(secret_fields(definition), resolve_item(definition, {}).item_values["item"])
    return _least(quote([Part("item", title, definition.get("cost"), values, _scope(values))]))


def _least(price: Price | None) -> dict[str, Any] | None:
    if price is None or price.total is None:
        return None
    told = price.as_json()
    return {key: told[key] for key in ("currency", "per", "total")}


def _selected(offer: Offer, resolved: Resolved) -> list[OfferItem]:
    return [item for item in offer.items if resolved.selected.get(item.alias)]


def _item_part(item: OfferItem, resolved: Resolved, secret: Mapping[str, Definition]) -> Part:
    values = _open(secret, resolved.item_values.get(item.alias, {}))
    return Part(item.alias, item.title, item.definition.get("cost"), values, _scope(values))


def _scope(values: Mapping[str, Any]) -> dict[str, Any]:
    return {**values, "parameters": values}


def _open(secret: Mapping[str, Definition], values: Mapping[str, Any]) -> dict[str, Any]:
    """The answers that may stand in the label of a price: no secret one. secret: the fields that are, or hold something so."""
    return {name: value for name, value in values.items() if not (name in secret and is_secret(secret[name]))}
