"""A document's data against the shape of its kind: its normalised form, or every fault of shape."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from app.catalog.outline import Outline, Part
from app.catalog.schema import CHECK_TYPES, KINDS, LATER, normalised
from app.catalog.yaml12 import Path, Text
from app.core.shapes import did_you_mean, shape_faults
from app.errors import Fault

TEXT_TYPES = frozenset({"string", "textarea"})
_REMEDIES: Mapping[Path, str] = {
    ("fulfillment",): "say how it is built; at least fulfillment.manual: {system: internal, template: {instructions: …}}",
    ("fulfillment", "manual"): "say how a person does it: {system: internal, template: {title: …, instructions: …}}",
    ("bundle",): "list its items under bundle.required_items and bundle.optional_items",
}


def shape(text: Text, outline: Outline) -> tuple[dict[str, Any] | None, list[Fault]]:
    """The normalised form of the document, or None and what is wrong with its shape.

    Numbers become text again, in `text.data` itself, where text is asked: `version: 1.10` has two digits after the dot.
    """
    for part in _with_defaults(outline):
        _default_as_text(text, part)
    ambiguous = list(_ambiguous(text, outline))
    definition, faults = _validated(text, outline.kind)
    return (None if ambiguous else definition), [*ambiguous, *faults]


def _validated(text: Text, kind: str) -> tuple[dict[str, Any] | None, list[Fault]]:
    model = KINDS[kind]
    while True:
        try:
            return normalised(model.model_validate(text.data)), []
        except ValidationError as error:
            faults = shape_faults(model, error, text.data)
        numbers = [fault.path for fault in faults if fault.message == "must be text" and fault.path in text.numbers]
        if not numbers:
            return None, [_explained(fault, kind, text.data) for fault in faults]
        for path in numbers:
            _as_text(text, path)


def _as_text(text: Text, path: Path) -> None:
    """Puts the number at `path` back as it was written."""
    container: Any = text.data
    for part in path[:-1]:
        container = container[part]
    container[path[-1]] = text.numbers.pop(path)


NOT_YET = "is part of the catalog format, but this version does not act on it yet"


def _explained(fault: Fault, kind: str, document: Any) -> Fault:
    if fault.code == "unknown_field" and fault.path[-1] in LATER:
        return Fault(fault.path, fault.code, NOT_YET, {"remedy": "take it away until it does"})
    if fault.path == ("limits",) and kind == "bundle":
        return Fault(fault.path, fault.code, fault.message, {"remedy": "write it into the items of the bundle"})
    if fault.path[:1] == ("fulfillment",) and fault.path[1:2] in [(key,) for key in CHECK_TYPES] and len(fault.path) == 3:
        return _of_check(fault, document)
    if fault.code == "required" and fault.path in _REMEDIES:
        return Fault(fault.path, fault.code, fault.message, {"remedy": _REMEDIES[fault.path]})
    return fault


def _of_check(fault: Fault, document: Any) -> Fault:
    """What is wrong with the type of a check, said at the type itself."""
    _, key, number = fault.path
    written = document["fulfillment"][key][number]
    known, path = CHECK_TYPES[str(key)], (*fault.path, "type")
    if not isinstance(written, Mapping):
        return fault
    if "type" not in written:
        return Fault(path, "required", "is missing", {"remedy": f"write one of {', '.join(known)}"})
    named = str(written["type"])
    return Fault(path, "oneof", f"must be one of {', '.join(known)}", {"remedy": did_you_mean(named, known)})


def _with_defaults(outline: Outline) -> Iterator[Part]:
    yield from outline.fields
    yield from outline.inputs.values()


def _choices(part: Part) -> Iterator[tuple[Path, Any]]:
    """The values that can be picked, with their paths."""
    for key in ("oneof", "options"):
        written = part.body.get(key)
        for number, choice in enumerate(written if isinstance(written, list) else []):
            if isinstance(choice, Mapping):
                yield (*part.path, key, number, "value"), choice.get("value")
            else:
                yield (*part.path, key, number), choice


def _default_as_text(text: Text, part: Part) -> None:
    path = (*part.path, "default")
    if path in text.numbers:
        asked = str(part.body.get("type")) in TEXT_TYPES
        if asked or text.numbers[path] in [value for _, value in _choices(part)]:
            _as_text(text, path)


def _ambiguous(text: Text, outline: Outline) -> Iterator[Fault]:
    """Choices such as 1.30, which as a number is 1.3: nobody means that."""
    for part in _with_defaults(outline):
        for path, value in _choices(part):
            written = text.numbers.get(path)
            if written is not None and isinstance(value, float) and written != str(value):
                message = f"the choice {written} is read as the number {value}"
                yield Fault(path, "number", message, {"remedy": f'write "{written}" if it is text, {value} if it is a number'})
