"""Dates, times and moments as JSON carries them: RFC 3339 texts, read strictly."""

import re
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

# `fromisoformat` also takes 20250816 and 2025-W33-6; one way of writing is enough, and the one that browsers post.
DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
TIME = re.compile(r"\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?", re.ASCII)
OFFSET = re.compile(r"(Z|[+-]\d{2}:\d{2})", re.ASCII)
MOMENT = re.compile(rf"{DATE.pattern}[T ]{TIME.pattern}(?P<offset>{OFFSET.pattern})?", re.ASCII)

DATE_REMEDY = "must be a date, such as 2025-08-16"
TIME_REMEDY = "must be a time of day, such as 10:30"
MOMENT_REMEDY = "must be a date and time with its offset, such as 2025-08-16T10:30:00+00:00"


def parse_date(text: str) -> date:
    """A day. Raises ValueError with what to write."""
    if not DATE.fullmatch(text):
        raise ValueError(DATE_REMEDY)
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ValueError("must be a day that there is") from error


def parse_time(text: str) -> time:
    """A time of day without an offset. Raises ValueError with what to write."""
    if not TIME.fullmatch(text):
        raise ValueError(TIME_REMEDY)
    try:
        return time.fromisoformat(text)
    except ValueError as error:
        raise ValueError("must be a time that there is") from error


def parse_moment(text: str) -> datetime:
    """A moment, with its offset. Raises ValueError with what to write."""
    found = MOMENT.fullmatch(text)
    if not found or not found["offset"]:
        raise ValueError(MOMENT_REMEDY)
    try:
        moment = datetime.fromisoformat(text)
        moment.timestamp()
    except (ValueError, OverflowError) as error:
        raise ValueError("must be a date and time that there is") from error
    return moment


def with_offset(text: str, zone: str | None) -> str:
    """What a form's date and time input posts, which has no offset, as the moment it is in `zone` (default UTC).

    In an hour that happens twice, the first is meant. A text that is something else comes back as it was, for the judge to
    name what is wrong.
    """
    found = MOMENT.fullmatch(text)
    if not found or found["offset"]:
        return text
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone or "UTC")).isoformat()
    except (ValueError, OverflowError):
        return text


def without_offset(text: str, zone: str | None) -> str:
    """A moment as a form's date and time input shows it in `zone` (default UTC)."""
    try:
        return parse_moment(text).astimezone(ZoneInfo(zone or "UTC")).replace(tzinfo=None).isoformat()
    except (ValueError, OverflowError):
        return text
