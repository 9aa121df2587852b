"""What people send with a decision about a request, and what they cannot decide now."""

from typing import Self

from pydantic import Field

from app.api.shapes.common import Body
from app.core.shapes import Shape
from app.lifecycle.tickets import LONGEST_COMMENT
from app.queries import decisions as found


class Reason(Shape):
    """Why; the other people of the request read it."""

    reason: str = Field(min_length=1, max_length=LONGEST_COMMENT)


class FromStep(Shape):
    """From where on it runs again; left out: whatever failed."""

    from_step: str | None = Field(default=None, min_length=1, max_length=200, examples=["step-003"])


class Refusals(Body):
    """Why the caller cannot decide something now; null where they can, or where it is decided already."""

    cancel: str | None
    retry: str | None
    resume: str | None
    rollback: str | None

    @classmethod
    def of(cls, refused: found.Refusals) -> Self:
        """The shape of what is refused."""
        return cls(cancel=refused.cancel, retry=refused.retry, resume=refused.resume, rollback=refused.rollback)
