"""Whether the portal is well, and the JSON Schemas that it serves."""

from collections.abc import Sequence
from typing import Any, Literal, Self

from pydantic import Field, RootModel

from app.api.shapes.common import Body
from app.ops import health


class Alive(Body):
    """The process answers."""

    status: Literal["alive"]


class Part(Body):
    """One part that readiness needs."""

    name: str
    problem: str | None = Field(description="What is wrong with it; null when it is well.")


class Ready(Body):
    """Every part is well."""

    status: Literal["ready"]
    parts: list[Part]

    @classmethod
    def of(cls, parts: Sequence[health.Part]) -> Self:
        """The shape of parts that are well."""
        return cls(status="ready", parts=[Part(name=part.name, problem=part.problem) for part in parts])


class JsonSchema(RootModel[dict[str, Any]]):
    """A JSON Schema (2020-12)."""
