"""Which fields of an order are asked, given what was answered anywhere in it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.expressions import ExpressionError, Reference, evaluate, expression_references
from app.core.fields.kinds import ABSENT
from app.core.fields.model import Field
from app.errors import Fault

BUNDLE = "bundle"
"""The key of the bundle's own answers among the sheets of an order; no item is called so."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered to one field, as it would be kept, and what is wrong with it. fixed: nobody was asked."""

    field: Field
    value: Any
    faults: Sequence[Fault]
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """The answers of one form, by field. own: below which name conditions find them; groups: name -> its `visible_when`."""

    answers: Mapping[str, Answer]
    own: str = "parameters"
    groups: Mapping[str, str] = field(default_factory=dict)
    selected: bool = True


class Visibility:
    """Which fields are asked. Answers that are wrong, and those to hidden fields or left-out items, count as none.

    sheets: the forms of an order by `bundle` and by alias; a form alone has any key. A condition may read its own form's
    answers by their names, those of the bundle below `bundle`, and those of other items below `items.<alias>.parameters`
    and `items.<alias>.selected`. scope: what else it may read.
    """

    def __init__(self, sheets: Mapping[str, Sheet], scope: Mapping[str, Any] | None = None) -> None:
        self._sheets = sheets
        self._scope = scope or {}
        self._known: dict[tuple[str, str], bool] = {}

    def hidden(self, key: str) -> frozenset[str]:
        """The fields of one form that are not asked, and not set either."""
        answers = self._sheets[key].answers
        return frozenset(name for name, answer in answers.items() if not answer.fixed and not self.of(key, name))

    def of(self, key: str, name: str) -> bool:
        """Whether the field is asked. In a circle of conditions (a fault at load) a field counts as asked."""
        if (key, name) not in self._known:
            self._known[key, name] = True
            self._known[key, name] = self._is_met(key, self._sheets[key].answers[name].field)
        return self._known[key, name]

    def _is_met(self, key: str, field: Field) -> bool:
        group = self._sheets[key].groups.get(field.group) if field.group else None
        if group is not None and not self._holds(key, group):
            return False
        if field.conditional is not None:
            return self._equals(key, field.conditional.field, field.conditional.value)
        return field.visible_when is None or self._holds(key, field.visible_when)

    def _equals(self, key: str, name: str, wanted: Any) -> bool:
        value = self._value(key, name) if name in self._sheets[key].answers else None
        return any(
            value == one and isinstance(value, bool) is isinstance(one, bool)
            for one in (wanted if isinstance(wanted, list) else [wanted])
        )

    def _holds(self, key: str, expression: str) -> bool:
        """A condition that cannot be worked out asks: one question too many is better than an answer thrown away."""
        try:
            return bool(evaluate(expression, self._names(key, expression_references(expression))))
        except ExpressionError:
            return True

    def _names(self, key: str, found: Sequence[Reference]) -> dict[str, Any]:
        """What the expression reads, and no more: each name that is looked at may hang on further conditions."""
        sheet = self._sheets[key]
        own = self._values(key, {name for one in found for name in (one.root, *one.path[:1])})
        names = {**own, **self._scope, sheet.own: own}
        if any(one.root == BUNDLE for one in found) and sheet.own != BUNDLE and BUNDLE in self._sheets:
            names[BUNDLE] = self._values(BUNDLE, _after(found, BUNDLE))
        if (items := [one for one in found if one.root == "items"]) and BUNDLE in self._sheets:
            aliases = [alias for alias in self._sheets if alias != BUNDLE]
            names["items"] = {alias: self._item(alias, items) for alias in aliases}
        return names

    def _item(self, alias: str, found: Sequence[Reference]) -> dict[str, Any]:
        mine = [one for one in found if one.path[:1] in ((), (alias,))]
        asked: set[str] | None = set()
        for one in mine:
            if len(one.path) < 2:
                asked = None  # the whole item: by an alias that is worked out
            elif one.path[1] == "parameters" and asked is not None:
                asked = asked | {one.path[2]} if len(one.path) > 2 else None
        return {"selected": self._sheets[alias].selected, "parameters": self._values(alias, asked) if mine else {}}

    def _values(self, key: str, names: Iterable[str] | None) -> dict[str, Any]:
        answers = self._sheets[key].answers
        wanted = answers if names is None else set(names)
        return {name: self._value(key, name) for name in answers if name in wanted}

    def _value(self, key: str, name: str) -> Any:
        sheet = self._sheets[key]
        answer = sheet.answers[name]
        usable = sheet.selected and answer.value is not ABSENT and not answer.faults and (answer.fixed or self.of(key, name))
        return answer.value if usable else None


def _after(found: Sequence[Reference], root: str) -> set[str] | None:
    """The names that stand behind `root`; None where all of it is read."""
    paths = [one.path for one in found if one.root == root]
    return None if any(not path for path in paths) else {path[0] for path in paths}
