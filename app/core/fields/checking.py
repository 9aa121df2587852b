"""Judges all answers of a form at once: the same rules for the page, the API, the loader and the tickets of people."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.fields.concealing import judge_masked
from app.core.fields.faults import fault
from app.core.fields.kinds import ABSENT, judge
from app.core.fields.model import NESTING, Field
from app.core.fields.visibility import Answer, Sheet, Visibility
from app.core.shapes import closest
from app.errors import Fault, under

MOST_UNKNOWN = 100
MOST_INSIDE = 100
"""How many faults are told of one list or object."""
LONGEST_GUESSED = 100


@dataclass(frozen=True, slots=True)
class Checked:
    """The answers that hold, by name, with defaults and fixed values filled in; everything that is wrong; what is not asked."""

    values: dict[str, Any]
    faults: tuple[Fault, ...]
    hidden: frozenset[str] = frozenset()


def check(
    fields: Sequence[Field],
    answers: Mapping[str, Any],
    *,
    fixed: Mapping[str, Any] | None = None,
    scope: Mapping[str, Any] | None = None,
    own: str = "parameters",
    groups: Mapping[str, str] | None = None,
) -> Checked:
    """Judge `answers`, JSON values by field name; null and ABSENT are no answer. Never raises, whatever the answers are.

    fixed: values that are set and not asked; another value sent is a fault `fixed`. scope: what `visible_when` may read
    besides the form's own answers, which are there by their names and below `own`. groups: conditions of groups, by name.
    Answers to fields that are not visible are dropped; `hidden` names these fields. Fault paths begin with the field's name.
    Optional fields without an answer are not in `values` (see `with_blanks`).
    """
    if not isinstance(answers, Mapping):
        return Checked({}, (Fault((), "type", "must be an object"),))
    sheet = Sheet(judged(fields, answers, fixed), own, groups or {})
    return settled(sheet, Visibility({own: sheet}, scope).hidden(own), answers)


def judged(fields: Sequence[Field], answers: Mapping[str, Any], fixed: Mapping[str, Any] | None = None) -> dict[str, Answer]:
    """Each answer by itself, whether it is asked or not, by field."""
    return {field.name: _judged(field, answers.get(field.name), fixed or {}) for field in fields}


def settled(sheet: Sheet, hidden: frozenset[str], answers: Mapping[str, Any]) -> Checked:
    """What a form comes to once it is known which of its fields are hidden. answers: as they were sent."""
    shown = [answer for name, answer in sheet.answers.items() if name not in hidden]
    values = {one.field.name: one.value for one in shown if one.value is not ABSENT and not one.faults}
    fields = [answer.field for answer in sheet.answers.values()]
    return Checked(values, (*(found for one in shown for found in one.faults), *unknown_fields(fields, answers)), hidden)


def check_default(field: Field) -> list[Fault]:
    """What is wrong with a field's default; nothing when it has none. Paths are empty: they begin at the default itself."""
    if field.default is None:
        return []
    _, found = _looked_at(field, field.default)
    return [Fault((), one.code, one.message, one.limits) for one in found]


def with_blanks(fields: Sequence[Field], values: Mapping[str, Any]) -> dict[str, Any]:
    """`values` with None for every field that has no value, so that templates may name each field of the form."""
    return {**{field.name: None for field in fields}, **values}


def unknown_fields(fields: Sequence[Field], answers: Mapping[str, Any]) -> list[Fault]:
    """The answers that belong to no field, as faults (the first hundred)."""
    known = [field.name for field in fields]
    unknown = [name for name in answers if name not in known][:MOST_UNKNOWN]
    return [Fault((name,), "unknown_field", _not_a_field(name, known)) for name in unknown]


def _judged(field: Field, sent: Any, fixed: Mapping[str, Any]) -> Answer:
    given = ABSENT if sent is None else sent
    if field.name in fixed:
        return _settled(field, given, fixed[field.name], "fixed", "is set to {} here and cannot be changed")
    if field.readonly:
        return _settled(field, given, field.default, "readonly", "is {} and cannot be changed")
    if given is ABSENT and field.default is not None:
        given = field.default
    return Answer(field, *_looked_at(field, given))


def _settled(field: Field, given: Any, value: Any, code: str, words: str) -> Answer:
    if given is ABSENT or _is_same(field, given, value):
        kept, faults = _looked_at(field, value) if value is not None else (ABSENT, ())
        return Answer(field, kept, faults, fixed=True)
    shown = "a value" if field.is_secret else _shown(value)
    limits = {} if field.is_secret else {code: value}
    return Answer(field, ABSENT, [fault(field, code, words.format(shown), **limits)], True)


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


def _looked_at(field: Field, given: Any) -> tuple[Any, Sequence[Fault]]:
    """An answer as it is kept, with the defaults of what lies inside, and all that is wrong with it."""
    faults = _faults(field, given)
    if faults or given is ABSENT or field.type not in NESTING or (field.is_secret and isinstance(given, str)):
        return given, faults
    return _object(field, given) if field.type == "object" else _list(field, given)


def _object(field: Field, given: Mapping[str, Any]) -> tuple[Any, Sequence[Fault]]:
    fields = [_as_secret_as(field, one) for one in field.fields or ()]
    checked = check(fields, given, own=field.name)
    found = _without_names(fields, checked.faults) if field.is_secret else checked.faults
    return with_blanks(fields, checked.values), under(found[:MOST_INSIDE], field.name)


def _as_secret_as(field: Field, inner: Field) -> Field:
    """What lies in something secret is: no fault may tell what was written there."""
    return inner.model_copy(update={"sensitive": True}) if field.is_secret else inner


def _without_names(fields: Sequence[Field], faults: Sequence[Fault]) -> list[Fault]:
    """Faults of something secret: keys that somebody made up count as part of it, and are told of it as a whole."""
    known = {one.name for one in fields}
    named = [one for one in faults if one.path[0] in known]
    return (
        named if len(named) == len(faults) else [*named, Fault((), "unknown_field", "holds something that it has no field for")]
    )


def _list(field: Field, given: Sequence[Any]) -> tuple[Any, Sequence[Fault]]:
    assert field.of is not None  # a list without it does not load
    of, kept, faults = _as_secret_as(field, field.of).model_copy(update={"required": True}), [], list[Fault]()
    for number, one in enumerate(given):
        value, found = _looked_at(of, ABSENT if one is None else one)
        kept.append(value)
        faults += [Fault((field.name, number, *fault.path[1:]), fault.code, fault.message, fault.limits) for fault in found]
    return kept, faults[:MOST_INSIDE]


def _is_left_empty(field: Field, given: Any) -> bool:
    if not field.required or field.generate is not None:
        return False
    return given is ABSENT or given == [] or (isinstance(given, str) and not given.strip())


def _required(field: Field) -> Fault:
    return fault(field, "required", "must be filled in" if field.type in ("string", "textarea", "secret") else "must be given")


def _not_a_field(name: str, known: Collection[str]) -> str:
    guess = closest(name, known) if len(name) <= LONGEST_GUESSED else None
    return "is not a field of this form" + (f"; did you mean {guess}?" if guess else "")
