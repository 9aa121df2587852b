"""What an order may be made of again: a stored request, and an entry at a version that may not be on offer any more."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from app.catalog.offers import Offer
from app.core.access import Person, may_see_request
from app.core.kept_orders import KeptEntry, KeptItem
from app.core.order_changes import Change, answers_of, changes
from app.errors import NotFound
from app.lifecycle.orders import again
from app.models.tables import REQUEST, VERSION


def order_of_request(connection: Connection, person: Person, request_id: str) -> dict[str, Any]:
    """The order of a request without its secrets. Raises NotFound, also for a request that the person may not see."""
    row = connection.execute(select(REQUEST).where(REQUEST.c.request_id == request_id)).one_or_none()
    if row is None or not may_see_request(person, row.requester_team, row.owner_teams):
        raise NotFound(f"There is no request {request_id}, or none that you may see.")
    return again.order_of(connection, row)


def drift(
    connection: Connection, offer: Offer, version: str, versions: Mapping[str, str], order: Mapping[str, Any]
) -> list[Change]:
    """What changed for an order since it was written for `version`, with its items at `versions` by alias."""
    if version == offer.version and dict(versions) == {item.alias: item.version for item in offer.items}:
        return []
    before = entry_at(connection, offer.kind, offer.name, version, versions)
    if before is None:
        return []
    found = changes(before, entry_on_offer(offer), answers_of(before, order))
    # An item whose version then is not known was there, all the same.
    bundle = before.definition.get("bundle") or {}
    known = {one["as"] for key in ("required_items", "optional_items") for one in bundle.get(key) or ()}
    return [one for one in found if one.kind != "item_added" or one.part not in known]


def entry_on_offer(offer: Offer) -> KeptEntry:
    """What is on offer now, as a document that can be compared with an older one."""
    items = [
        KeptItem(item.alias, item.catalog_item, item.title, item.required, item.definition, item.fixed) for item in offer.items
    ]
    return KeptEntry(offer.kind, offer.name, offer.version, offer.definition, items, offer.title)


def entry_at(
    connection: Connection, kind: str, name: str, version: str, versions: Mapping[str, str] | None = None
) -> KeptEntry | None:
    """An entry at a version, on offer or not; None where none was ever synced. versions: of its items, by alias.

    An item whose version is not named, or not known, is left out.
    """
    entry = _version(connection, kind, name, version)
    if entry is None:
        return None
    definition = entry.definition
    if kind == "item":
        alias = name.replace("-", "_")
        return KeptEntry(kind, name, version, definition, [KeptItem(alias, name, entry.title, True, definition)], entry.title)
    return KeptEntry(kind, name, version, definition, _items(connection, definition["bundle"], versions or {}), entry.title)


def _items(connection: Connection, bundle: Mapping[str, Any], versions: Mapping[str, str]) -> list[KeptItem]:
    entries = [(one, True) for one in bundle.get("required_items") or ()]
    entries += [(one, False) for one in bundle.get("optional_items") or ()]
    items = []
    for one, required in entries:
        name, alias = one["catalog_item"], one["as"]
        found = _version(connection, "item", name, versions[alias]) if alias in versions else None
        if found is not None:
            items.append(KeptItem(alias, name, found.title, required, found.definition, one.get("parameters") or {}))
    return items


def _version(connection: Connection, kind: str, name: str, version: str) -> Row[Any] | None:
    """Title and document of a version."""
    statement: Select[Any] = select(VERSION.c.title, VERSION.c.definition)
    named = (VERSION.c.kind == kind, VERSION.c.name == name, VERSION.c.version == version)
    return connection.execute(statement.where(*named)).one_or_none()
