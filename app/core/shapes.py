"""What Pydantic found wrong with the shape of a document, in our words: path, code, sentence part and remedy.

Pydantic's own errors echo `input` and `url`; neither leaves this module.
"""

import difflib
import types
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, ValidationError

from app.errors import Fault

_WORDS: Mapping[str, tuple[str, str]] = {
    "missing": ("required", "is missing"),
    "extra_forbidden": ("unknown_field", "is not known here"),
    "string_type": ("type", "must be text"),
    "bool_type": ("type", "must be true or false"),
    "int_type": ("type", "must be a whole number"),
    "int_from_float": ("type", "must be a whole number"),
    "float_type": ("type", "must be a number"),
    "dict_type": ("type", "must be a mapping"),
    "model_type": ("type", "must be a mapping"),
    "model_attributes_type": ("type", "must be a mapping"),
    "list_type": ("type", "must be a list"),
    "tuple_type": ("type", "must be a list"),
    "literal_error": ("oneof", "must be {expected}"),
    "enum": ("oneof", "must be {expected}"),
    "union_tag_invalid": ("oneof", "must have a {discriminator} of {expected_tags}"),
    "union_tag_not_found": ("required", "needs the key {discriminator}"),
    "string_too_short": ("min_length", "must have at least {min_length} characters"),
    "string_too_long": ("max_length", "must have at most {max_length} characters"),
    "string_pattern_mismatch": ("regexp", "must match {pattern}"),
    "too_short": ("min_items", "must have at least {min_length} entries"),
    "too_long": ("max_items", "must have at most {max_length} entries"),
    "greater_than": ("min_value", "must be more than {gt}"),
    "greater_than_equal": ("min_value", "must be at least {ge}"),
    "less_than": ("max_value", "must be less than {lt}"),
    "less_than_equal": ("max_value", "must be at most {le}"),
}


class Shape(BaseModel):
    """Base of every document's shape: unknown keys are faults, nothing is coerced, nothing changes afterwards."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def closest(name: str, known: Iterable[str]) -> str | None:
    """The known name that somebody who wrote `name` probably meant, or None."""
    return next(iter(difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.6)), None)


def did_you_mean(name: str, known: Iterable[str], what: str = "one of") -> str:
    """The remedy for a name that is not among `known`: the closest one, else all of them."""
    names = sorted(known)
    if guess := closest(name, names):
        return f"did you mean {guess}?"
    return f"write {what} {', '.join(names)}" if names else "take it away"


def shape_faults(model: type[BaseModel], error: ValidationError, document: Any) -> list[Fault]:
    """Every error of `error` as a Fault whose path is relative to `document`; `limits["remedy"]` says what to write instead.

    A validator of our own says its remedy with `PydanticCustomError(code, words, {"remedy": …})`. Paths hold only keys and
    indexes that `document` has (plus a missing key at the end): Pydantic's tags of unions are left out. Errors of several
    members of one union at one place become one fault.
    """
    errors = error.errors(include_url=False, include_input=False)
    return _merged([_fault(model, one["type"], one["loc"], one.get("ctx", {}), one["msg"], document) for one in errors])


def _merged(faults: Sequence[Fault]) -> list[Fault]:
    """What the members of one union say about one place, as one fault: `must be text or a whole number`.

    Where one member fails further down, or for another reason, it is the one that was meant; that others wanted something
    else is no news.
    """
    by_place: dict[tuple[tuple[str | int, ...], str], Fault] = {}
    for fault in faults:
        if fault.code == "type" and any(_better(other, fault) for other in faults):
            continue
        before = by_place.get((fault.path, fault.code))
        words = fault.message if before is None else _or(before.message, fault.message)
        by_place[fault.path, fault.code] = Fault(fault.path, fault.code, words, fault.limits)
    return list(by_place.values())


def _or(first: str, second: str) -> str:
    second = second.removeprefix("must be ")
    return first if first.endswith(second) else f"{first} or {second}"


def _better(other: Fault, fault: Fault) -> bool:
    deeper = len(other.path) > len(fault.path) or other.code != fault.code
    return deeper and other.path[: len(fault.path)] == fault.path


def _fault(
    model: type[BaseModel], kind: str, loc: tuple[str | int, ...], context: Mapping[str, Any], message: str, document: Any
) -> Fault:
    path = _real(loc, document)
    code, words = _WORDS.get(kind, (kind, message.removeprefix("Value error, ")))
    if kind in _WORDS:
        words = words.format(**context)
        if 1 in (context.get("min_length"), context.get("max_length")):
            words = words.replace("characters", "character").replace("entries", "entry")
    limits = {"remedy": context["remedy"]} if "remedy" in context else {}
    if kind == "extra_forbidden":
        limits["remedy"] = did_you_mean(str(loc[-1]), keys_at(model, loc[:-1]))
    return Fault(path, code, words, limits)


def _real(loc: Sequence[str | int], document: Any) -> tuple[str | int, ...]:
    """`loc` without the parts that name a member of a union instead of a place."""
    path: list[str | int] = []
    here = document
    for number, part in enumerate(loc):
        last = number == len(loc) - 1
        if _holds(here, part):
            here = here[part]
        elif not (last and isinstance(here, Mapping)):
            continue
        path.append(part)
    return tuple(path)


def _holds(value: Any, part: str | int) -> bool:
    if isinstance(value, Mapping):
        return part in value
    return isinstance(value, list | tuple) and isinstance(part, int) and part < len(value)


def keys_at(model: type[BaseModel], loc: Sequence[str | int]) -> set[str]:
    """The keys that a document of shape `model` may have at `loc` (several shapes possible there: all their keys)."""
    shapes = [model]
    kinds: list[Any] = [model]
    for part in loc:
        kinds = [inner for kind in kinds for inner in _inner(kind, part)]
        shapes = [kind for outer in kinds for kind in _members(outer) if _is_model(kind)]
    return {field.alias or name for shape in shapes for name, field in shape.model_fields.items()}


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _members(kind: Any) -> list[Any]:
    """The alternatives of an annotation, unwrapped: `Annotated[A | None, …]` -> A, None."""
    origin = get_origin(kind)
    if origin is Annotated:
        return _members(get_args(kind)[0])
    if origin in (Union, types.UnionType):
        return [member for argument in get_args(kind) for member in _members(argument)]
    return [kind]


def _inner(kind: Any, part: str | int) -> list[Any]:
    """The annotations one step further into `kind`; a part that names a union's member stays where it is."""
    inner: list[Any] = []
    for member in _members(kind):
        if _is_model(member):
            field = next((f for name, f in member.model_fields.items() if part in (name, f.alias)), None)
            inner.append(field.annotation if field else member)
        elif get_args(member):
            inner.append(get_args(member)[-1 if issubclass(get_origin(member) or list, Mapping) else 0])
    return inner
