"""What an order may take: an entry at a version, with the items of a bundle pinned to the newest active versions that fit."""

import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ARRAY, Connection, Select, String, and_, bindparam, func, select

from app.catalog.kept_versions import VERSIONS, Pinned
from app.core.order import OrderItem
from app.core.versions import newest
from app.errors import Fault
from app.models.tables import CATALOG_BUNDLE, CATALOG_ITEM, VERSION

ENTRY = {"item": CATALOG_ITEM, "bundle": CATALOG_BUNDLE}


def _entry_of(kind: str) -> Select[Any]:
    """An entry with the key of the wanted version, by default its current one; null where there is no such version, active."""
    table = ENTRY[kind]
    wanted = func.coalesce(bindparam("version", type_=String()), table.c.version)
    same = (VERSION.c.kind == kind, VERSION.c.name == table.c.name, VERSION.c.version == wanted, VERSION.c.active)
    columns = (VERSION.c.id, table.c.active.label("offered"), table.c.access)
    return select(*columns).select_from(table).outerjoin(VERSION, and_(*same)).where(table.c.name == bindparam("name"))


_ENTRIES = {kind: _entry_of(kind) for kind in ENTRY}
_ACTIVE_ITEMS = select(VERSION.c.id, VERSION.c.name, VERSION.c.version).where(
    VERSION.c.kind == "item", VERSION.c.active, VERSION.c.name == func.any(bindparam("names", type_=ARRAY(String())))
)


@dataclass(frozen=True, slots=True)
class OfferItem:
    """One item of an offer, at its pinned version."""

    alias: str
    catalog_item: str
    version: str
    version_id: uuid.UUID
    title: str
    owner: str
    description: str
    required: bool
    default_enabled: bool
    fixed: Mapping[str, Any]
    depends_on: tuple[str, ...]
    definition: Mapping[str, Any]
    modules: Mapping[str, str]
    help_text: str | None = None

    def order_item(self) -> OrderItem:
        """The same, as `core.order` takes it."""
        return OrderItem(
            alias=self.alias,
            catalog_item=self.catalog_item,
            version=self.version,
            required=self.required,
            default_enabled=self.default_enabled,
            fixed=self.fixed,
            definition=self.definition,
        )


@dataclass(frozen=True, slots=True)
class Offer:
    """An entry that can be ordered. kind: `item` (then `items` is itself, alone) or `bundle`."""

    kind: str
    name: str
    title: str
    version: str
    version_id: uuid.UUID
    owner: str
    definition: Mapping[str, Any]
    modules: Mapping[str, str]
    items: Sequence[OfferItem]
    access: Mapping[str, Any] | None = None
    """Who may order it, as its current version says: what an older one said does not count any more."""

    @property
    def fields(self) -> list[Mapping[str, Any]]:
        """The fields of the entry itself, as its document has them."""
        presentation = self.definition.get("presentation") or {}
        return list(presentation.get("bundle_fields" if self.kind == "bundle" else "fields") or ())

    @property
    def naming_fields(self) -> list[str]:
        """Names of the text fields that may give a request its name: the required ones, in order."""
        return [f["name"] for f in self.fields if f.get("type") == "string" and f.get("required") and not f.get("sensitive")]


def find(connection: Connection, order: Mapping[str, Any]) -> tuple[Offer | None, list[Fault]]:
    """The offer that an order names, or faults that say what is unknown: entry, version, or an item no version fits.

    Cost: one SELECT for an item, two for a bundle however many items it has, and one for versions that were not read before.
    """
    kind, key = ("item", "catalog_item") if "catalog_bundle" not in order else ("bundle", "catalog_bundle")
    name, version = order.get(key), order.get("version")
    if not isinstance(name, str) or not (version is None or isinstance(version, str)):
        return None, []
    entry = connection.execute(_ENTRIES[kind], {"name": name, "version": version}).one_or_none()
    if entry is None or not entry.offered:
        return None, [Fault((key,), "unknown_entry", f"there is no {kind} {name} in the catalog")]
    if entry.id is None:
        known = ", ".join(_versions(connection, kind, name))
        return None, [Fault(("version",), "unknown_version", f"does not exist; there is {known}", {"oneof": known.split(", ")})]
    pinned = VERSIONS.read(connection, [entry.id])[entry.id]
    if kind == "item":
        return _item_offer(pinned, entry.access), []
    return _bundle_offer(connection, pinned, entry.access)


def current(connection: Connection, kind: str, name: str) -> Offer | None:
    """The offer of an entry at its current version, or None where there is none."""
    offer, _ = find(connection, {f"catalog_{kind}": name})
    return offer


def _versions(connection: Connection, kind: str, name: str) -> list[str]:
    return list(
        connection.scalars(
            select(VERSION.c.version)
            .where(VERSION.c.kind == kind, VERSION.c.name == name, VERSION.c.active)
            .order_by(VERSION.c.created_at.desc())
        )
    )


def _item_offer(pinned: Pinned, access: Mapping[str, Any] | None) -> Offer:
    item = _offer_item(pinned, {"as": pinned.name.replace("-", "_")}, required=True)
    return _offer("item", pinned, access, [item])


def _offer(kind: str, pinned: Pinned, access: Mapping[str, Any] | None, items: Sequence[OfferItem]) -> Offer:
    return Offer(
        kind=kind,
        name=pinned.name,
        title=pinned.title,
        version=pinned.version,
        version_id=pinned.id,
        owner=pinned.owner,
        definition=pinned.definition,
        modules=pinned.modules,
        items=items,
        access=access,
    )


def _offer_item(pinned: Pinned, entry: Mapping[str, Any], *, required: bool) -> OfferItem:
    return OfferItem(
        alias=entry["as"],
        catalog_item=pinned.name,
        version=pinned.version,
        version_id=pinned.id,
        title=pinned.title,
        owner=pinned.owner,
        description=pinned.definition.get("description", ""),
        required=required,
        default_enabled=required or bool(entry.get("default_enabled")),
        fixed=entry.get("parameters") or {},
        depends_on=tuple(entry.get("depends_on") or ()),
        definition=pinned.definition,
        modules=pinned.modules,
        help_text=entry.get("help_text"),
    )


def _bundle_offer(connection: Connection, pinned: Pinned, access: Mapping[str, Any] | None) -> tuple[Offer | None, list[Fault]]:
    items: list[OfferItem] = []
    faults: list[Fault] = []
    bundle = pinned.definition["bundle"]
    entries = [(entry, True) for entry in bundle.get("required_items", ())]
    entries += [(entry, False) for entry in bundle.get("optional_items", ())]
    fitting = _fitting(connection, [(entry["catalog_item"], entry["version"]) for entry, _ in entries])
    for (entry, required), found in zip(entries, fitting, strict=True):
        if found is None:
            message = f"no active version of {entry['catalog_item']} fits {entry['version']}"
            faults.append(Fault(("catalog_bundle",), "unresolvable", message))
        else:
            items.append(_offer_item(found, entry, required=required))
    return (None if faults else _offer("bundle", pinned, access, items)), faults


def _fitting(connection: Connection, wanted: Sequence[tuple[str, str]]) -> list[Pinned | None]:
    """For each (item, range) the newest active version that fits, or None."""
    versions: dict[str, dict[str, uuid.UUID]] = defaultdict(dict)
    for row in connection.execute(_ACTIVE_ITEMS, {"names": sorted({name for name, _ in wanted})}):
        versions[row.name][row.version] = row.id
    chosen = [versions[name].get(newest(fits, list(versions[name])) or "") for name, fits in wanted]
    found = VERSIONS.read(connection, [key for key in chosen if key is not None])
    return [found.get(key) if key is not None else None for key in chosen]
