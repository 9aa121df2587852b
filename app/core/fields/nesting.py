"""JSON answers, and lists and objects: the outermost shape of each. What lies inside is judged by `checking`."""

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from app.core.fields.faults import count, fault
from app.core.fields.jsonschemas import LONGEST_VALUE, complaints
from app.core.fields.model import Field
from app.errors import Fault

UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
INDENT = 2
DEEPEST = 64
"""Levels of what can be read: as many as the API takes in a body."""
UNREADABLE = "is no JSON that can be kept: neither NaN, infinite numbers, endless nesting nor U+0000 and half characters are"


class UnreadJson(str):
    """A posted text that is no JSON. It stays as it was typed; `reason` says what is wrong, and where."""

    reason: str

    def __new__(cls, text: str, reason: str) -> "UnreadJson":
        """The text, with the reason."""
        made = super().__new__(cls, text)
        made.reason = reason
        return made


def judge_json(field: Field, value: Any) -> list[Fault]:
    """Any JSON that keeps to the field's schema; each fault at its place inside the answer."""
    if isinstance(value, UnreadJson):
        return [fault(field, "json", value.reason)]
    if not _is_plain(value):
        return [fault(field, "json", "may hold neither NaN, infinite numbers nor characters that cannot be stored")]
    found = complaints(field.json_schema or {}, value)
    return [Fault((field.name, *path), "schema", words) for path, words in found]


def judge_list(field: Field, value: Any) -> list[Fault]:
    """A list of as many entries as it may have. An empty one is no answer: what is not required needs none."""
    if not isinstance(value, list):
        return [fault(field, "type", _reason(value) or "must be a list")]
    least, most = field.min_items or 0, field.most_items
    if value and len(value) < least:
        return [fault(field, "min_items", f"must have at least {_entries(least)}", min_items=least)]
    if len(value) > most:
        return [fault(field, "max_items", f"must have at most {_entries(most)}", max_items=most)]
    return []


def judge_object(field: Field, value: Any) -> list[Fault]:
    """An object."""
    return [] if isinstance(value, Mapping) else [fault(field, "type", _reason(value) or "must be an object")]


def read_json(_: Field, text: str) -> Any:
    """A posted text as the JSON that it is."""
    if len(text) > LONGEST_VALUE:
        return UnreadJson(text, f"must have at most {LONGEST_VALUE} characters")
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refused)
    except json.JSONDecodeError as error:
        return UnreadJson(text, f"is no JSON: line {error.lineno}, column {error.colno}: {_words(error.msg)}")
    except _Twice as error:
        return UnreadJson(text, f"has the key “{error}” twice in one object")
    except (ValueError, RecursionError):
        return UnreadJson(text, UNREADABLE)
    return value if _is_plain(value) else UnreadJson(text, UNREADABLE)


def show_json(field: Field, value: Any) -> str:
    """JSON as people write it, indented; a text that was no JSON as it was typed."""
    if isinstance(value, UnreadJson) or (isinstance(value, str) and not _takes_text(field)):
        return str(value)
    return json.dumps(value, indent=INDENT, ensure_ascii=False)


def _entries(number: int) -> str:
    return "1 entry" if number == 1 else count(number, "entrie")


def _reason(value: Any) -> str | None:
    return value.reason if isinstance(value, UnreadJson) else None


def _takes_text(field: Field) -> bool:
    wanted = (field.json_schema or {}).get("type", "string")
    return field.type == "json" and "string" in (wanted if isinstance(wanted, list) else [wanted])


def _refused(text: str) -> Any:
    raise ValueError(text)


class _Twice(ValueError):
    """An object has a key twice; the message is the key."""


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, value in pairs:
        if name in made:
            raise _Twice(UNSTORABLE.sub("\ufffd", name))
        made[name] = value
    return made


def _words(message: str) -> str:
    """What Python's reader says, in the middle of a sentence."""
    return message[:1].lower() + message[1:]


def _is_plain(value: Any) -> bool:
    """Whether it can be kept: no text, number or depth that a database or a reader of JSON stumbles over."""
    open_ends = [(value, 0)]
    while open_ends:
        one, depth = open_ends.pop()
        if isinstance(one, Mapping | list):
            if depth == DEEPEST:
                return False
            inside = [*one.keys(), *one.values()] if isinstance(one, Mapping) else one
            open_ends += [(each, depth + 1) for each in inside]
        elif (isinstance(one, str) and UNSTORABLE.search(one)) or (isinstance(one, float) and not math.isfinite(one)):
            return False
    return True
