"""One fault of one answer."""

from typing import Any

from app.core.fields.model import Field
from app.errors import Fault


def fault(field: Field, code: str, message: str, **limits: Any) -> Fault:
    """A fault at the field's name; `limits` are the numbers or choices of the rule."""
    return Fault((field.name,), code, message, limits)


def count(number: int, noun: str) -> str:
    """`1 character`, `2 characters`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
