"""Choices: yes or no, one of some, some of some."""

from typing import Any

from app.core.fields.faults import count, fault
from app.core.fields.model import MOST_CHOICES, Field
from app.core.fields.writing import judge_line
from app.errors import Fault

MOST_NAMED = 10
YES = frozenset({"true", "on", "yes", "1"})
NO = frozenset({"false", "off", "no", "0", ""})


def judge_boolean(field: Field, value: Any) -> list[Fault]:
    """True or false; 1 and "true" are neither."""
    return [] if isinstance(value, bool) else [fault(field, "type", "must be true or false")]


def judge_selection(field: Field, value: Any) -> list[Fault]:
    """One of `oneof`; with `allow_custom`, any text. What comes from elsewhere is text; whether it is there, `lookups` say."""
    if _is_choice(field, value):
        return []
    return judge_line(field, value) if field.allow_custom or field.options_from else [_not_one_of(field)]


def judge_multiselect(field: Field, value: Any) -> list[Fault]:
    """A list of different `options`. An empty one is no answer: what is not required need not be chosen at all."""
    if not isinstance(value, list):
        return [fault(field, "type", "must be a list")]
    if field.options_from and len(value) <= MOST_CHOICES:
        if found := next((faults for one in value if (faults := judge_line(field, one))), None):
            return found
    elif not all(_is_choice(field, one) for one in value):
        return [_not_one_of(field)]
    if len({_key(one) for one in value}) < len(value):
        return [fault(field, "unique", "may not have the same value twice")]
    return _how_many(field, len(value)) if value else []


def _how_many(field: Field, number: int) -> list[Fault]:
    least, most = field.min_selections or 0, field.max_selections
    if number < least:
        return [fault(field, "min_selections", f"must have at least {count(least, 'choice')}", min_selections=least)]
    if most is not None and number > most:
        return [fault(field, "max_selections", f"must have at most {count(most, 'choice')}", max_selections=most)]
    return []


def _is_choice(field: Field, value: Any) -> bool:
    return isinstance(value, str | int | float) and _key(value) in {_key(choice.value) for choice in field.choices}


def _key(value: Any) -> tuple[bool, Any]:
    """True is not 1, but 1.0 is."""
    return isinstance(value, bool), value


def _not_one_of(field: Field) -> Fault:
    names = [choice.text for choice in field.choices]
    if field.options_from:
        return fault(field, "max_selections", f"must have at most {MOST_CHOICES} choices", max_selections=MOST_CHOICES)
    words = f"{', '.join(names[:-1])} or {names[-1]}" if len(names) > 1 else names[0]
    message = f"must be one of {words}" if len(names) <= MOST_NAMED else "must be one of the choices given"
    return fault(field, "oneof", message, oneof=[choice.value for choice in field.choices])


def read_boolean(_: Field, text: str) -> Any:
    """A ticked box, or a posted word, as true or false."""
    return True if text in YES else False if text in NO else text


def read_choice(field: Field, text: str) -> Any:
    """The value of the choice whose text this is."""
    return next((choice.value for choice in field.choices if choice.text == text), text)


def show(field: Field, value: Any) -> str:
    """The text of a choice."""
    if isinstance(value, bool):
        return "true" if value else "false"
    texts = (
        choice.text for choice in field.choices if isinstance(value, str | int | float) and _key(choice.value) == _key(value)
    )
    return next(texts, str(value))
