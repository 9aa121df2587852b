"""Where a stream begins."""

from typing import Annotated

from pydantic import Field

from app.api.reading import Query
from app.api.shapes.parameters import LARGEST, After, Whole


class StreamQuery(Query):
    """Which events."""

    after: After = Field(default=0, description="The number of the last event that the client has.")


class LogStreamQuery(Query):
    """Which lines of a log."""

    attempt: Annotated[int, Field(ge=1, le=LARGEST), Whole] | None = Field(
        default=None, description="The newest one when left out."
    )
    after: After = Field(default=0, description="The number of the last line that the client has.")
