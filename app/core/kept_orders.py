"""Orders that are kept and not sent: what was taken out of them, what was asked in them, and an order made of a request again.

Everything here is plain data: an order is the JSON object that a client posts.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.order import ENABLED
from app.core.secrecy import Ordered, fields_of, secret_fields
from app.errors import Fault

NAMES_OF_KIND: Mapping[str, str] = {"item": "catalog_item", "bundle": "catalog_bundle"}
"""The key under which an order names its entry."""

Definition = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class KeptItem:
    """One item of an entry at a version. fixed: what the bundle sets."""

    alias: str
    catalog_item: str
    title: str
    required: bool
    definition: Definition
    fixed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class KeptEntry:
    """An entry at a version, as far as its document tells: also one that is not on offer any more."""

    kind: str
    name: str
    version: str
    definition: Definition
    items: Sequence[KeptItem]
    title: str = ""

    @property
    def keys(self) -> dict[str, str]:
        """By alias, the key under which an order holds an item: its name, or the alias where it is in the bundle twice."""
        counts = Counter(item.catalog_item for item in self.items)
        return {item.alias: item.catalog_item if counts[item.catalog_item] == 1 else item.alias for item in self.items}


def taken_out(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """JSON pointers of what `before` has and `after` has not."""
    return [Fault(path, "", "").pointer for path in _gone(before, after, ())]


def only_known(offer: Ordered, order: Mapping[str, Any]) -> dict[str, Any]:
    """A posted order without what nobody asked for, where secrets are asked: under a mistyped name may stand one of them.

    Never raises, whatever was posted.
    """
    if not any(map(secret_fields, (offer.definition, *(item.definition for item in offer.items)))):
        return dict(order)
    own = {field["name"]: field for field in fields_of(offer.definition)}
    made = {key: order[key] for key in (*NAMES_OF_KIND.values(), "version") if isinstance(order.get(key), str)}
    if isinstance(said := order.get("requester"), Mapping):
        made["requester"] = {key: said[key] for key in ("user_id", "team", "email") if isinstance(said.get(key), str)}
    key = "parameters" if offer.kind == "item" else "bundle_parameters"
    if isinstance(answers := order.get(key), Mapping):
        made[key] = _known(own, answers)
    if offer.kind == "bundle" and isinstance(items := order.get("item_parameters"), Mapping):
        named = {name: [one for one in offer.items if name in (one.alias, one.catalog_item)] for name in items}
        made["item_parameters"] = {
            name: _known({field["name"]: field for one in found for field in fields_of(one.definition)}, items[name])
            | ({ENABLED: items[name][ENABLED]} if isinstance(items[name].get(ENABLED), bool) else {})
            for name, found in named.items()
            if found and isinstance(items[name], Mapping)
        }
    return made


def _known(fields: Mapping[str, Definition], answers: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _known_inside(fields[name], value) for name, value in answers.items() if name in fields}


def _known_inside(field: Definition, value: Any) -> Any:
    """An answer without strangers inside lists and objects."""
    if field.get("type") == "object" and isinstance(value, Mapping):
        return _known({one["name"]: one for one in field.get("fields") or ()}, value)
    if field.get("type") == "list" and isinstance(value, list):
        return [_known_inside(field.get("of") or {}, one) for one in value]
    return value


def asked(definition: Definition, fixed: Collection[str] = ()) -> list[Definition]:
    """The questions of a document's form, as it writes them: not what is hidden, readonly or fixed by the bundle."""
    presentation = definition.get("presentation") or {}
    form = [*(presentation.get("bundle_fields") or ()), *(presentation.get("fields") or ())]
    return [one for one in form if one["name"] not in fixed and not one.get("hidden") and not one.get("readonly")]


def order_again(
    entry: KeptEntry,
    team: str,
    bundle_values: Mapping[str, Any],
    item_values: Mapping[str, Mapping[str, Any]],
    selected: Mapping[str, bool],
) -> dict[str, Any]:
    """The order that a stored request came of, without its secrets, defaults and all: values by name, items by alias."""
    order: dict[str, Any] = {NAMES_OF_KIND[entry.kind]: entry.name, "version": entry.version}
    if entry.kind == "item":
        item = entry.items[0]
        order["parameters"] = _answers(item.definition, (), item_values.get(item.alias, {}))
    else:
        order["bundle_parameters"] = _answers(entry.definition, (), bundle_values)
        order["item_parameters"] = {
            entry.keys[item.alias]: _of_item(item, item_values, selected.get(item.alias, item.required)) for item in entry.items
        }
    return {**order, "requester": {"team": team}}


def with_answers(order: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """An order with more answers over its own: objects are merged, everything else is replaced."""
    made = dict(order)
    for key, value in more.items():
        own = made.get(key)
        made[key] = with_answers(own, value) if isinstance(own, Mapping) and isinstance(value, Mapping) else value
    return made


def _of_item(item: KeptItem, values: Mapping[str, Mapping[str, Any]], taken: bool) -> dict[str, Any]:
    answers = _answers(item.definition, item.fixed, values.get(item.alias, {})) if taken else {}
    return answers if item.required else {ENABLED: taken, **answers}


def _answers(definition: Definition, fixed: Collection[str], values: Mapping[str, Any]) -> dict[str, Any]:
    secret = secret_fields(definition)
    names = [one["name"] for one in asked(definition, fixed) if one["name"] not in secret]
    return {name: values[name] for name in names if values.get(name) is not None}


def _gone(before: Any, after: Any, path: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key, value in before.items():
            if key not in after:
                yield (*path, key)
            else:
                yield from _gone(value, after[key], (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        if len(before) != len(after):
            yield path
            return
        for index, (one, other) in enumerate(zip(before, after, strict=True)):
            yield from _gone(one, other, (*path, index))
