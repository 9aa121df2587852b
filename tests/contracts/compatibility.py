"""Which changes of an OpenAPI document break a client that was written for the older one.

What a client sends may only be taken more gladly; what it gets may only become more.
"""

from collections.abc import Iterator, Mapping
from typing import Any

SENT, GOT = "sent", "got"
WORDS = frozenset({"description", "summary", "examples", "title", "tags", "info"})
UPPER = ("maximum", "maxLength", "maxItems")
LOWER = ("minimum", "minLength", "minItems")
NOTHING: Mapping[str, Any] = {}


def breaks(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """Every change from `old` to `new` that breaks a client, in words."""
    return sorted(set(_Comparison(old, new).all()))


def bones(document: Any) -> Any:
    """A document without what only people read."""
    if isinstance(document, dict):
        # A property may be called like a word: only the words themselves are text, or lists of examples and tags.
        return {
            key: bones(value)
            for key, value in document.items()
            if key not in WORDS or (isinstance(value, dict) and key != "info")
        }
    return [bones(one) for one in document] if isinstance(document, list) else document


class _Comparison:
    def __init__(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        self.old, self.new = old, new
        self.seen: set[tuple[str, str, str]] = set()

    def all(self) -> Iterator[str]:
        for path, methods in self.old["paths"].items():
            for method, operation in methods.items():
                where = f"{method.upper()} {path}"
                now = self.new["paths"].get(path, NOTHING).get(method)
                if now is None:
                    yield f"{where} is gone"
                else:
                    yield from self._parameters(where, operation, now)
                    yield from self._body(where, operation, now)
                    yield from self._answers(where, operation, now)

    def _parameters(self, where: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
        before = {(one["in"], one["name"]): one for one in old.get("parameters", ())}
        after = {(one["in"], one["name"]): one for one in new.get("parameters", ())}
        for key, parameter in before.items():
            if key not in after:
                yield f"{where}: the parameter {key[1]} is gone"
            else:
                yield from self._schema(f"{where}?{key[1]}", parameter["schema"], after[key]["schema"], SENT)
        for key, parameter in after.items():
            if parameter.get("required") and not before.get(key, NOTHING).get("required"):
                yield f"{where}: the parameter {key[1]} must be given now"

    def _body(self, where: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
        before, after = old.get("requestBody"), new.get("requestBody")
        if before is None and after is not None and after.get("required"):
            yield f"{where}: a body must be given now"
        if before is not None:
            yield from self._contents(f"{where} body", before, after or NOTHING, SENT)

    def _answers(self, where: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
        for status, answer in old["responses"].items():
            now = new["responses"].get(status)
            if now is not None:
                yield from self._contents(f"{where} {status}", _found(self.old, answer), _found(self.new, now), GOT)
            elif int(status) < 400:
                yield f"{where}: {status} is not answered any more"

    def _contents(self, where: str, old: Mapping[str, Any], new: Mapping[str, Any], way: str) -> Iterator[str]:
        for kind, content in old.get("content", NOTHING).items():
            now = new.get("content", NOTHING).get(kind)
            if now is None:
                yield f"{where}: {kind} is gone"
            else:
                yield from self._schema(where, content["schema"], now["schema"], way)

    def _schema(self, where: str, old: Mapping[str, Any], new: Mapping[str, Any], way: str) -> Iterator[str]:
        references = (old.get("$ref", ""), new.get("$ref", ""), way)
        if any(references[:2]):
            if references in self.seen:
                return
            self.seen.add(references)
        before, after = _choices(self.old, old), _choices(self.new, new)
        given, taken = (before, after) if way == SENT else (after, before)
        for kind in sorted(set(given) - set(taken)):
            yield f"{where}: {kind} is {'not taken any more' if way == SENT else 'answered now'}"
        for kind in sorted(set(before) & set(after)):
            yield from self._kind(where, before[kind], after[kind], way)

    def _kind(self, where: str, old: Mapping[str, Any], new: Mapping[str, Any], way: str) -> Iterator[str]:
        yield from _values(where, old, new, way)
        yield from _bounds(where, old, new, way)
        if "items" in old and "items" in new:
            yield from self._schema(f"{where}[]", old["items"], new["items"], way)
        if isinstance(old.get("additionalProperties"), dict) and isinstance(new.get("additionalProperties"), dict):
            yield from self._schema(f"{where}/*", old["additionalProperties"], new["additionalProperties"], way)
        yield from self._properties(where, old, new, way)

    def _properties(self, where: str, old: Mapping[str, Any], new: Mapping[str, Any], way: str) -> Iterator[str]:
        before, after = old.get("properties", NOTHING), new.get("properties", NOTHING)
        for name in before:
            if name not in after:
                yield f"{where}/{name} is gone"
            else:
                yield from self._schema(f"{where}/{name}", before[name], after[name], way)
        had, has = set(old.get("required", ())), set(new.get("required", ()))
        if way == SENT:
            yield from (f"{where}/{name} must be given now" for name in sorted(has - had))
        else:
            yield from (f"{where}/{name} may be missing now" for name in sorted((had - has) & set(after)))


def _found(document: Mapping[str, Any], value: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in value:
        found: Any = document
        for part in value["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        value = found
    return value


def _choices(document: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The alternatives of a schema by what they are: a type, or the name of one of several objects."""
    name = schema.get("$ref", "").rpartition("/")[2]
    schema = _found(document, schema)
    several = [*schema.get("anyOf", ()), *schema.get("oneOf", ())]
    if several:
        found = [_choices(document, one) for one in several]
        objects = sum("object" in one for one in found)
        return {
            f"object {one['$ref'].rpartition('/')[2]}" if kind == "object" and objects > 1 else kind: choice
            for one, choices in zip(several, found, strict=True)
            for kind, choice in choices.items()
        }
    kinds = schema.get("type", "anything" if not name else "object")
    return dict.fromkeys([kinds] if isinstance(kinds, str) else kinds, schema)


def _values(where: str, old: Mapping[str, Any], new: Mapping[str, Any], way: str) -> Iterator[str]:
    before, after = _enumerated(old), _enumerated(new)
    given, taken = (before, after) if way == SENT else (after, before)
    if taken is None:
        return
    if given is None:
        yield f"{where}: {'only some values are taken now' if way == SENT else 'any value may be answered now'}"
        return
    for value in sorted(given - taken):
        yield f"{where}: {value} is {'not taken any more' if way == SENT else 'answered now'}"


def _enumerated(schema: Mapping[str, Any]) -> set[str] | None:
    values = schema.get("enum") or ([schema["const"]] if "const" in schema else None)
    return None if values is None else {str(value) for value in values}


def _bounds(where: str, old: Mapping[str, Any], new: Mapping[str, Any], way: str) -> Iterator[str]:
    for key in ("pattern", "format"):
        if old.get(key) != new.get(key) and (way == GOT or key in new):
            yield f"{where}: {key} has changed"
    if way == GOT:
        return
    for keys, tighter in ((UPPER, lambda was, now: now < was), (LOWER, lambda was, now: now > was)):
        for key in keys:
            if key in new and (key not in old or tighter(old[key], new[key])):
                yield f"{where}: {key} is tighter"
    if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
        yield f"{where}: unknown keys are refused now"
