"""What every answer is made of: the base of bodies, moments in the configured zone, pages, problems."""

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, SerializationInfo, WithJsonSchema

from app.queries.paging import Page

MOMENT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}[+-]\d{2}:\d{2}$"


def _written(at: datetime, info: SerializationInfo) -> str:
    """ISO 8601 with microseconds and a numeric offset, in the zone of the serialisation's context (UTC without one)."""
    zone = (info.context or {}).get("zone", UTC)
    return at.astimezone(zone).isoformat(timespec="microseconds")


Moment = Annotated[
    datetime,
    PlainSerializer(_written, return_type=str),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "pattern": MOMENT, "examples": ["2025-08-16T10:30:00.000000-05:00"]}
    ),
]


class Body(BaseModel):
    """Base of every answer. Keys that are not set are left out."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Pagination(Body):
    """Where the next page begins."""

    next_cursor: str | None = Field(description="Send it as `cursor` for the next page; null on the last one.")
    has_more: bool

    @classmethod
    def of(cls, page: Page[Any]) -> "Pagination":
        """The pagination of a page."""
        return cls(next_cursor=page.next_cursor, has_more=page.next_cursor is not None)


class ProblemError(BaseModel):
    """One thing that is wrong, at one place. The limits of the rule stand beside it, e.g. `max_value`."""

    model_config = ConfigDict(extra="allow")
    pointer: str = Field(description="JSON pointer into the body; a slash and the name for a parameter of the URL.")
    field: str = Field(description="The last name of the pointer; empty for the whole body.")
    code: str = Field(examples=["max_value"])
    message: str = Field(description="Reads after the field's name.", examples=["must be at most 1000"])


class Problem(BaseModel):
    """What went wrong (RFC 9457)."""

    model_config = ConfigDict(extra="allow")
    type: str = Field(description="Where this kind of problem is explained.", examples=["/api/problems#invalid"])
    title: str
    status: int
    detail: str
    instance: str = Field(description="The path that was called.")
    request_id: str = Field(description="The id of the call, as in the header X-Request-ID.")
    code: str = Field(examples=["invalid"])
    errors: list[ProblemError] = Field(default=[], description="Everything that is wrong with what was sent, at once.")
