"""Numbers: whole, with a fraction, and percentages."""

import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any

from app.core.fields.faults import count, fault
from app.core.fields.model import Field
from app.errors import Fault

# What JSON readers everywhere hold exactly (IEEE 754 doubles): browsers and Terraform among them.
LARGEST_INTEGER = 2**53 - 1
INTEGER = re.compile(r"[+-]?\d{1,20}", re.ASCII)
NUMBER = re.compile(r"[+-]?\d{1,400}(\.\d{1,400})?([eE][+-]?\d{1,4})?", re.ASCII)


def judge_integer(field: Field, value: Any) -> list[Fault]:
    """A whole number; 3.0 and true are none."""
    if not isinstance(value, int) or isinstance(value, bool):
        return [fault(field, "type", "must be a whole number")]
    return _limits(field, value, -LARGEST_INTEGER, LARGEST_INTEGER)


def judge_number(field: Field, value: Any) -> list[Fault]:
    """A number."""
    return _judge(field, value, None, None)


def judge_percentage(field: Field, value: Any) -> list[Fault]:
    """A number from 0 to 100 unless the field says otherwise."""
    return _judge(field, value, 0, 100)


def _judge(field: Field, value: Any, least: float | None, most: float | None) -> list[Fault]:
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        return [fault(field, "type", "must be a number")]
    bound = LARGEST_INTEGER if isinstance(value, int) else None
    return _limits(field, value, least if least is not None else bound and -bound, most if most is not None else bound)


def _is_finite(value: float) -> bool:
    return isinstance(value, int) or math.isfinite(value)


def _limits(field: Field, value: float, least: float | None, most: float | None) -> list[Fault]:
    least = field.min_value if field.min_value is not None else least
    most = field.max_value if field.max_value is not None else most
    if least is not None and value < least:
        return [fault(field, "min_value", f"must be at least {least}", min_value=least)]
    if most is not None and value > most:
        return [fault(field, "max_value", f"must be at most {most}", max_value=most)]
    return [found for rule in (_precision, _step) if (found := rule(field, value))]


def _precision(field: Field, value: float) -> Fault | None:
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    if field.precision is None or not isinstance(exponent, int) or -exponent <= field.precision:
        return None
    places = (
        "must be a whole number" if field.precision == 0 else f"must have at most {count(field.precision, 'decimal place')}"
    )
    return fault(field, "precision", places, precision=field.precision)


def _step(field: Field, value: float) -> Fault | None:
    """Steps are counted from the least value, as browsers do, and exactly: 0.3 is three steps of 0.1."""
    if field.step is None:
        return None
    start = field.min_value if field.min_value is not None else 0
    if (_exact(value) - _exact(start)) % _exact(field.step) == 0:
        return None
    message = f"must be a multiple of {field.step}" if start == 0 else f"must be {start} or more in steps of {field.step}"
    return fault(field, "step", message, step=field.step)


def _exact(value: float) -> Fraction:
    return Fraction(repr(value))


def read_integer(_: Field, text: str) -> Any:
    """A posted text as a whole number."""
    return int(text) if INTEGER.fullmatch(text.strip()) else text


def read_number(field: Field, text: str) -> Any:
    """A posted text as a number, whole where it is written so."""
    number = read_integer(field, text)
    if isinstance(number, int) or not NUMBER.fullmatch(text.strip()):
        return number
    return float(text) if math.isfinite(float(text)) else text


def show(_: Field, value: Any) -> str:
    """A number as it is read back, or what was sent in its place."""
    return repr(value) if isinstance(value, float) else str(value)
