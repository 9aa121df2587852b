"""What a newer version of an entry means for an order that was written for an older one. Pure: documents in, changes out."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from app.core.fields import Field, check
from app.core.kept_orders import KeptEntry, asked

Kind = Literal["item_added", "item_removed", "field_added", "field_removed", "invalid", "default"]
Answers = Mapping[str, Mapping[str, Any]]
"""By part: `bundle` and the aliases, or the alias of an item alone."""

OWN = "bundle"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that changed. part: where; title: of the part; field, label: of what, empty for a whole item.

    message: a sentence part that reads after the label. before, after: what was answered and lost, or the two defaults.
    """

    kind: Kind
    part: str
    title: str
    field: str
    label: str
    message: str
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class _Part:
    title: str
    fields: Mapping[str, Field]
    required: bool


def changes(before: KeptEntry, after: KeptEntry, answers: Answers) -> list[Change]:
    """What changed between two versions of one entry, as far as it concerns an order with these answers."""
    old, new = _parts(before), _parts(after)
    found = [_item("item_removed", key, part) for key, part in old.items() if key not in new]
    for key, part in new.items():
        if key not in old:
            found.append(_item("item_added", key, part))
        else:
            found += _of_part(key, old[key], part, answers.get(key) or {})
    return found


def answers_of(entry: KeptEntry, order: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The answers of a posted order by part; what is no object counts as none."""
    if entry.kind == "item":
        return {entry.items[0].alias: _mapping(order.get("parameters"))}
    given = _mapping(order.get("item_parameters"))
    items = {item.alias: _mapping(given.get(entry.keys[item.alias], given.get(item.alias))) for item in entry.items}
    return {OWN: _mapping(order.get("bundle_parameters")), **items}


def _parts(entry: KeptEntry) -> dict[str, _Part]:
    parts = {item.alias: _Part(item.title, _fields(item.definition, item.fixed), item.required) for item in entry.items}
    return parts if entry.kind == "item" else {OWN: _Part("", _fields(entry.definition, ()), True), **parts}


def _fields(definition: Mapping[str, Any], fixed: Any) -> dict[str, Field]:
    return {one["name"]: Field.model_validate(one) for one in asked(definition, fixed)}


def _item(kind: Kind, key: str, part: _Part) -> Change:
    if kind == "item_removed":
        return Change(kind, key, part.title, "", "", "is not part of it any more")
    return Change(kind, key, part.title, "", "", "is new, always included" if part.required else "is new, if you want it")


def _of_part(key: str, old: _Part, new: _Part, answers: Mapping[str, Any]) -> Iterator[Change]:
    for name, field in old.fields.items():
        if name not in new.fields:
            lost = answers.get(name)
            message = "is not asked any more" + ("" if lost is None else "; your answer was left out")
            yield Change("field_removed", key, new.title, name, field.label, message, before=lost)
    wrong = _wrong(list(new.fields.values()), answers)
    wrong_before = _wrong(list(old.fields.values()), answers)
    for name, field in new.fields.items():
        if name not in old.fields:
            yield _added(key, new, field)
        elif name in answers and name in wrong and name not in wrong_before:
            yield Change("invalid", key, new.title, name, field.label, wrong[name], before=answers[name])
        elif field.default != old.fields[name].default and answers.get(name) in (None, old.fields[name].default):
            yield _default(key, new, old.fields[name], field, answers.get(name))


def _added(key: str, part: _Part, field: Field) -> Change:
    must = field.required and field.default is None
    message = "is new and must be answered" if must else "is new"
    return Change("field_added", key, part.title, field.name, field.label, message, after=_seen(field))


def _default(key: str, part: _Part, old: Field, new: Field, answer: Any) -> Change:
    kept = " Yours stays as it was." if answer is not None else ""
    message = f"has another default now.{kept}"
    return Change("default", key, part.title, new.name, new.label, message, before=_seen(old), after=_seen(new))


def _seen(field: Field) -> Any:
    return None if field.sensitive else field.default


def _wrong(fields: Sequence[Field], answers: Mapping[str, Any]) -> dict[str, str]:
    """By field, what is wrong with its answer; what is missing is told elsewhere."""
    known = {field.name: answers[field.name] for field in fields if answers.get(field.name) is not None}
    faults = [fault for fault in check(fields, known).faults if fault.code not in ("required", "unknown_field")]
    return {str(fault.path[0]): fault.message for fault in reversed(faults)}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
