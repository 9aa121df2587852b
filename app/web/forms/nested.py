"""Lists and objects in a form: what their controls post, and the JSON that this means. Pure.

The controls of `rules`, a list of objects, post `rules.0.port`. `row:rules` names the rows that count although nobody changed
anything in them, `remove:rules` those that go; the script tells by `at:rules` which ones it shows. Rows are numbered anew each
time: a number is a place in the JSON as well.
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any, cast

from werkzeug.datastructures import MultiDict

from app.core.fields import ABSENT, Field, check, from_text
from app.core.fields.model import MOST_ITEMS
from app.web.forms.views import texts

ROW, REMOVE, ADD, AT = "row:", "remove:", "add:", "at:"
NUMBER = re.compile(r"\d{1,4}", re.ASCII)

Posted = MultiDict[str, str]
Pairs = list[tuple[str, str]]


def written(field: Field, name: str, value: Any) -> Pairs:
    """What the controls of `field`, called `name`, would post for a JSON value; for no value, what untouched ones post."""
    if field.type == "object":
        given = value if isinstance(value, dict) else {}
        inner = [written(one, f"{name}.{one.name}", given.get(one.name, one.default)) for one in field.fields or ()]
        return [pair for pairs in inner for pair in pairs]
    if field.type == "list" and field.of is not None:
        rows: Pairs = []
        for number, one in enumerate(value[: MOST_ITEMS + 1] if isinstance(value, list) else ()):
            rows += [(ROW + name, str(number)), *written(field.of, f"{name}.{number}", one)]
        return rows
    if field.type == "boolean":
        return [(name, "on")] if value is True else []
    return [(name, text) for text in texts(field, value)]


def kept(field: Field, name: str, posted: Posted, to: str | None = None) -> Pairs:
    """What was posted for `field`, without the rows that go, those that stay numbered from 0. to: its new name."""
    to = name if to is None else to
    if field.type == "object":
        inner = [kept(one, f"{name}.{one.name}", posted, f"{to}.{one.name}") for one in field.fields or ()]
        return [pair for pairs in inner for pair in pairs]
    if field.type == "list" and field.of is not None:
        rows: Pairs = []
        for number, row in enumerate(rows_of(field, name, posted)):
            rows += [(ROW + to, str(number)), *kept(field.of, f"{name}.{row}", posted, f"{to}.{number}")]
        return rows
    return [(to, text) for text in posted.getlist(name)]


def placed(field: Field, name: str, posted: Posted, to: str | None = None) -> dict[str, str]:
    """What the controls inside `field` are called once rows have gone (see `kept`) -> what they posted as."""
    to = name if to is None else to
    found = {to: name}
    for one in field.fields or ():
        found |= placed(one, f"{name}.{one.name}", posted, f"{to}.{one.name}")
    for number, row in enumerate(rows_of(field, name, posted) if field.of is not None else ()):
        found |= placed(cast("Field", field.of), f"{name}.{row}", posted, f"{to}.{number}")
    return found


def as_before(field: Field, name: str, posted: Posted, before: Any) -> Any:
    """What was there `before`, its rows in the order in which they were posted now: a row is known by its number."""
    if field.type == "object" and isinstance(before, dict):
        return {one.name: as_before(one, f"{name}.{one.name}", posted, before.get(one.name)) for one in field.fields or ()}
    if field.type == "list" and field.of is not None and isinstance(before, list):
        rows = rows_of(field, name, posted)
        return [as_before(field.of, f"{name}.{row}", posted, before[row] if row < len(before) else None) for row in rows]
    return before


def hidden_inside(field: Field, name: str, posted: Posted) -> Iterator[str]:
    """The names of controls inside `field` that the answers beside them do not raise, in rows that are empty still too."""
    if field.type == "object":
        hidden = check(field.fields or (), _object(field, name, posted), own=field.name).hidden
        for one in field.fields or ():
            if one.name in hidden:
                yield f"{name}.{one.name}"
            else:
                yield from hidden_inside(one, f"{name}.{one.name}", posted)
    elif field.of is not None:
        for row in _numbers(name, posted, AT):
            yield from hidden_inside(field.of, f"{name}.{row}", posted)


def read(field: Field, name: str, posted: Posted) -> Any:
    """The JSON value of what was posted, ABSENT for no answer; `posted` is as `kept` or `written` gives it."""
    if field.type == "object":
        if not field.required and is_untouched(field, name, posted):
            return ABSENT
        return _object(field, name, posted)
    if field.type == "list" and field.of is not None:
        values = [_row(field.of, f"{name}.{row}", posted) for row in rows_of(field, name, posted)]
        values = [one for one in values if one is not ABSENT]
        return values if values or field.required or field.default is not None else ABSENT
    return from_text(field, posted.getlist(name))


def is_untouched(field: Field, name: str, posted: Posted) -> bool:
    """Whether the controls post what they post when nobody fills them in."""
    below = {(key, text) for key in posted if key == name or key.startswith(f"{name}.") for text in posted.getlist(key)}
    blank = {pair for pair in written(field, name, field.default) if not pair[0].startswith(ROW)}
    return {pair for pair in below if pair[1]} == {pair for pair in blank if pair[1]}


def with_added(posted: Posted, do: str) -> Posted:
    """The same after its button was pressed: `add:<list>` adds a row at the end."""
    name = do.removeprefix(ADD)
    if name == do:
        return posted
    more = MultiDict(posted)
    more.add(ROW + name, str(1 + max(_numbers(name, posted), default=-1)))
    return more


def _object(field: Field, name: str, posted: Posted) -> dict[str, Any]:
    found = {one.name: read(one, f"{name}.{one.name}", posted) for one in field.fields or ()}
    return {key: value for key, value in found.items() if value is not ABSENT}


def _row(of: Field, name: str, posted: Posted) -> Any:
    """A row's value. One of text that is left empty is none, however it came to be there."""
    if of.type == "object":
        return _object(of, name, posted)
    value = read(of, name, posted)
    return ABSENT if value == "" else value


def rows_of(field: Field, name: str, posted: Posted) -> list[int]:
    """The rows that count; those of text that are empty come last, where they move no other one's place."""
    assert field.of is not None  # a list without it does not load
    removed, stay = set(posted.getlist(REMOVE + name)), set(posted.getlist(ROW + name))
    rows = [
        row
        for row in _numbers(name, posted)
        if str(row) not in removed and (str(row) in stay or not is_untouched(field.of, f"{name}.{row}", posted))
    ]
    return sorted(rows, key=lambda row: (_row(field.of, f"{name}.{row}", posted) is ABSENT if field.of else False, row))


def _numbers(name: str, posted: Posted, also: str = ROW) -> list[int]:
    below = (key[len(name) + 1 :].partition(".")[0] for key in posted if key.startswith(f"{name}."))
    inside = (key[len(ROW + name) + 1 :].partition(".")[0] for key in posted if key.startswith(f"{ROW}{name}."))
    texts_ = [*below, *inside, *posted.getlist(ROW + name), *posted.getlist(also + name)]
    return sorted({int(text) for text in texts_ if NUMBER.fullmatch(text)})[: MOST_ITEMS + 1]


def as_posted(pairs: Sequence[tuple[str, str]]) -> Posted:
    """Pairs as a form holds them."""
    return MultiDict(pairs)


def holds(answer: Any, value: Any) -> bool:
    """Whether a form that was filled with `value` kept all of it; defaults may have come in beside it."""
    if isinstance(value, dict):
        given = {key: one for key, one in value.items() if one is not None}
        return isinstance(answer, dict) and all(holds(answer.get(key, ABSENT), one) for key, one in given.items())
    if isinstance(value, list):
        if not value:
            return answer is ABSENT or answer == []
        return isinstance(answer, list) and len(answer) == len(value) and all(map(holds, answer, value))
    return bool(answer == value) and isinstance(answer, bool) is isinstance(value, bool)


def field_inside(field: Field, parts: Sequence[str]) -> Field | None:
    """The field to which the rest of a control's name leads, None where it leads nowhere."""
    here: Field | None = field
    for part in parts:
        if here is None:
            return None
        if here.of is not None:
            here = here.of if NUMBER.fullmatch(part) else None
        else:
            here = next((one for one in here.fields or () if one.name == part), None)
    return here


def place_inside(field: Field, rest: Sequence[str | int]) -> tuple[str, str]:
    """Where a path inside an answer leads: what follows in the control's name, and what people call it.

    Inside JSON, which has one control, the path is told as it is.
    """
    name, label, here = "", field.label, field
    for number, part in enumerate(rest):
        inner = here.of if isinstance(part, int) else next((one for one in here.fields or () if one.name == part), None)
        if inner is None:
            where = ".".join(str(one) for one in rest[number:])
            return name, f"{label} at {where}"
        name = f"{name}.{part}"
        label = f"{label} {part + 1}" if isinstance(part, int) else f"{label}, {inner.label}"
        here = inner
    return name, label
