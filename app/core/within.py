"""Answers of one type wherever they lie, also inside lists and objects. Works on definitions as documents write them. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Definition = Mapping[str, Any]
Place = tuple[str | int, ...]


def holds(field: Definition, kind: str) -> bool:
    """Whether an answer to a field is of this type, or has one of it inside."""
    return field.get("type") == kind or any(holds(one, kind) for one in inner_of(field))


def found(field: Definition, kind: str, value: Any, path: Place = ()) -> Iterator[tuple[Place, Definition, Any]]:
    """Every answer of this type in `value`: where it lies, its field, and itself; what is not answered is none."""
    if value is None:
        return
    if field.get("type") == kind:
        yield path, field, value
    elif field.get("type") == "list" and isinstance(value, Sequence) and not isinstance(value, str):
        for number, one in enumerate(value):
            for of in inner_of(field):
                yield from found(of, kind, one, (*path, number))
    elif field.get("type") == "object" and isinstance(value, Mapping):
        for of in inner_of(field):
            yield from found(of, kind, value.get(of.get("name", "")), (*path, of.get("name", "")))


def changed(field: Definition, kind: str, value: Any, put: Callable[[Definition, Any], Any]) -> Any:
    """`value` with `put(field, answer)` in the place of every answer of this type, also where an object leaves it out.

    What has another form than its field says stays as it is: somebody else says that it is wrong.
    """
    if field.get("type") == kind:
        return put(field, value)
    if not holds(field, kind):
        return value
    if field.get("type") == "list" and isinstance(value, list):
        return [changed(of, kind, one, put) for one in value for of in inner_of(field)]
    if field.get("type") == "object" and isinstance(value, Mapping):
        made = {of["name"]: changed(of, kind, value.get(of["name"]), put) for of in inner_of(field)}
        return {**value, **{name: one for name, one in made.items() if one is not None}}
    return value


def inner_of(field: Definition) -> list[Definition]:
    """The fields that an answer is made of: those of an object, and what a list is a list of."""
    of, fields = field.get("of"), field.get("fields")
    return [
        *([of] if isinstance(of, Mapping) else []),
        *(one for one in (fields if isinstance(fields, Sequence) else ()) if isinstance(one, Mapping)),
    ]
