"""Secrets: texts that are written and never shown. No fault tells anything of what was sent."""

import unicodedata
from typing import Any

from app.core.fields.faults import count, fault
from app.core.fields.model import Field
from app.core.fields.patterns import fits
from app.core.fields.writing import LINE_BREAKS, REFUSED
from app.core.secrecy import MASK
from app.errors import Fault


def judge_secret(field: Field, value: Any) -> list[Fault]:
    """A text of one or more lines (a key has many)."""
    if not isinstance(value, str):
        return [fault(field, "type", "must be text")]
    least = field.min_length or 0
    if len(value) < least:
        return [fault(field, "min_length", f"must have at least {count(least, 'character')}", min_length=least)]
    if len(value) > field.longest:
        return [fault(field, "max_length", f"must have at most {count(field.longest, 'character')}", max_length=field.longest)]
    if any(unicodedata.category(char) in REFUSED and char not in LINE_BREAKS for char in value):
        return [fault(field, "format", "may not contain control characters")]
    if field.regexp is not None and not fits(field.regexp, value):
        return [fault(field, "regexp", "does not have the expected form", regexp=field.regexp)]
    return []


def judge_masked(field: Field, value: Any) -> list[Fault] | None:
    """What is wrong with a mask where a secret should be; None for anything else.

    Whoever may keep a secret puts it in the mask's place before the answers are judged.
    """
    if not field.is_secret or value != MASK:
        return None
    return [
        fault(field, "masked", "is masked, and no value is kept here that the mask could stand for: write the secret itself")
    ]
