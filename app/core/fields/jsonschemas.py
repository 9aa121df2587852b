"""JSON Schema 2020-12 within bounds: schemas checked when they load, values held against them, patterns read by RE2.

A schema comes from a document and a value from outside; neither may make a check long. Only the keywords of `KEYWORDS` are
known: what follows other documents, or reads patterns by a slower engine, is refused.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import Any, cast

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError, ValidationError, relevance
from jsonschema.validators import extend
from referencing import Registry

from app.core.fields.patterns import LONGEST_PATTERN, compile_pattern

LONGEST_SCHEMA = 65_536
LONGEST_VALUE = 65_536
"""Characters, as JSON."""
DEEPEST = 20
MOST_PARTS = 5_000
MOST_CALLS = 20_000
"""How many keywords are looked at for one value."""
MOST_FAULTS = 50
MOST_NAMED = 10
LONGEST_SHOWN = 60

# fmt: off
KEYWORDS = frozenset((
    "$schema", "$ref", "$defs", "$comment", "title", "description", "default", "examples", "deprecated", "readOnly",
    "writeOnly", "type", "enum", "const", "allOf", "anyOf", "oneOf", "not", "if", "then", "else", "dependentSchemas",
    "dependentRequired", "properties", "patternProperties", "additionalProperties", "propertyNames", "required",
    "minProperties", "maxProperties", "items", "prefixItems", "contains", "minContains", "maxContains", "minItems",
    "maxItems", "uniqueItems", "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf",
))
# fmt: on
_MAPS = frozenset({"$defs", "properties", "patternProperties", "dependentSchemas"})
"""Keywords whose value holds schemas by names of its own."""
_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_ONE = frozenset({"not", "if", "then", "else", "additionalProperties", "propertyNames", "items", "contains"})
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}

Path = tuple[str | int, ...]


class _TooMuch(Exception):
    """The schema and the value together are more work than one answer is worth."""


_calls: ContextVar[int] = ContextVar("calls")


def check_schema(schema: Mapping[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    """What is wrong with a schema, each as where and a sentence part; nothing when it can be used."""
    written = json.dumps(schema)
    if len(written) > LONGEST_SCHEMA:
        return [((), f"must have at most {LONGEST_SCHEMA} characters")]
    return list(_checked(written))


@lru_cache(maxsize=256)
def _checked(written: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """The same, remembered: forms are read from their documents again with every order."""
    schema = json.loads(written)
    found = tuple(_objections(schema, (), schema))
    if found:
        return found
    try:
        Draft202012Validator.check_schema(schema)
    except SchemaError as error:
        return ((tuple(str(part) for part in error.absolute_path), "is no JSON Schema 2020-12"),)
    return ()


def complaints(schema: Mapping[str, Any], value: Any) -> list[tuple[Path, str]]:
    """Why a value does not keep to a schema that `check_schema` let through: where in the value, and a sentence part."""
    if problem := _too_large(value):
        return [((), problem)]
    token = _calls.set(0)
    try:
        validator = _Bounded(schema, registry=Registry())
        found = []
        for error in validator.iter_errors(value):
            found.append(error)
            if len(found) == MOST_FAULTS:
                break
        return list(dict.fromkeys(said for error in found for said in _said(error)))
    except (_TooMuch, RecursionError):
        return [((), "takes too long to check; make it smaller")]
    finally:
        _calls.reset(token)


def _too_large(value: Any) -> str | None:
    open_ends, parts = [(value, 1)], 0
    while open_ends:
        one, depth = open_ends.pop()
        parts += 1
        if depth > DEEPEST or parts > MOST_PARTS:
            return f"must be at most {DEEPEST} levels deep" if depth > DEEPEST else f"must have at most {MOST_PARTS} parts"
        inner = one.values() if isinstance(one, Mapping) else one if isinstance(one, list) else ()
        open_ends += [(part, depth + 1) for part in inner]
    if len(json.dumps(value, ensure_ascii=False)) > LONGEST_VALUE:
        return f"must have at most {LONGEST_VALUE} characters"
    return None


def _objections(schema: Any, path: tuple[str, ...], root: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, Mapping):
        yield path, "must be a schema: an object, or true or false"
        return
    if len(path) > 2 * DEEPEST:
        yield path, "is too deep"
        return
    for key, value in schema.items():
        here = (*path, str(key))
        if key not in KEYWORDS:
            yield here, f"holds {key}, which is not among the keywords that are known here"
        yield from _of_keyword(key, value, here, root)


def _of_keyword(key: str, value: Any, here: tuple[str, ...], root: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    if key == "$ref":
        yield from _reference(value, here, root)
    patterns = [value] if key == "pattern" else value if key == "patternProperties" and isinstance(value, Mapping) else ()
    for pattern in patterns:
        yield from _pattern(pattern, here)
    if key in _MAPS and isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _objections(inner, (*here, str(name)), root)
    elif key in _LISTS and isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _objections(inner, (*here, str(number)), root)
    elif key in _ONE:
        yield from _objections(value, here, root)


def _reference(value: Any, here: tuple[str, ...], root: Any) -> Iterator[tuple[tuple[str, ...], str]]:
    target = root
    if not isinstance(value, str) or not (value == "#" or value.startswith("#/")):
        yield here, "must lead to a place of this schema, such as #/$defs/port: no other document is fetched"
        return
    for part in value.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(target, list) and name.isdecimal() and int(name) < len(target):
            target = target[int(name)]
        elif isinstance(target, Mapping) and name in target:
            target = target[name]
        else:
            yield here, f"leads nowhere: there is no {value}"
            return


def _pattern(pattern: Any, here: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if not isinstance(pattern, str) or len(pattern) > LONGEST_PATTERN:
        yield here, f"must be a pattern of at most {LONGEST_PATTERN} characters"
        return
    try:
        compile_pattern(pattern)
    except ValueError as error:
        yield here, str(error)


def _matches(pattern: str, text: str) -> bool:
    return compile_pattern(pattern).search(text) is not None


def _pattern_rule(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _matches(pattern, instance):
        yield ValidationError("")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, _: Any) -> Iterator[ValidationError]:
    if isinstance(instance, Mapping):
        for pattern, inner in patterns.items():
            for name, value in instance.items():
                if _matches(pattern, name):
                    yield from validator.descend(value, inner, path=name, schema_path=pattern)


def _additional_properties(validator: Any, rule: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not isinstance(instance, Mapping):
        return
    patterns = schema.get("patternProperties", {})
    for name in _additional(instance, schema, patterns):
        if rule is False:
            yield ValidationError("")
            return
        yield from validator.descend(instance[name], rule, path=name)


def _additional(instance: Mapping[str, Any], schema: Mapping[str, Any], patterns: Mapping[str, Any]) -> list[str]:
    known = schema.get("properties", {})
    return [name for name in instance if name not in known and not any(_matches(one, name) for one in patterns)]


def _unique_items(_: Any, rule: Any, instance: Any, __: Any) -> Iterator[ValidationError]:
    if rule and isinstance(instance, list):
        written = [json.dumps(one, sort_keys=True) for one in instance]
        if len(set(written)) < len(written):
            yield ValidationError("")


def _counted(rule: Callable[..., Any]) -> Callable[..., Iterator[ValidationError]]:
    def counted(*arguments: Any) -> Iterator[ValidationError]:
        calls = _calls.get() + 1
        if calls > MOST_CALLS:
            raise _TooMuch
        _calls.set(calls)
        yield from rule(*arguments) or ()

    return counted


_RULES = {
    **Draft202012Validator.VALIDATORS,
    "pattern": _pattern_rule,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "uniqueItems": _unique_items,
}
_Bounded: Any = cast("Any", extend)(Draft202012Validator, {name: _counted(rule) for name, rule in _RULES.items()})


def _said(error: ValidationError) -> list[tuple[Path, str]]:
    path = tuple(error.absolute_path)
    rule, wanted, value = str(error.validator), cast("Any", error.validator_value), error.instance
    if rule == "required" and isinstance(value, Mapping):
        return [((*path, name), "is missing") for name in wanted if name not in value]
    if rule == "additionalProperties" and isinstance(value, Mapping) and isinstance(error.schema, Mapping):
        return _not_known(path, value, error.schema)
    if rule in ("anyOf", "oneOf") and error.context:
        closest = max(error.context, key=relevance)
        return [(place, f"{words} (or must be written in another of the allowed forms)") for place, words in _said(closest)]
    words = _WORDS.get(rule, lambda _: "does not keep to its schema")
    return [(path, words(wanted))]


def _not_known(path: Path, value: Mapping[str, Any], schema: Mapping[str, Any]) -> list[tuple[Path, str]]:
    known = ", ".join(list(schema.get("properties", {}))[:MOST_NAMED])
    remedy = f"there is {known}" if known else "take it away"
    names = _additional(value, schema, schema.get("patternProperties", {}))
    return [((*path, name), f"is not known here; {remedy}") for name in names[:MOST_FAULTS]]


def _kinds(wanted: Any) -> str:
    names = [_TYPES.get(one, str(one)) for one in (wanted if isinstance(wanted, list) else [wanted])]
    return f"must be {' or '.join(names)}"


def _one_of(wanted: Any) -> str:
    names = [_shown(one) for one in wanted[:MOST_NAMED]]
    return f"must be one of {', '.join(names)}{' and others' if len(wanted) > MOST_NAMED else ''}"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"


_WORDS: Mapping[str, Callable[[Any], str]] = {
    "type": _kinds,
    "enum": _one_of,
    "const": lambda wanted: f"must be {_shown(wanted)}",
    "minimum": lambda least: f"must be at least {least}",
    "maximum": lambda most: f"must be at most {most}",
    "exclusiveMinimum": lambda least: f"must be more than {least}",
    "exclusiveMaximum": lambda most: f"must be less than {most}",
    "multipleOf": lambda step: f"must be a multiple of {step}",
    "minLength": lambda least: f"must have at least {least} characters",
    "maxLength": lambda most: f"must have at most {most} characters",
    "pattern": lambda pattern: f"must match {_shown(pattern)}",
    "minItems": lambda least: f"must have at least {least} entries",
    "maxItems": lambda most: f"must have at most {most} entries",
    "uniqueItems": lambda _: "may not have the same entry twice",
    "minProperties": lambda least: f"must have at least {least} keys",
    "maxProperties": lambda most: f"must have at most {most} keys",
    "contains": lambda _: "must have an entry of the form that its schema asks for",
    "dependentRequired": lambda _: "needs another key beside one that it has",
    "not": lambda _: "has a form that is not allowed here",
}
