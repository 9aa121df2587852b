"""The order that a stored request came of, from its rows: to be written anew, or filled into a form. Without its secrets."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, Row, select

from app.core.kept_orders import KeptEntry, KeptItem, order_again
from app.models.tables import ITEM, VERSION


def order_of(connection: Connection, request: Row[Any]) -> dict[str, Any]:
    """The order as a client would post it, for the team that asked, at the version that was taken. request: its row."""
    entry = entry_of(connection, request)
    return order_again(
        entry, request.requester_team, request.bundle_parameters, request.item_parameters, dict(request.selected)
    )


def entry_of(connection: Connection, request: Row[Any]) -> KeptEntry:
    """What a request took, at the versions that it took. request: its row."""
    definition = connection.execute(select(VERSION.c.definition).where(VERSION.c.id == request.catalog_version_id)).scalar_one()
    taken = _taken(connection, request)
    items = _of_bundle(definition["bundle"], taken) if request.catalog_kind == "bundle" else _alone(taken)
    return KeptEntry(request.catalog_kind, request.catalog_name, request.catalog_version, definition, items)


def _taken(connection: Connection, request: Row[Any]) -> dict[str, Any]:
    rows = connection.execute(
        select(ITEM.c.alias, ITEM.c.catalog_item, ITEM.c.title, VERSION.c.definition)
        .join(VERSION, VERSION.c.id == ITEM.c.catalog_version_id)
        .where(ITEM.c.request_id == request.id)
    )
    return {row.alias: row for row in rows}


def _alone(taken: Mapping[str, Any]) -> list[KeptItem]:
    return [KeptItem(row.alias, row.catalog_item, row.title, True, row.definition) for row in taken.values()]


def _of_bundle(bundle: Mapping[str, Any], taken: Mapping[str, Any]) -> list[KeptItem]:
    """The entries of a bundle; of an item that was left out nothing is known but its name."""
    found = []
    for key in ("required_items", "optional_items"):
        for one in bundle.get(key) or ():
            row = taken.get(one["as"])
            title, definition = (row.title, row.definition) if row else (one["catalog_item"], {})
            required, fixed = key == "required_items", one.get("parameters") or {}
            found.append(KeptItem(one["as"], one["catalog_item"], title, required, definition, fixed))
    return found
