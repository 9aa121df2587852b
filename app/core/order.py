"""What an order comes to once its answers are judged: values of the bundle and its items, the chosen items, every fault."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.expressions import ExpressionError, references, render
from app.core.fields import Field, check, unknown_fields, with_blanks
from app.errors import Fault, under

ENABLED = "enabled"


@dataclass(frozen=True, slots=True)
class OrderItem:
    """One item of a bundle at its pinned version. fixed: the bundle's `parameters` for it, maybe templates over `bundle.*`."""

    alias: str
    catalog_item: str
    version: str
    required: bool
    default_enabled: bool
    fixed: Mapping[str, Any]
    definition: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The order as it would be stored, keyed by alias.

    Values hold every declared name, with None where there is no answer, so that templates may name each of them; an item
    that is not selected has none. fixed: what the bundle sets, worked out. faults: everything wrong, with paths of the order.
    """

    bundle_values: dict[str, Any]
    item_values: dict[str, dict[str, Any]]
    selected: dict[str, bool]
    faults: tuple[Fault, ...]
    fixed: dict[str, dict[str, Any]] = field(default_factory=dict)


def resolve(
    bundle_definition: Mapping[str, Any] | None,
    items: Sequence[OrderItem],
    bundle_parameters: Mapping[str, Any],
    item_parameters: Mapping[str, Any],
) -> Resolved:
    """Judge the order of a bundle. Never raises, whatever the parameters are.

    item_parameters: by `catalog_item`, or by alias; paths of faults are ``("item_parameters", <key as written>, <field>)``.
    """
    form = _fields((bundle_definition or {}).get("presentation", {}).get("bundle_fields", ()))
    bundle = check(form, bundle_parameters, own="bundle")
    values = with_blanks(form, bundle.values)
    faults = under(bundle.faults, "bundle_parameters")
    if not isinstance(item_parameters, Mapping):
        faults.append(Fault(("item_parameters",), "type", "must be an object"))
        item_parameters = {}
    sent, strangers = _addressed(items, item_parameters)
    faults += strangers
    orders = [_Order(item, *sent[item.alias]) for item in items]
    for order in orders:
        order.judge({"bundle": values}, bundle_is_sound=not bundle.faults)
        faults += order.faults
    return Resolved(
        bundle_values=values,
        item_values={order.item.alias: order.values for order in orders},
        selected={order.item.alias: order.selected for order in orders},
        faults=tuple(faults),
        fixed={order.item.alias: order.fixed for order in orders},
    )


def resolve_item(definition: Mapping[str, Any], parameters: Mapping[str, Any], *, alias: str = "item") -> Resolved:
    """Judge the order of one item by itself; paths are ``("parameters", <field>)``. Never raises for any parameters."""
    form = _fields(definition.get("presentation", {}).get("fields", ()))
    values, faults = _answered(form, _inputs(definition), parameters, {})
    return Resolved({}, {alias: values}, {alias: True}, tuple(under(faults, "parameters")), {alias: {}})


def _fields(definitions: Sequence[Mapping[str, Any]]) -> list[Field]:
    return [Field.model_validate(definition) for definition in definitions]


def _inputs(definition: Mapping[str, Any]) -> list[Field]:
    return [Field.model_validate({**spec, "name": name}) for name, spec in definition.get("inputs", {}).items()]


def _addressed(
    items: Sequence[OrderItem], item_parameters: Mapping[str, Any]
) -> tuple[dict[str, tuple[str, Any]], list[Fault]]:
    """By alias, the key that addresses each item and what was sent under it; and the keys that address none."""
    names = _names(items)
    keys = {alias: key for key, alias in reversed(names.items()) if alias is not None}
    sent: dict[str, tuple[str, Any]] = {item.alias: (keys[item.alias], {}) for item in items}
    faults, taken = [], set()
    for key, value in item_parameters.items():
        alias = names.get(key)
        if alias is None or alias in taken:
            faults.append(_stranger(key, names, alias))
        else:
            taken.add(alias)
            sent[alias] = (key, value)
    return sent, faults


def _names(items: Sequence[OrderItem]) -> dict[str, str | None]:
    """What addresses which alias: names of items first; None where a name is that of several."""
    names: dict[str, str | None] = {}
    for item in items:
        names[item.catalog_item] = None if item.catalog_item in names else item.alias
    for item in items:
        names.setdefault(item.alias, item.alias)
    return names


def _stranger(key: str, names: Mapping[str, str | None], alias: str | None) -> Fault:
    path = ("item_parameters", key)
    if alias is not None:
        return Fault(path, "duplicate_item", "is given twice, by its name and by its alias")
    known = ", ".join(name for name, named in names.items() if named is not None)
    if key in names:
        return Fault(path, "ambiguous_item", f"is in this bundle more than once; write one of {known}")
    return Fault(path, "unknown_item", f"is not an item of this bundle; there is {known}")


class _Order:
    """One item of the order: what was sent for it, and what comes of that."""

    def __init__(self, item: OrderItem, key: str, sent: Any) -> None:
        self.item = item
        self.values: dict[str, Any] = {}
        self.fixed: dict[str, Any] = {}
        self.selected = item.required or item.default_enabled
        self.faults: list[Fault] = []
        self._key = key
        self._sent = dict(sent) if isinstance(sent, Mapping) else {}
        if not isinstance(sent, Mapping):
            self._add(Fault((), "type", "must be an object"))

    def _add(self, *faults: Fault) -> None:
        self.faults += under(faults, "item_parameters", self._key)

    def judge(self, scope: Mapping[str, Any], *, bundle_is_sound: bool) -> None:
        """Fill in what the item's part of the order comes to. scope: what fixed values may read."""
        self._choose()
        form, inputs = _fields(self.item.definition.get("presentation", {}).get("fields", ())), _inputs(self.item.definition)
        if not self.selected:
            self._add(*unknown_fields([*form, *inputs], self._sent))
            return
        unsettled = self._fix(scope, bundle_is_sound)
        known = [one for one in form if one.name not in unsettled], [one for one in inputs if one.name not in unsettled]
        answers = {name: value for name, value in self._sent.items() if name not in unsettled}
        self.values, faults = _answered(*known, answers, self.fixed)
        self._add(*faults)

    def _choose(self) -> None:
        """Whether the item is part of the order. `enabled` is no parameter of the item: it is taken out here."""
        wanted = self._sent.pop(ENABLED, None)
        if self.item.required and wanted not in (None, True):
            self._add(Fault((ENABLED,), "unknown_field", "cannot be chosen: this item is always part of the bundle"))
        elif isinstance(wanted, bool):
            self.selected = wanted
        elif wanted is not None:
            self._add(Fault((ENABLED,), "type", "must be true or false"))

    def _fix(self, scope: Mapping[str, Any], bundle_is_sound: bool) -> set[str]:
        """Work the fixed values out; gives the names of those that cannot be while the bundle's own answers are wrong."""
        unsettled = set()
        for name, template in self.item.fixed.items():
            try:
                if bundle_is_sound or not references(template):
                    self.fixed[name] = render(template, scope)
                else:
                    unsettled.add(name)
            except ExpressionError as error:
                unsettled.add(name)
                self._add(Fault((name,), "template", f"is set by the bundle and cannot be worked out: {error.message}"))
        return unsettled


def _answered(
    form: Sequence[Field], inputs: Sequence[Field], sent: Mapping[str, Any], fixed: Mapping[str, Any]
) -> tuple[dict[str, Any], list[Fault]]:
    """The values of an item's form and inputs, and what is wrong with `sent`. Only a bundle fixes inputs; nobody sends them."""
    if not isinstance(sent, Mapping):
        return {}, [Fault((), "type", "must be an object")]
    closed = {one.name for one in inputs} - set(fixed)
    answers = {name: value for name, value in sent.items() if name not in closed}
    checked = check([*form, *inputs], answers, fixed=fixed)
    refused = [
        Fault((name,), "unknown_field", "is set by the platform team and cannot be sent") for name in sent if name in closed
    ]
    return with_blanks([*form, *inputs], checked.values), [*(_of_input(one, closed) for one in checked.faults), *refused]


def _of_input(fault: Fault, closed: set[str]) -> Fault:
    """An input that nobody gave a value is nothing the client can send."""
    if fault.code == "required" and fault.path[0] in closed:
        return Fault(fault.path, fault.code, "is set by bundles only, so this item cannot be ordered by itself")
    return fault
