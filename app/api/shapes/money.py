"""What an order costs and what it takes of quotas."""

from collections.abc import Mapping
from typing import Any, Literal, Self

from pydantic import Field

from app.api.shapes.common import Body
from app.core.quota import QuotaLine as Line

Amount = int | float


class PriceLine(Body):
    """One line of a price."""

    label: str = Field(examples=["EKS app, 3 replicas"])
    amount: Amount | None = Field(description="null where it cannot be worked out.", examples=[72.0])


class PricedItem(Body):
    """What one item costs, or the bundle itself, whose `alias` is `bundle`."""

    alias: str
    title: str
    total: Amount | None = Field(description="null without a price, and where a line cannot be worked out.")
    lines: list[PriceLine]


class Price(Body):
    """What an order costs. A price that cannot be worked out is null and says why; it is never 0 instead."""

    currency: str | None = Field(description="null where items have different ones, which are not added up.", examples=["USD"])
    per: str | None = Field(description="null where items have different ones, which are not added up.", examples=["month"])
    total: Amount | None = Field(description="null where it cannot be worked out; `problems` say why.", examples=[256.03])
    items: list[PricedItem]
    problems: list[str] = Field(description="Why there is no total.")
    unpriced: list[str] = Field(default=[], description="Titles of items that have no price; the total is without them.")

    @classmethod
    def of(cls, kept: Mapping[str, Any] | None) -> Self | None:
        """The shape of a price as it is kept with a request."""
        return cls.model_validate(kept) if kept is not None else None


class QuotaLine(Body):
    """One limit before and after an order."""

    resource: str = Field(
        description="As the catalog names it; `services`, `monthly_cost`, and `item:<name>` for the limit of an item.",
        examples=["vcpu"],
    )
    title: str = Field(examples=["vCPU"])
    unit: str = Field(examples=["GB"])
    per: Literal["team", "user"] = Field(description="Whose limit it is.")
    limit: Amount
    used: Amount = Field(description="By what was built.")
    reserved: Amount = Field(description="By requests that are open, or half built.")
    requested: Amount = Field(description="What this order takes.")
    available_after: Amount = Field(description="Below zero where the order is too much.")
    warn: bool = Field(description="With this order, so much is taken that you should know.")
    exceeded: bool = Field(description="The order would be refused.")

    @classmethod
    def of(cls, line: Line) -> Self:
        """The shape of a line."""
        return cls.model_validate(line.as_json())
