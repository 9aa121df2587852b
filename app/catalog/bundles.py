"""What a bundle says about its items, against what these items are: versions, fixed parameters, outputs."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from app.catalog.checks import ALIAS, field_of
from app.catalog.outline import Entry, Outline
from app.core.expressions import ExpressionError
from app.core.fields import check
from app.core.secrecy import holds_secret, touches
from app.core.shapes import did_you_mean
from app.core.step_params import is_template
from app.core.versions import check_range, check_version, newest
from app.errors import Fault

Library = Mapping[str, Mapping[str, Outline]]
"""Item name -> version -> the item at that version. An item whose version cannot be read has the version ''."""


def check_entries(outline: Outline, library: Library, bundles: set[str]) -> Iterator[Fault]:
    """Every fault of a bundle's items. library: all items there are; bundles: the names of all bundles."""
    yield from _aliases(outline)
    for entry in outline.entries:
        yield from _exists(entry, library, bundles)
        if item := pick(entry, library):
            yield from _fixed(entry, item)
            yield from _handed(outline, entry, item)


def pick(entry: Entry, library: Library) -> Outline | None:
    """The item that an order of this entry would take; None where that cannot be told."""
    versions = library.get(entry.body["catalog_item"], {})
    wanted = entry.body.get("version")
    if isinstance(wanted, str) and check_range(wanted) is None:
        readable = [version for version in versions if check_version(version) is None]
        found = newest(wanted, readable)
        return versions[found] if found else None
    return next(iter(versions.values()), None)


def outputs_of(outline: Outline, library: Library) -> dict[str, set[str] | None]:
    """Alias -> the outputs of that item; None where the item is not known, so that nothing is said about its outputs."""
    found: dict[str, set[str] | None] = {}
    for entry in reversed(outline.entries):
        item = pick(entry, library)
        found[entry.alias] = set(item.outputs) if item else None
    return found


def _aliases(outline: Outline) -> Iterator[Fault]:
    seen: set[str] = set()
    steps = {part.body["name"] for part in outline.steps}
    for entry in outline.entries:
        alias, key = entry.alias, "as" if "as" in entry.body else "catalog_item"
        remedy = {"remedy": "give the entry another `as`"}
        if alias in seen:
            yield Fault((*entry.path, key), "duplicate", f"there are two items called {alias}", remedy)
        elif alias == "bundle" or alias in steps:
            taken = "the bundle's own outputs" if alias == "bundle" else "one of the bundle's steps"
            yield Fault((*entry.path, key), "duplicate", f"{alias} is the name of {taken}", remedy)
        elif key == "catalog_item" and not ALIAS.fullmatch(alias):
            yield Fault((*entry.path, key), "alias", f"{alias} cannot be used in expressions", remedy)
        seen.add(alias)


def _exists(entry: Entry, library: Library, bundles: set[str]) -> Iterator[Fault]:
    name, wanted = entry.body["catalog_item"], entry.body.get("version")
    if name not in library:
        what = "is a bundle, not an item" if name in bundles else "is no item of this catalog"
        yield Fault((*entry.path, "catalog_item"), "unknown_item", f"{name} {what}", {"remedy": did_you_mean(name, library)})
        return
    readable = [version for version in library[name] if check_version(version) is None]
    if isinstance(wanted, str) and check_range(wanted) is None and readable and newest(wanted, readable) is None:
        message = f"no version of {name} fits {wanted}"
        yield Fault((*entry.path, "version"), "unresolvable", message, {"remedy": f"there is {', '.join(sorted(readable))}"})


def _fixed(entry: Entry, item: Outline) -> Iterator[Fault]:
    """Names that the item does not have, values that it would refuse, and inputs that nobody gives a value."""
    written = entry.body.get("parameters")
    fixed: Mapping[str, Any] = written if isinstance(written, Mapping) else {}
    known = item.parameters
    for name, value in fixed.items():
        path = (*entry.path, "parameters", name)
        if name not in known:
            message = f"{item.stem} has no input or field {name}"
            yield Fault(path, "unknown_field", message, {"remedy": did_you_mean(name, known)})
        elif not is_template(value):
            yield from _refused(path, name, value, known[name].body)
    for name, part in item.inputs.items():
        if part.body.get("required") is True and part.body.get("default") is None and name not in fixed:
            message = f"{item.stem} needs the input {name}"
            yield Fault(entry.path, "required", message, {"remedy": f"fix it under parameters: {name}"})


def _handed(outline: Outline, entry: Entry, item: Outline) -> Iterator[Fault]:
    """Secrets of the bundle that it hands to a field that is compared with those of other orders, or told a source."""
    own = {("bundle", part.body["name"]) for part in outline.fields if holds_secret(part.body)}
    sources = [part.body.get("options_from") for part in item.fields]
    told = {name for source in sources if isinstance(source, Mapping) for name in source.get("depends_on") or ()}
    values = [part.body.get("value") for part in item.checks if part.body.get("type") == "unique"]
    written = entry.body.get("parameters")
    for name, template in written.items() if own and isinstance(written, Mapping) else ():
        part = item.parameters.get(name)
        compared = (part and part.body.get("unique")) or any(
            _touches(value, {(name,), ("parameters", name)}) for value in values
        )
        what = "is unique" if compared else "is part of an address" if name in told else None
        if what and _touches(template, own):
            message = f"{name} {what}: a secret of the bundle may not stand there"
            yield Fault((*entry.path, "parameters", name), "secret", message, {"remedy": "hand it to another field"})


def _touches(template: Any, names: Collection[tuple[str, ...]]) -> bool:
    try:
        return touches(template, names)
    except ExpressionError:
        return False  # That it cannot be read is told elsewhere.


def _refused(path: tuple[str | int, ...], name: str, value: Any, definition: Mapping[str, Any]) -> Iterator[Fault]:
    field = field_of(name, definition)
    if field is None:
        return
    visible = field.model_copy(update={"visible_when": None, "conditional": None})
    for fault in check([visible], {name: value}).faults:
        yield Fault(path, fault.code, f"{name} {fault.message}", {"remedy": "write a value that the item takes"})
