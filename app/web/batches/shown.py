"""What the pages of batches say: columns of a file, faults of its rows in words, how a batch stands. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import Fault
from app.lifecycle.batches.columns import Column
from app.queries.batches import BatchDetail, BatchLine
from app.web.filters import plural, sentence
from app.web.labels import Label

WORDS: Mapping[str, str] = {
    "boolean": "true or false",
    "integer": "whole number",
    "string": "text",
    "textarea": "text",
    "json": "JSON",
    "list": "a list, as JSON",
    "object": "an object, as JSON",
    "file": "the id of an upload",
    "user": "the id of a user",
    "team": "a team",
}


@dataclass(frozen=True, slots=True)
class RowShown:
    """One row of a file that was looked at. line: its number in the file; wrong: sentences."""

    line: int
    key: str
    wrong: Sequence[str]


def columns(found: Sequence[Column]) -> list[dict[str, Any]]:
    """The columns of a file as a table shows them."""
    return [{"it": one, "type": _type(one)} for one in found]


def _type(column: Column) -> str:
    if column.is_switch:
        return "true or false"
    if column.field is None:
        return "one of your teams"
    words = WORDS.get(column.field.type, column.field.type)
    choices = [choice.text for choice in column.field.choices]
    if not choices:
        return words
    return f"{'some' if column.field.type == 'multiselect' else 'one'} of {', '.join(choices)}"


def rows(keys: Sequence[str], numbers: Sequence[int], wrong: Mapping[int, Sequence[str]]) -> list[RowShown]:
    """The rows of a file in its order."""
    return [RowShown(numbers[place], key, wrong.get(place, ())) for place, key in enumerate(keys)]


def of_rows(faults: Sequence[Fault], found: Sequence[Column]) -> tuple[dict[int, list[str]], list[str]]:
    """Faults by row in words, and those of the file itself."""
    names = {column.path: column.name for column in found}
    by_row: dict[int, list[str]] = {}
    rest = []
    for fault in faults:
        match fault.path:
            case ("rows", int() as place, *path):
                by_row.setdefault(place, []).append(_words([*path], fault.message, names))
            case ("csv", *path) | path:
                rest.append(_words([*path], fault.message, names))
    return by_row, rest


def wrong_with(line: BatchLine, found: Sequence[Column]) -> list[str]:
    """What is wrong with a row that was refused, in words."""
    names = {column.path: column.name for column in found}
    return [_words(str(one["pointer"]).split("/")[1:], str(one["message"]), names) for one in line.faults]


def _words(path: Sequence[Any], message: str, names: Mapping[tuple[str, ...], str]) -> str:
    """`allocated_storage: must be at most 1000`; what is about no column is a sentence of its own."""
    parts = tuple(str(part) for part in (path[1:] if path and path[0] == "order" else path))
    name = names.get(parts) or ".".join(parts)
    return f"{name}: {message}" if name else sentence(message)


def standing(detail: BatchDetail) -> Label:
    """How a batch stands, beside its title."""
    head = detail.head
    if detail.moving:
        return Label("running", "running", "Being built")
    if head.refused:
        return Label("failed", "failed", f"{plural(head.refused, 'row')} refused")
    return Label("done", "done", "All ended")
