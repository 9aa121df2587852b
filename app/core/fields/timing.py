"""Days, moments and times of day."""

from collections.abc import Callable
from typing import Any

from app.core.fields.faults import fault
from app.core.fields.model import Field
from app.core.fields.times import (
    DATE_REMEDY,
    MOMENT_REMEDY,
    TIME_REMEDY,
    parse_date,
    parse_moment,
    parse_time,
    with_offset,
    without_offset,
)
from app.errors import Fault


def judge_date(field: Field, value: Any) -> list[Fault]:
    """A day, `2025-08-16`."""
    return _judge(field, value, parse_date, DATE_REMEDY)


def judge_moment(field: Field, value: Any) -> list[Fault]:
    """A date and time with its offset."""
    return _judge(field, value, parse_moment, MOMENT_REMEDY)


def judge_time(field: Field, value: Any) -> list[Fault]:
    """A time of day, `10:30`."""
    return _judge(field, value, parse_time, TIME_REMEDY)


def _judge(field: Field, value: Any, parse: Callable[[str], Any], remedy: str) -> list[Fault]:
    if not isinstance(value, str):
        return [fault(field, "type", remedy)]
    try:
        moment = parse(value)
    except ValueError as error:
        return [fault(field, "format", str(error))]
    least, most = getattr(field, f"min_{field.type}"), getattr(field, f"max_{field.type}")
    if least is not None and moment < parse(least):
        return [fault(field, f"min_{field.type}", f"must not be before {least}", **{f"min_{field.type}": least})]
    if most is not None and moment > parse(most):
        return [fault(field, f"max_{field.type}", f"must not be after {most}", **{f"max_{field.type}": most})]
    return []


def read_moment(field: Field, text: str) -> str:
    """What a date and time input posts, in the field's time zone."""
    return with_offset(text, field.timezone)


def show_moment(field: Field, value: Any) -> str:
    """A moment for a date and time input, in the field's time zone."""
    return without_offset(value, field.timezone) if isinstance(value, str) else str(value)
