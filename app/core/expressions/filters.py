"""The filters and tests that expressions may use: plain data in, plain data out, named and meant as Jinja's.

Left out on purpose: those that make much of little (`center`, `format`, `batch`), that read attributes by name (`attr`) and
that answer at random (`random`, `lipsum`). What can still grow is measured before it is made.
"""

import json
import math
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

from app.core.expressions.budget import Budget, ExpressionError

Function = Callable[..., Any]
WIDEST_INDENT = 40
FINEST_ROUNDING = 15


class Missing:
    """A name that stands for nothing. Only `default`, `is defined` and `is undefined` take it; everything else refuses it."""

    def __init__(self, path: str, hint: str = "") -> None:
        self.path = path
        self.hint = hint

    def refuse(self) -> ExpressionError:
        """The error of whoever needed a value."""
        return ExpressionError(f"'{self.path}' is not known here{self.hint}")


def as_text(value: Any) -> str:
    """A value inside a text: nothing for none, `true` and `false`, JSON for lists and objects."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    return as_json(value)


def as_json(value: Any) -> str:
    """A value as JSON, on one line. `value` must have been weighed."""
    return json.dumps(value, ensure_ascii=False)


def is_number(value: Any) -> bool:
    """Whether `value` is a number; true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str:
    if isinstance(value, dict | list):
        raise ExpressionError("needs a text, not a list or an object")
    return as_text(value)


def _list(value: Any) -> list[Any]:
    if isinstance(value, list | dict | str):
        return list(value)
    raise ExpressionError("needs a list")


def _mapping(value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    raise ExpressionError("needs an object")


def default(value: Any, other: Any = "", boolean: bool = False) -> Any:
    """`other` where there is no value; with `boolean`, also where the value is empty or false."""
    return other if isinstance(value, Missing) or (boolean and not value) else value


def length(value: Any) -> int:
    """How many characters, members or names."""
    return len(value) if isinstance(value, str) else len(_list(value))


def join(value: Any, between: str = "", attribute: str | int | None = None) -> str:
    """The members of a list as one text."""
    parts = [as_text(pick(one, attribute)) for one in _list(value)]
    between = _text(between)
    Budget().text(sum(map(len, parts)) + len(between) * len(parts))
    return between.join(parts)


def replace(value: Any, old: str, new: str, count: int = -1) -> str:
    """Each `old` in a text as `new`."""
    text, old, new = _text(value), _text(old), _text(new)
    Budget().text(len(text) + text.count(old) * len(new))
    return text.replace(old, new, count)


def indent(value: Any, width: int = 4, first: bool = False) -> str:
    """Every line but the first (with `first`, it too) moved to the right; empty lines stay empty."""
    margin = " " * min(max(width, 0), WIDEST_INDENT)
    lines = _text(value).splitlines(keepends=True)
    Budget().text(sum(map(len, lines)) + len(margin) * len(lines))
    return "".join(margin + line if line.strip() and (first or at) else line for at, line in enumerate(lines))


def truncate(value: Any, length: int = 255, killwords: bool = False, end: str = "...", leeway: int = 5) -> str:
    """A text cut after `length` characters, at a word unless `killwords`."""
    text = _text(value)
    if len(text) <= length + leeway:
        return text
    cut = text[: max(length - len(end), 0)]
    return (cut if killwords else cut.rsplit(" ", 1)[0]) + end


def integer(value: Any, default: int = 0, base: int = 10) -> int:
    """A text or number as a whole number; `default` when it is none."""
    try:
        return int(value, base) if isinstance(value, str) else int(value)
    except (TypeError, ValueError, OverflowError):
        return default


def decimal(value: Any, default: float = 0.0) -> float:
    """A text or number as a number with a fraction; `default` when it is none."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return default
    return number if math.isfinite(number) else default


def rounded(value: Any, precision: int = 0, method: str = "common") -> float:
    """A number to `precision` places; `method` is common, ceil or floor."""
    if method not in ("common", "ceil", "floor") or abs(precision) > FINEST_ROUNDING:
        raise ExpressionError(f"round takes common, ceil or floor and at most {FINEST_ROUNDING} places")
    if method == "common":
        return float(round(value, precision))
    step = 10.0**precision
    return float((math.ceil if method == "ceil" else math.floor)(value * step) / step)


def total(value: Any, attribute: str | int | None = None, start: float = 0) -> Any:
    """The sum of a list of numbers."""
    numbers = [pick(one, attribute) for one in _list(value)]
    if not all(map(is_number, [*numbers, start])):
        raise ExpressionError("sum needs numbers")
    return sum(numbers, start)


def pick(value: Any, attribute: str | int | None) -> Any:
    """The member of `value` that a dotted `attribute` names; `value` itself without one."""
    for name in [] if attribute is None else str(attribute).split("."):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            raise Missing(str(attribute)).refuse()
    return value


def _folded(value: Any, case_sensitive: bool) -> Any:
    return value.lower() if isinstance(value, str) and not case_sensitive else value


def ordered(value: Any, reverse: bool = False, case_sensitive: bool = False, attribute: str | None = None) -> list[Any]:
    """A list in order."""
    return sorted(_list(value), key=lambda one: _folded(pick(one, attribute), case_sensitive), reverse=reverse)


def unique(value: Any, case_sensitive: bool = False, attribute: str | None = None) -> list[Any]:
    """A list without its repetitions, the first of each kept."""
    seen: dict[str, Any] = {}
    for one in _list(value):
        seen.setdefault(as_json(_folded(pick(one, attribute), case_sensitive)), one)
    return list(seen.values())


def first(value: Any) -> Any:
    """The first member."""
    return next(iter(_list(value)), Missing("the first of nothing"))


def last(value: Any) -> Any:
    """The last member."""
    return next(reversed(_list(value)), Missing("the last of nothing"))


def smallest(value: Any, attribute: str | None = None) -> Any:
    """The smallest member."""
    return first(ordered(value, attribute=attribute))


def largest(value: Any, attribute: str | None = None) -> Any:
    """The largest member."""
    return last(ordered(value, attribute=attribute))


def reverse(value: Any) -> Any:
    """A text or list from its end."""
    return value[::-1] if isinstance(value, str) else _list(value)[::-1]


def urlencode(value: Any) -> str:
    """A text, or an object as a query, for a URL."""
    if isinstance(value, dict):
        return "&".join(f"{quote(name, safe='')}={quote(as_text(one), safe='')}" for name, one in value.items())
    return quote(_text(value), safe="/")


FILTERS: Mapping[str, Function] = {
    "abs": abs,
    "capitalize": lambda value: _text(value).capitalize(),
    "count": length,
    "d": default,
    "default": default,
    "dictsort": lambda value: [list(pair) for pair in sorted(_mapping(value).items())],
    "first": first,
    "float": decimal,
    "indent": indent,
    "int": integer,
    "items": lambda value: [list(pair) for pair in _mapping(value).items()],
    "join": join,
    "last": last,
    "length": length,
    "list": _list,
    "lower": lambda value: _text(value).lower(),
    "max": largest,
    "min": smallest,
    "replace": replace,
    "reverse": reverse,
    "round": rounded,
    "sort": ordered,
    "string": as_text,
    "sum": total,
    "title": lambda value: _text(value).title(),
    "tojson": as_json,
    "trim": lambda value, characters=None: _text(value).strip(characters),
    "truncate": truncate,
    "unique": unique,
    "upper": lambda value: _text(value).upper(),
    "urlencode": urlencode,
}

# These apply another filter or test to each member; the evaluator does it.
LIST_FILTERS = frozenset({"map", "select", "reject", "selectattr", "rejectattr"})


def _type_test(*types: type) -> Function:
    return lambda value: isinstance(value, types) and (bool in types or not isinstance(value, bool))


TESTS: Mapping[str, Function] = {
    "boolean": _type_test(bool),
    "defined": lambda value: not isinstance(value, Missing),
    "divisibleby": lambda value, number: value % number == 0,
    "eq": lambda value, other: value == other,
    "equalto": lambda value, other: value == other,
    "even": lambda value: value % 2 == 0,
    "false": lambda value: value is False,
    "float": _type_test(float),
    "ge": lambda value, other: value >= other,
    "gt": lambda value, other: value > other,
    "in": lambda value, members: value in members,
    "integer": _type_test(int),
    "iterable": _type_test(str, list, dict),
    "le": lambda value, other: value <= other,
    "lower": lambda value: _text(value).islower(),
    "lt": lambda value, other: value < other,
    "mapping": _type_test(dict),
    "ne": lambda value, other: value != other,
    "none": lambda value: value is None,
    "number": is_number,
    "odd": lambda value: value % 2 == 1,
    "sequence": _type_test(str, list, dict),
    "string": _type_test(str),
    "true": lambda value: value is True,
    "undefined": lambda value: isinstance(value, Missing),
    "upper": lambda value: _text(value).isupper(),
}
