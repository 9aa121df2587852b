"""`quotas.yaml` at the catalog's root: its shape, its faults with their places, and how it comes into the database."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any

from pydantic import Field, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from sqlalchemy import Connection, delete, func
from sqlalchemy.dialects.postgresql import insert

from app.catalog.schema.words import Line, Word
from app.catalog.yaml12 import Text
from app.core.quota import LARGEST
from app.core.shapes import Shape, shape_faults
from app.errors import Fault
from app.models.tables import QUOTA, QUOTA_RULES

FILE = "quotas.yaml"
EVERY_TEAM = ""
"""The team of the limits that hold for every team without its own."""

Amount = Annotated[float, Field(ge=0, le=float(LARGEST), allow_inf_nan=False)]
Limits = dict[Word, Amount]


class Resource(Shape):
    """How people call a resource, and in what it is counted."""

    title: Line | None = None
    unit: Annotated[str, Field(max_length=20)] | None = None


class Quotas(Shape):
    """How much each team may take of each resource; a resource that is not named has no limit."""

    default: Limits = {}
    teams: dict[Line, Limits] = {}
    warn_at: Annotated[float, Field(gt=0, le=1)] = 0.8
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    resources: dict[Word, Resource] = {}

    @field_validator("teams")
    @classmethod
    def _named(cls, teams: dict[str, Limits]) -> dict[str, Limits]:
        if any(not name.strip() for name in teams):
            raise PydanticCustomError("required", "must name teams", {"remedy": "write the team's name"})
        return teams

    @property
    def rules(self) -> dict[str, Any]:
        """What is kept besides the limits."""
        return self.model_dump(include={"warn_at", "currency", "resources"}, exclude_none=True)

    def limits(self) -> Iterator[tuple[str, str, float]]:
        """Every limit as `(team, resource, limit)`; the team of those that hold for all is empty."""
        for team, limits in ((EVERY_TEAM, self.default), *self.teams.items()):
            for resource, limit in limits.items():
                yield team, resource, limit


def shaped(text: Text) -> tuple[Quotas | None, list[Fault]]:
    """The quotas that a file holds, or None and what is wrong with its shape. An empty file sets no limit."""
    document = {} if text.data is None else text.data
    try:
        return Quotas.model_validate(document), []
    except ValidationError as error:
        return None, shape_faults(Quotas, error, document)


def store(connection: Connection, quotas: Quotas) -> None:
    """Write what the file says in the place of what it said before. What an administrator has set stays, and wins."""
    now = func.clock_timestamp()
    connection.execute(delete(QUOTA).where(QUOTA.c.source == "file"))
    rows = [
        {"team": team, "resource": resource, "source": "file", "limit": Decimal(str(limit))}
        for team, resource, limit in quotas.limits()
    ]
    if rows:
        connection.execute(insert(QUOTA), rows)
    written = insert(QUOTA_RULES).values(id=1, rules=quotas.rules)
    connection.execute(written.on_conflict_do_update(index_elements=["id"], set_={"rules": quotas.rules, "updated_at": now}))
