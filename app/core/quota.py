"""What an order takes of a team's quotas and of the limits of its items, and whether that is too much. Pure.

Resources are what catalog entries name under `quota`, and three that count by themselves: `services` (one for each item),
`monthly_cost` (from the price), and `item:<name>` (one for each time that item is ordered; for `limits` of items).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from app.core.cost import Price
from app.core.expressions import ExpressionError, evaluate
from app.core.plan import spoken
from app.errors import Fault

SERVICES, MONTHLY_COST = "services", "monthly_cost"
COUNTED = frozenset({SERVICES, MONTHLY_COST})
"""Resources that no entry names: they are counted for every order."""
ITEM = "item:"
TEAM, USER = "team", "user"
WARN_AT = Decimal("0.8")
PLACES = Decimal("0.0001")
LARGEST = Decimal(10) ** 12


@dataclass(frozen=True, slots=True)
class Taking:
    """One selected item as quotas see it. quota, limits: the document's; scope: the names that expressions may use."""

    catalog_item: str
    title: str
    owner: str
    quota: Mapping[str, Any]
    limits: Mapping[str, Any]
    scope: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Naming:
    """How people call a resource, and in what it is counted."""

    title: str
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """How much of one resource may be taken, and by whom. per: `team` or `user`; ask: whom to ask for more."""

    resource: str
    limit: Decimal
    per: str = TEAM
    naming: Naming = Naming("")
    ask: str = "an administrator"
    warn_at: Decimal = WARN_AT


@dataclass(frozen=True, slots=True)
class QuotaLine:
    """One limit before and after an order. used: by what was built; reserved: by requests that are open or half built."""

    of: Limit
    used: Decimal
    reserved: Decimal
    requested: Decimal

    @property
    def available_after(self) -> Decimal:
        """What is left once this order is sent; below zero by how much it is too much."""
        return self.of.limit - self.used - self.reserved - self.requested

    @property
    def exceeded(self) -> bool:
        """Whether the order asks for more than there is."""
        return self.requested > 0 and self.available_after < 0

    @property
    def warn(self) -> bool:
        """Whether with this order so much is taken that people should know, and not yet too much."""
        return not self.exceeded and self.of.limit - self.available_after >= self.of.limit * self.of.warn_at

    def as_json(self) -> dict[str, Any]:
        """The line as it is told; numbers are plain ones."""
        numbers = {
            "limit": self.of.limit,
            "used": self.used,
            "reserved": self.reserved,
            "requested": self.requested,
            "available_after": self.available_after,
        }
        return {
            "resource": self.of.resource,
            "title": self.of.naming.title,
            "unit": self.of.naming.unit,
            "per": self.of.per,
            **{name: plain(number) for name, number in numbers.items()},
            "warn": self.warn,
            "exceeded": self.exceeded,
        }

    def fault(self, team: str) -> Fault:
        """What is said when the order is refused by it: the numbers, and whom to ask."""
        code = "limit_reached" if self.of.resource.startswith(ITEM) else "quota_exceeded"
        told = self.as_json()
        limits = {key: told[key] for key in ("resource", "limit", "used", "reserved", "requested")}
        return Fault((), code, _refusal(self, team), limits)


def plain(number: Decimal) -> int | float:
    """A number as JSON has it: whole ones without a dot."""
    return int(number) if number == number.to_integral_value() else float(number)


def naming(resource: str, known: Mapping[str, Mapping[str, Any]], currency: str = "USD") -> Naming:
    """What people call a resource. known: what `quotas.yaml` says under `resources`."""
    said = known.get(resource, {})
    unit = currency if resource == MONTHLY_COST else ""
    return Naming(str(said.get("title") or spoken(resource)), str(said.get("unit") or unit))


def takes(items: Sequence[Taking], price: Price | None) -> tuple[dict[str, Decimal], list[str]]:
    """What an order takes, by resource, without zeros; and as sentences what cannot be worked out."""
    amounts: Counter[str] = Counter()
    problems: list[str] = []
    exact: dict[str, Decimal] = {}
    for item in items:
        amounts[SERVICES] += 1
        amounts[ITEM + item.catalog_item] += 1
        for resource, expression in item.quota.items():
            amount = _worked_out(expression, item.scope)
            if isinstance(amount, Decimal):
                exact[resource] = exact.get(resource, Decimal(0)) + amount
            else:
                problems.append(f"what {item.title} takes of {spoken(resource)} cannot be worked out: {amount}")
    if price is not None and price.monthly is not None:
        exact[MONTHLY_COST] = price.monthly
    found = {**{resource: Decimal(amount) for resource, amount in amounts.items()}, **exact}
    return {resource: amount for resource, amount in found.items() if amount}, problems


def item_limits(items: Sequence[Taking]) -> list[Limit]:
    """The limits that items carry themselves. Of an item that is there twice the narrower one counts."""
    found: dict[tuple[str, str], Limit] = {}
    for item in items:
        for per in (TEAM, USER):
            most = item.limits.get(f"per_{per}")
            if most is None:
                continue
            key = (item.catalog_item, per)
            limit = Limit(ITEM + item.catalog_item, Decimal(most), per, Naming(_whose(item.title, per)), item.owner)
            found[key] = min(found.get(key, limit), limit, key=lambda one: one.limit)
    return list(found.values())


def lines(
    limits: Sequence[Limit], counted: Mapping[tuple[str, str], tuple[Decimal, Decimal]], order: Mapping[str, Decimal]
) -> list[QuotaLine]:
    """The limits that an order touches. counted: `(per, resource)` -> what is used and what is reserved; order: see `takes`."""
    nothing = (Decimal(0), Decimal(0))
    return [
        QuotaLine(limit, *counted.get((limit.per, limit.resource), nothing), order[limit.resource])
        for limit in limits
        if order.get(limit.resource)
    ]


def without(line: QuotaLine, held: Decimal) -> QuotaLine:
    """The line as it would be if what the order itself holds already were not reserved."""
    return replace(line, reserved=line.reserved - held)


def unknown_cost(limits: Sequence[Limit], price: Price | None, currency: str) -> str | None:
    """Why an order cannot be held against a limit of what a month costs, as a sentence; None where it can, or need not be."""
    if price is None or not any(limit.resource == MONTHLY_COST for limit in limits):
        return None
    if price.total is None:
        return (
            f"your team has a limit of what a month may cost, and this price cannot be worked out: {'; '.join(price.problems)}"
        )
    if price.currency != currency:
        return f"your team has a limit of what a month may cost in {currency}, and this is priced in {price.currency}"
    return None


def _worked_out(expression: Any, scope: Mapping[str, Any]) -> Decimal | str:
    """An amount, or why there is none."""
    try:
        value = evaluate(expression, scope) if isinstance(expression, str) else expression
    except ExpressionError as error:
        return error.message
    if isinstance(value, bool) or not isinstance(value, int | float):
        return f"`{expression}` is no number"
    number = Decimal(str(value))
    if not number.is_finite() or not 0 <= number <= LARGEST:
        return f"`{expression}` is no amount"
    return number.quantize(PLACES)


def _whose(title: str, per: str) -> str:
    return f"{title}, of one {'team' if per == TEAM else 'person'}"


def _refusal(line: QuotaLine, team: str) -> str:
    limit, unit = line.of, f" {line.of.naming.unit}" if line.of.naming.unit else ""
    who = team if limit.per == TEAM else "one person"
    held = f"{_said(line.used)} used and {_said(line.reserved)} reserved by open requests"
    wanted = f"this order takes {_said(line.requested)}{unit}, {_said(-line.available_after)} more than is left"
    has = f"{limit.naming.title}: {who} may have {_said(limit.limit)}{unit}, with {held}"
    return f"{has}; {wanted}. Order less, give something back, or ask {limit.ask} for more"


def _said(number: Decimal) -> str:
    return f"{plain(number):,}"
