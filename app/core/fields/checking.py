"""Judges all answers of a form at once: the same rules for the page, the API, the loader and the tickets of people."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.expressions import ExpressionError, evaluate, expression_references
from app.core.fields.concealing import judge_masked
from app.core.fields.faults import fault
from app.core.fields.kinds import ABSENT, judge
from app.core.fields.model import Field
from app.core.shapes import closest
from app.errors import Fault

MOST_UNKNOWN = 100
LONGEST_GUESSED = 100


@dataclass(frozen=True, slots=True)
class Checked:
    """The answers that hold, by name, with defaults and fixed values filled in; everything that is wrong; what is not asked."""

    values: dict[str, Any]
    faults: tuple[Fault, ...]
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Answer:
    field: Field
    value: Any
    faults: Sequence[Fault]
    fixed: bool = False


def check(
    fields: Sequence[Field],
    answers: Mapping[str, Any],
    *,
    fixed: Mapping[str, Any] | None = None,
    scope: Mapping[str, Any] | None = None,
    own: str = "parameters",
) -> Checked:
    """Judge `answers`, JSON values by field name; null and ABSENT are no answer. Never raises, whatever the answers are.

    fixed: values that are set and not asked; another value sent is a fault `fixed`. scope: what `visible_when` may read
    besides the form's own answers, which are there by their names and below `own`. Answers to fields that are not visible
    are dropped; `hidden` names these fields. Fault paths are `(field name,)`. Optional fields without an answer are not in
    `values` (see `with_blanks`).
    """
    if not isinstance(answers, Mapping):
        return Checked({}, (Fault((), "type", "must be an object"),))
    judged = {field.name: _judged(field, answers.get(field.name), fixed or {}) for field in fields}
    visible = _Visibility(judged, scope or {}, own)
    hidden = frozenset(name for name, answer in judged.items() if not answer.fixed and not visible.of(name))
    shown = [answer for name, answer in judged.items() if name not in hidden]
    values = {one.field.name: one.value for one in shown if one.value is not ABSENT and not one.faults}
    return Checked(values, (*(found for one in shown for found in one.faults), *unknown_fields(fields, answers)), hidden)


def check_default(field: Field) -> list[Fault]:
    """What is wrong with a field's default; nothing when it has none. Paths are empty: they begin at the default itself."""
    if field.default is None:
        return []
    found = [_required(field)] if _is_left_empty(field, field.default) else judge(field, field.default)
    return [Fault((), one.code, one.message, one.limits) for one in found]


def with_blanks(fields: Sequence[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with None for every field that has no value, so that templates may name each field of the form."""
    return {**{field.name: None for field in fields}, **values}


def unknown_fields(fields: Sequence[Field], answers: Mapping[str, Any]) -> list[Fault]:
    """The answers that belong to no field, as faults (the first hundred)."""
    known = [field.name for field in fields]
    unknown = [name for name in answers if name not in known][:MOST_UNKNOWN]
    return [Fault((name,), "unknown_field", _not_a_field(name, known)) for name in unknown]


def _judged(field: Field, sent: Any, fixed: Mapping[str, Any]) -> _Answer:
    given = ABSENT if sent is None else sent
    if field.name in fixed:
        return _settled(field, given, fixed[field.name], "fixed", "is set to {} here and cannot be changed")
    if field.readonly:
        return _settled(field, given, field.default, "readonly", "is {} and cannot be changed")
    if given is ABSENT and field.default is not None:
        given = field.default
    return _Answer(field, given, _faults(field, given))


def _settled(field: Field, given: Any, value: Any, code: str, words: str) -> _Answer:
    if given is ABSENT or _is_same(field, given, value):
        return _Answer(field, ABSENT if value is None else value, _faults(field, value) if value is not None else (), True)
    shown = "a value" if field.is_secret else _shown(value)
    limits = {} if field.is_secret else {code: value}
    return _Answer(field, ABSENT, [fault(field, code, words.format(shown), **limits)], True)


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _is_same(field: Field, given: Any, value: Any) -> bool:
    """Whether the value sent is the value set. What the field could never hold is looked at no further."""
    return not judge(field, given) and given == value and isinstance(given, bool) is isinstance(value, bool)


def _faults(field: Field, given: Any) -> Sequence[Fault]:
    if _is_left_empty(field, given):
        return [_required(field)]
    if given is ABSENT:
        return []
    masked = judge_masked(field, given)
    return judge(field, given) if masked is None else masked


def _is_left_empty(field: Field, given: Any) -> bool:
    if not field.required or field.generate is not None:
        return False
    return given is ABSENT or given == [] or (isinstance(given, str) and not given.strip())


def _required(field: Field) -> Fault:
    return fault(field, "required", "must be filled in" if field.type in ("string", "textarea", "secret") else "must be given")


def _not_a_field(name: str, known: Collection[str]) -> str:
    guess = closest(name, known) if len(name) <= LONGEST_GUESSED else None
    return "is not a field of this form" + (f"; did you mean {guess}?" if guess else "")


class _Visibility:
    """Which fields are asked, given what was answered. Answers that are wrong, and those to hidden fields, count as none."""

    def __init__(self, judged: Mapping[str, _Answer], scope: Mapping[str, Any], own: str) -> None:
        self._judged = judged
        self._scope = scope
        self._own = own
        self._known: dict[str, bool] = {}

    def of(self, name: str) -> bool:
        """Whether the field is asked. In a circle of conditions (a fault at load) a field counts as asked."""
        if name not in self._known:
            self._known[name] = True
            self._known[name] = self._is_met(self._judged[name].field)
        return self._known[name]

    def _is_met(self, field: Field) -> bool:
        if field.conditional is not None:
            return self._equals(field.conditional.field, field.conditional.value)
        return field.visible_when is None or self._holds(field.visible_when)

    def _equals(self, name: str, wanted: Any) -> bool:
        value = self._value(name) if name in self._judged else None
        return any(
            value == one and isinstance(value, bool) is isinstance(one, bool)
            for one in (wanted if isinstance(wanted, list) else [wanted])
        )

    def _holds(self, expression: str) -> bool:
        """A condition that cannot be worked out asks: one question too many is better than an answer thrown away."""
        try:
            names = {name for reference in expression_references(expression) for name in (reference.root, *reference.path[:1])}
            values = {name: self._value(name) for name in self._judged if name in names}
            return bool(evaluate(expression, {**values, **self._scope, self._own: values}))
        except ExpressionError:
            return True

    def _value(self, name: str) -> Any:
        answer = self._judged[name]
        usable = answer.value is not ABSENT and not answer.faults and (answer.fixed or self.of(name))
        return answer.value if usable else None
