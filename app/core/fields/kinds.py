"""The types of fields: how each judges a JSON value, reads what a form posts and shows what is stored.

The values a judge accepts are stored as they were sent. A new type is a module or a few functions, and a line in `KINDS`
and in `model.TYPES`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, Literal

from app.core.fields import attaching, choosing, concealing, counting, nesting, timing, writing
from app.core.fields.model import Field
from app.errors import Fault


class Absent(Enum):
    """No answer: neither a value nor an empty text."""

    ABSENT = "absent"


ABSENT: Final[Literal[Absent.ABSENT]] = Absent.ABSENT


@dataclass(frozen=True, slots=True)
class Kind:
    """What there is to know of one type.

    judge: all that is wrong with a JSON value. read: one posted text as a JSON value; a text that cannot be read stays as it
    is, for the judge to name the fault. show: a stored value as the text of its input.
    """

    judge: Callable[[Field, Any], list[Fault]]
    read: Callable[[Field, str], Any]
    show: Callable[[Field, Any], str]


_TEXT = writing.read, writing.show
_JSON = nesting.read_json, nesting.show_json

KINDS: Mapping[str, Kind] = {
    "string": Kind(writing.judge_line, *_TEXT),
    "textarea": Kind(writing.judge_lines, writing.read_lines, writing.show),
    "integer": Kind(counting.judge_integer, counting.read_integer, counting.show),
    "number": Kind(counting.judge_number, counting.read_number, counting.show),
    "percentage": Kind(counting.judge_percentage, counting.read_number, counting.show),
    "boolean": Kind(choosing.judge_boolean, choosing.read_boolean, choosing.show),
    "date": Kind(timing.judge_date, *_TEXT),
    "datetime": Kind(timing.judge_moment, timing.read_moment, timing.show_moment),
    "time": Kind(timing.judge_time, *_TEXT),
    "selection": Kind(choosing.judge_selection, choosing.read_choice, choosing.show),
    "multiselect": Kind(choosing.judge_multiselect, choosing.read_choice, choosing.show),
    "json": Kind(nesting.judge_json, *_JSON),
    "list": Kind(nesting.judge_list, *_JSON),
    "object": Kind(nesting.judge_object, *_JSON),
    "team": Kind(writing.judge_line, *_TEXT),
    "user": Kind(writing.judge_line, *_TEXT),
    "secret": Kind(concealing.judge_secret, *_TEXT),
    "file": Kind(attaching.judge_file, *_TEXT),
}


def judge(field: Field, value: Any) -> list[Fault]:
    """All that is wrong with a JSON value as an answer to `field`; paths are `(field name,)`."""
    return KINDS[field.type].judge(field, value)


def from_text(field: Field, raw: Sequence[str]) -> Any:
    """The JSON value of what a form posts under the field's name: all values of it, none for what is not ticked.

    ABSENT for an empty text of an optional field; an empty text of a required one stays, so that clearing a field is not
    answered with its default. A text that cannot be read stays text.
    """
    kind = KINDS[field.type]
    if field.type == "multiselect":
        return [kind.read(field, text) for text in raw]
    if field.type == "boolean":
        return kind.read(field, raw[-1]) if raw else False
    if not raw or (raw[-1] == "" and not field.required):
        return ABSENT
    return kind.read(field, raw[-1])


def to_text(field: Field, value: Any) -> str | list[str]:
    """A stored or posted value as the form shows it: a text, or the texts of what is ticked. Nothing for no answer."""
    kind = KINDS[field.type]
    if field.type == "multiselect":
        return [kind.show(field, one) for one in value] if isinstance(value, list) else []
    return "" if value is None or value is ABSENT else kind.show(field, value)
