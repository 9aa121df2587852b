"""JSON answers, and lists and objects: the outermost shape of each. What lies inside is judged by `checking`."""

import json
from collections.abc import Mapping
from typing import Any

from app.core import json_text
from app.core.fields.faults import count, fault
from app.core.fields.jsonschemas import LONGEST_VALUE, complaints
from app.core.fields.model import Field
from app.core.json_text import NotJson, keepable
from app.errors import Fault

INDENT = 2
UNKEPT = "holds a character that cannot be stored"


class UnreadJson(str):
    """A posted text that is no JSON. It stays as it was typed; `reason` says what is wrong, and where."""

    reason: str

    def __new__(cls, text: str, reason: str) -> "UnreadJson":
        """The text, with the reason."""
        made = super().__new__(cls, text)
        made.reason = reason
        return made


def judge_json(field: Field, value: Any) -> list[Fault]:
    """Any JSON that keeps to the field's schema; each fault at its place inside the answer.

    Of a secret one nothing is told: neither the names of its keys nor how many there are.
    """
    if isinstance(value, UnreadJson):
        return [fault(field, "json", "is no JSON" if field.is_secret else value.reason)]
    if not keepable(value):
        return [fault(field, "json", "may hold neither NaN, infinite numbers nor characters that cannot be stored")]
    found = complaints(field.json_schema or {}, value)
    if field.is_secret and found:
        return [fault(field, "schema", "does not keep to its schema")]
    return [Fault((field.name, *path), "schema", words) for path, words in found]


def judge_list(field: Field, value: Any) -> list[Fault]:
    """A list of as many entries as it may have. An empty one is no answer: what is not required needs none."""
    if not isinstance(value, list):
        return [fault(field, "type", _reason(field, value) or "must be a list")]
    least, most = field.min_items or 0, field.most_items
    if value and len(value) < least:
        return [fault(field, "min_items", f"must have at least {_entries(least)}", min_items=least)]
    if len(value) > most:
        return [fault(field, "max_items", f"must have at most {_entries(most)}", max_items=most)]
    return []


def judge_object(field: Field, value: Any) -> list[Fault]:
    """An object."""
    return [] if isinstance(value, Mapping) else [fault(field, "type", _reason(field, value) or "must be an object")]


def read_json(_: Field, text: str) -> Any:
    """A posted text as the JSON that it is."""
    if len(text) > LONGEST_VALUE:
        return UnreadJson(text, f"must have at most {LONGEST_VALUE} characters")
    try:
        value = json_text.read(text)
    except NotJson as error:
        return UnreadJson(text, str(error))
    return value if keepable(value) else UnreadJson(text, UNKEPT)


def show_json(field: Field, value: Any) -> str:
    """JSON as people write it, indented; a text that was no JSON as it was typed."""
    if isinstance(value, UnreadJson) or (isinstance(value, str) and not _takes_text(field)):
        return str(value)
    return json.dumps(value, indent=INDENT, ensure_ascii=False)


def _entries(number: int) -> str:
    return "1 entry" if number == 1 else count(number, "entrie")


def _reason(field: Field, value: Any) -> str | None:
    return value.reason if isinstance(value, UnreadJson) and not field.is_secret else None


def _takes_text(field: Field) -> bool:
    wanted = (field.json_schema or {}).get("type", "string")
    return field.type == "json" and "string" in (wanted if isinstance(wanted, list) else [wanted])
