"""How teams stand with their quotas, and the limits that administrators set."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from pydantic import Field

from app.api.reading import Query
from app.api.shapes.common import Body
from app.api.shapes.money import Amount
from app.core.shapes import Shape
from app.queries.quotas import Standing


class QuotasQuery(Query):
    """Which teams."""

    team: str | None = Field(default=None, max_length=200, description="Teams whose names hold this.")


class Resource(Body):
    """One resource that a team has a limit of."""

    resource: str = Field(examples=["vcpu"])
    title: str = Field(examples=["vCPU"])
    unit: str
    limit: Amount
    used: Amount = Field(description="By what was built.")
    reserved: Amount = Field(description="By requests that are open, or half built.")
    available: Amount = Field(description="Below zero where the limit was lowered below what is taken.")
    warn: bool = Field(description="So much is taken that people should know.")
    source: Literal["file", "admin"] = Field(description="The catalog's `quotas.yaml`, or an administrator, which wins.")
    of_all: bool = Field(description="The limit is that of every team without its own.")

    @classmethod
    def of(cls, standing: Standing) -> Self:
        """The shape of how a team stands with one resource."""
        told = standing.line.as_json()
        return cls(
            **{key: told[key] for key in ("resource", "title", "unit", "limit", "used", "reserved", "warn")},
            available=told["available_after"],
            source="admin" if standing.source == "admin" else "file",
            of_all=standing.of_all,
        )


class TeamQuotas(Body):
    """One team, and every resource that it has a limit of. Of all others it may take any amount."""

    team: str
    resources: list[Resource]

    @classmethod
    def all_of(cls, teams: Sequence[str], found: Sequence[Standing]) -> list[Self]:
        """The shapes of these teams, in this order."""
        return [cls(team=team, resources=[Resource.of(one) for one in found if one.team == team]) for team in teams]


class QuotaList(Body):
    """Teams with their quotas, by name."""

    teams: list[TeamQuotas]


class NewLimits(Shape):
    """All limits that one team shall have of its own. An empty object takes them away: then the catalog's file holds again."""

    team: Annotated[str, Field(min_length=1, max_length=200)]
    limits: dict[str, Annotated[float, Field(ge=0)]] = Field(examples=[{"vcpu": 40, "monthly_cost": 2000}])
