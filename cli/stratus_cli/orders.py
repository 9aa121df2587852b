"""An order as JSON: values put in by path, and the portal's word on what it would come to."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from stratus_cli import values
from stratus_cli.entry import Entry, Part
from stratus_cli.exits import Exit, Stop
from stratus_cli.portal import Portal
from stratus_cli.values import setting

Order = dict[str, Any]
HEAD = frozenset({"version", "requester"})


def put(order: Order, place: Sequence[str], value: Any) -> None:
    """Put `value` at `place`. Raises Stop where something else than an object is on the way."""
    here: Any = order
    for name in place[:-1]:
        here = here.setdefault(name, {})
        if not isinstance(here, dict):
            raise Stop(Exit.INVALID, f"{'.'.join(place)} leads through {name}, which is not an object in this order.")
    here[place[-1]] = value


def get(order: Mapping[str, Any], place: Sequence[str]) -> Any:
    """What stands at `place`, None where nothing does."""
    here: Any = order
    for name in place:
        here = here.get(name) if isinstance(here, Mapping) else None
    return here


def named(order: Mapping[str, Any]) -> str:
    """What the order orders; empty where it does not say."""
    return str(order.get("catalog_bundle") or order.get("catalog_item") or "")


def assign(portal: Portal, order: Order, entry: Entry, text: str) -> None:
    """Put one `--set` into the order. The field that its path names says how the text is read. Raises Stop."""
    given = setting(text)
    place, field = _addressed(entry, given.names)
    put(order, place, upload(portal, given.file) if field.get("type") == "file" and given.file else given.value(field))


def validate(portal: Portal, order: Mapping[str, Any]) -> dict[str, Any]:
    """What the order would come to. Nothing is written. Raises Stop."""
    found: dict[str, Any] = portal.post("/requests/validate", order, again=True)
    return found


def upload(portal: Portal, name: str) -> str:
    """Send a file; what an order names it by. Raises Stop."""
    headers = {"Content-Type": "application/octet-stream"}
    sent = portal.send("/uploads", values.raw(name), headers, {"name": Path(name).name})
    return str(sent["upload_id"])


def included(order: Mapping[str, Any], part: Part) -> bool:
    """Whether the order takes a part: what it says of it, else what the bundle does."""
    said = get(order, (*part.place, "enabled")) if part.optional else True
    return part.default if said is None else bool(said)


def _addressed(entry: Entry, names: Sequence[str]) -> tuple[Sequence[str], Mapping[str, Any]]:
    """The place that a path means and the field there.

    `database_name`, `postgres.database_name`, `postgres-database.database_name` and the whole
    `item_parameters.postgres-database.database_name` name one place.
    """
    if names[0] in HEAD:
        return names, {"type": "string"}
    if names[0] == "item_parameters" and entry.kind == "bundle":
        names = names[1:]
    by_name = next((part for part in entry.parts if names and names[0] in part.names), None)
    if by_name is None:
        return _of_only(entry, names)
    return _inside(by_name, names[1:], ".".join(names))


def _of_only(entry: Entry, names: Sequence[str]) -> tuple[Sequence[str], Mapping[str, Any]]:
    """A path that names no part: a field of the entry itself."""
    own = entry.parts[0]
    known = {field["name"] for part in entry.parts for field in part.fields}
    if entry.kind == "bundle" and len(names) > 1:
        listed = ", ".join(sorted(name for part in entry.parts for name in part.names))
        raise Stop(Exit.INVALID, f"{names[0]} is no part of {entry.name}; there is {listed}.")
    holders = [part for part in entry.parts if names and any(field["name"] == names[0] for field in part.fields)]
    if own not in holders and len(holders) == 1 and names[0] in known:
        return _inside(holders[0], names, ".".join(names))
    if own not in holders and len(holders) > 1:
        listed = ", ".join(f"{part.place[-1]}.{names[0]}" for part in holders)
        raise Stop(Exit.INVALID, f"{names[0]} is a field of several parts: write one of {listed}.")
    return _inside(own, names, ".".join(names))


def _inside(part: Part, names: Sequence[str], written: str) -> tuple[Sequence[str], Mapping[str, Any]]:
    if not names:
        raise Stop(Exit.INVALID, f"--set {written}=… names a part and no field of it.")
    field = part.field(names[0])
    for name in names[1:]:
        inner = field.get("fields") or ()
        field = next((one for one in inner if one["name"] == name), {"type": "string"})
    return (*part.place, *names), field
