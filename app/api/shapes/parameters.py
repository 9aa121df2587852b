"""Parameters of URLs, where everything is text: pages, lists, yes and no."""

from datetime import UTC
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field
from pydantic_core import PydanticCustomError

from app.core.moments import moment
from app.queries.paging import MOST

LARGEST = 2**31 - 1


def _whole(text: Any) -> Any:
    if isinstance(text, str):
        digits = text.removeprefix("-")
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 18):
            raise PydanticCustomError("type", "must be a whole number")
        return int(text)
    return text


def _yes_or_no(text: Any) -> Any:
    if isinstance(text, str):
        if text not in ("true", "false"):
            raise PydanticCustomError("type", "must be true or false")
        return text == "true"
    return text


def _day_or_moment(text: str) -> str:
    try:
        moment(text, UTC)
    except ValueError as error:
        raise PydanticCustomError("format", str(error)) from error
    return text


Whole = BeforeValidator(_whole)
YesOrNo = Annotated[bool, BeforeValidator(_yes_or_no)]
# Bounds stand before the reader of the text: behind it they would be missing from the description.
Names = tuple[Annotated[str, Field(max_length=200)], ...]
Limit = Annotated[int, Field(ge=1, le=MOST, description="How many a page holds."), Whole]
Cursor = Annotated[str | None, Field(max_length=1000, description="`next_cursor` of the page before.")]
Wait = Annotated[
    int,
    Field(
        ge=0, le=60, description="Seconds to wait for something to happen, when nothing has; a portal that is busy waits less."
    ),
    Whole,
]
After = Annotated[int, Field(ge=0, le=LARGEST), Whole]
Day = Annotated[str, Field(max_length=40, examples=["2026-08-16", "2026-08-16T10:30:00+02:00"]), AfterValidator(_day_or_moment)]
"""A day in the portal's zone, or a moment; `core.moments` says what it means."""
