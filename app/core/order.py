"""What an order comes to once its answers are judged: values of the bundle and its items, the chosen items, every fault."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.expressions import ExpressionError, expression_references, references, render
from app.core.fields import ABSENT, Checked, Field, judged, settled, unknown_fields, with_blanks
from app.core.fields.visibility import BUNDLE, Answer, Sheet, Visibility
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
class Form:
    """One form of an order as it was judged. path: where its answers lie in the order; hidden: which fields are not asked."""

    path: tuple[str, ...]
    fields: Sequence[Field]
    hidden: frozenset[str]


@dataclass(frozen=True, slots=True)
class Resolved:
    """The order as it would be stored, keyed by alias.

    Values hold every declared name, with None where there is no answer, so that templates may name each of them; an item
    that is not selected has none. fixed: what the bundle sets, worked out. faults: everything wrong, with paths of the order.
    forms: by alias, and `bundle`, those that are part of the order.
    """

    bundle_values: dict[str, Any]
    item_values: dict[str, dict[str, Any]]
    selected: dict[str, bool]
    faults: tuple[Fault, ...]
    fixed: dict[str, dict[str, Any]] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict, compare=False)


def resolve(
    bundle_definition: Mapping[str, Any] | None,
    items: Sequence[OrderItem],
    bundle_parameters: Mapping[str, Any],
    item_parameters: Mapping[str, Any],
) -> Resolved:
    """Judge the order of a bundle. Never raises, whatever the parameters are.

    item_parameters: by `catalog_item`, or by alias; paths of faults are ``("item_parameters", <key as written>, <field>)``.
    """
    definition = bundle_definition or {}
    form = _fields(definition.get("presentation", {}).get("bundle_fields", ()))
    sheet = Sheet(judged(form, _mapping(bundle_parameters)), BUNDLE, _groups(definition))
    faults: list[Fault] = (
        [] if isinstance(item_parameters, Mapping) else [Fault(("item_parameters",), "type", "must be an object")]
    )
    sent, strangers = _addressed(items, _mapping(item_parameters))
    orders = [_Order(item, *sent[item.alias]) for item in items]
    bundle = _bundle(sheet, orders, bundle_parameters)
    values = with_blanks(form, bundle.values)
    faults = [*under(bundle.faults, "bundle_parameters"), *faults, *strangers]
    readable = all(fault.path for fault in bundle.faults)
    wrong = {fault.path[0] for fault in bundle.faults if fault.path} if readable else {field.name for field in form}
    for order in orders:
        order.judge({"bundle": values}, {str(name) for name in wrong})
    visible = Visibility({BUNDLE: _known(sheet, bundle), **{order.item.alias: order.sheet for order in orders}})
    for order in orders:
        order.settle(visible.hidden(order.item.alias))
        faults += order.faults
    return Resolved(
        bundle_values=values,
        item_values={order.item.alias: order.values for order in orders},
        selected={order.item.alias: order.selected for order in orders},
        faults=tuple(faults),
        fixed={order.item.alias: order.fixed for order in orders},
        forms={
            BUNDLE: Form(("bundle_parameters",), form, bundle.hidden),
            **{order.item.alias: order.form for order in orders if order.selected},
        },
    )


def resolve_item(definition: Mapping[str, Any], parameters: Mapping[str, Any], *, alias: str = "item") -> Resolved:
    """Judge the order of one item by itself; paths are ``("parameters", <field>)``. Never raises for any parameters."""
    answers = _Answers(definition, parameters, {})
    answers.settle(Visibility({alias: answers.sheet}).hidden(alias))
    form = Form(("parameters",), [*answers.fields, *answers.inputs], answers.hidden)
    faults = tuple(under(answers.faults, "parameters"))
    return Resolved({}, {alias: answers.values}, {alias: True}, faults, {alias: {}}, {alias: form})


def _bundle(sheet: Sheet, orders: Sequence["_Order"], sent: Any) -> Checked:
    """What the bundle's own form comes to. Where its conditions ask about items, those are looked at once before: what they
    are fixed to hangs on the bundle's answers in turn, whether these are asked or not."""
    sheets = {BUNDLE: sheet}
    if any(map(_asks_items, sheet.answers.values())) or any(map(_names_items, sheet.groups.values())):
        early = {name: one.value for name, one in sheet.answers.items() if one.value is not ABSENT and not one.faults}
        values = with_blanks([one.field for one in sheet.answers.values()], early)
        sheets |= {one.item.alias: _Order(one.item, *one.sent).judge({"bundle": values}) for one in orders}
    if not isinstance(sent, Mapping):
        return Checked({}, (Fault((), "type", "must be an object"),))
    return settled(sheet, Visibility(sheets).hidden(BUNDLE), sent)


def _asks_items(answer: Answer) -> bool:
    return answer.field.visible_when is not None and _names_items(answer.field.visible_when)


def _names_items(condition: str) -> bool:
    try:
        return any(one.root == "items" for one in expression_references(condition))
    except ExpressionError:
        return False


def _known(sheet: Sheet, bundle: Checked) -> Sheet:
    """The bundle's answers once it is settled which of them count."""
    answers = {name: Answer(one.field, bundle.values.get(name, ABSENT), (), fixed=True) for name, one in sheet.answers.items()}
    return Sheet(answers, BUNDLE)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _groups(definition: Mapping[str, Any]) -> dict[str, str]:
    """The groups of a form that are not always there, with their conditions."""
    groups = definition.get("presentation", {}).get("groups", ())
    return {group["name"]: group["visible_when"] for group in groups if group.get("visible_when")}


def _fields(definitions: Sequence[Mapping[str, Any]]) -> list[Field]:
    return [Field.model_validate(definition) for definition in definitions]


def _form(definition: Mapping[str, Any]) -> list[Field]:
    return _fields(definition.get("presentation", {}).get("fields", ()))


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
        # Also where the alias is the name of an item that is there twice: one of them has no `as` of its own.
        if names.get(item.alias) is None:
            names[item.alias] = item.alias
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
        self.sent = (key, sent)
        self.values: dict[str, Any] = {}
        self.fixed: dict[str, Any] = {}
        self.selected = item.required or item.default_enabled
        self.faults: list[Fault] = []
        self._key = key
        self._sent = dict(sent) if isinstance(sent, Mapping) else {}
        self._answers: _Answers | None = None
        self._left_out: list[Field] = []
        if not isinstance(sent, Mapping):
            self._add(Fault((), "type", "must be an object"))

    @property
    def sheet(self) -> Sheet:
        """Its answers, for conditions anywhere in the order; an item that is left out has none of them."""
        if self._answers is not None:
            return self._answers.sheet
        return Sheet({one.name: Answer(one, ABSENT, ()) for one in self._left_out}, selected=False)

    @property
    def form(self) -> Form:
        """Its form, once it is settled."""
        assert self._answers is not None  # only selected items are asked
        return Form(("item_parameters", self._key), [*self._answers.fields, *self._answers.inputs], self._answers.hidden)

    def _add(self, *faults: Fault) -> None:
        self.faults += under(faults, "item_parameters", self._key)

    def judge(self, scope: Mapping[str, Any], wrong: Collection[str] = ()) -> Sheet:
        """Judge what was sent for it, each answer by itself.

        scope: what fixed values may read. wrong: the names of the bundle's own answers that are at fault.
        """
        self._choose()
        if not self.selected:
            self._left_out = [*_form(self.item.definition), *_inputs(self.item.definition)]
            self._add(*unknown_fields(self._left_out, self._sent))
            return self.sheet
        unsettled = self._fix(scope, wrong)
        answers = {name: value for name, value in self._sent.items() if name not in unsettled}
        self._answers = _Answers(self.item.definition, answers, self.fixed, unsettled)
        return self.sheet

    def settle(self, hidden: frozenset[str]) -> None:
        """Fill in what the item's part of the order comes to, once it is known what is not asked."""
        if self._answers is not None:
            self._answers.settle(hidden)
            self.values = self._answers.values
            self._add(*self._answers.faults)

    def _choose(self) -> None:
        """Whether the item is part of the order. `enabled` is no parameter of the item: it is taken out here."""
        wanted = self._sent.pop(ENABLED, None)
        if self.item.required and wanted not in (None, True):
            self._add(Fault((ENABLED,), "unknown_field", "cannot be chosen: this item is always part of the bundle"))
        elif isinstance(wanted, bool):
            self.selected = wanted
        elif wanted is not None:
            self._add(Fault((ENABLED,), "type", "must be true or false"))

    def _fix(self, scope: Mapping[str, Any], wrong: Collection[str]) -> set[str]:
        """Work the fixed values out; gives the names of those that hang on an answer of the bundle which is wrong."""
        unsettled = set()
        for name, template in self.item.fixed.items():
            try:
                if wrong and any(not one.path or one.path[0] in wrong for one in references(template)):
                    unsettled.add(name)
                else:
                    self.fixed[name] = render(template, scope)
            except ExpressionError as error:
                unsettled.add(name)
                self._add(Fault((name,), "template", f"is set by the bundle and cannot be worked out: {error.message}"))
        return unsettled


class _Answers:
    """The answers to an item's form, and to its inputs, which only a bundle fixes and nobody sends."""

    def __init__(
        self,
        definition: Mapping[str, Any],
        sent: Mapping[str, Any],
        fixed: Mapping[str, Any],
        unsettled: Collection[str] = (),
    ) -> None:
        self.fields = [one for one in _form(definition) if one.name not in unsettled]
        self.inputs = [one for one in _inputs(definition) if one.name not in unsettled]
        self.values: dict[str, Any] = {}
        self.faults: list[Fault] = []
        self.hidden: frozenset[str] = frozenset()
        self._is_read = isinstance(sent, Mapping)
        self._sent = _mapping(sent)
        self._closed = {one.name for one in self.inputs} - set(fixed)
        self._asked = {name: value for name, value in self._sent.items() if name not in self._closed}
        self.sheet = Sheet(judged([*self.fields, *self.inputs], self._asked, fixed), groups=_groups(definition))

    def settle(self, hidden: frozenset[str]) -> None:
        """Work out values and faults."""
        self.hidden = hidden
        if not self._is_read:
            self.faults = [Fault((), "type", "must be an object")]
            return
        checked = settled(self.sheet, hidden, self._asked)
        self.values = with_blanks([*self.fields, *self.inputs], checked.values)
        self.faults = [_of_input(one, self._closed) for one in checked.faults]
        words = "is set by the platform team and cannot be sent"
        self.faults += [Fault((name,), "unknown_field", words) for name in self._sent if name in self._closed]


def _of_input(fault: Fault, closed: set[str]) -> Fault:
    """An input that nobody gave a value is nothing the client can send."""
    if fault.code == "required" and fault.path[0] in closed:
        return Fault(fault.path, fault.code, "is set by bundles only, so this item cannot be ordered by itself")
    return fault
