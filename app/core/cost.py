"""What an order costs, line by line: exact money, and a reason instead of a number where it cannot be worked out. Pure.

A line is rounded to what the currency has coins for, and totals are sums of lines: what people add up by hand comes out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from app.core.expressions import ExpressionError, Reference, evaluate, expression_references, references, render
from app.core.plan import spoken

WHOLE_ONLY = frozenset({"CLP", "ISK", "JPY", "KRW", "PYG", "UGX", "VND", "XAF", "XOF", "XPF"})
"""Currencies without a smaller unit."""
LARGEST = Decimal(10) ** 12
"""More than this a line never costs: somebody has mistyped."""


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that may have a price: an item of the order, or the bundle itself.

    cost: the document's, None where it has none. answers: its values, by name. scope: the names that its expressions may use.
    """

    alias: str
    title: str
    cost: Mapping[str, Any] | None
    answers: Mapping[str, Any]
    scope: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a price. amount: None where it cannot be worked out."""

    label: str
    amount: Decimal | None


@dataclass(frozen=True, slots=True)
class PricedPart:
    """What one part costs. total: None without a price, and where a line cannot be worked out; priced: whether it has one."""

    alias: str
    title: str
    total: Decimal | None
    lines: tuple[Line, ...]
    currency: str | None
    per: str | None

    @property
    def priced(self) -> bool:
        """Whether its document says what it costs."""
        return self.currency is not None


@dataclass(frozen=True, slots=True)
class Price:
    """What an order costs. total: None where it cannot be worked out; `problems` then says why.

    unpriced: titles of the parts that have no price; the total is without them. currency, per: None where they differ.
    """

    currency: str | None
    per: str | None
    total: Decimal | None
    items: tuple[PricedPart, ...]
    problems: tuple[str, ...]
    unpriced: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines of all parts."""
        return tuple(line for item in self.items for line in item.lines)

    @property
    def monthly(self) -> Decimal | None:
        """The total if it is one for a month, else None."""
        return self.total if self.per == "month" else None

    @property
    def monthly_number(self) -> int | float | None:
        """The same as conditions of the catalog compare it: a plain number."""
        return _number(self.monthly)

    def as_json(self) -> dict[str, Any]:
        """The price as it is kept and told; amounts are numbers with at most two digits after the dot."""
        items = [
            {
                "alias": item.alias,
                "title": item.title,
                "total": _number(item.total),
                "lines": [{"label": line.label, "amount": _number(line.amount)} for line in item.lines],
            }
            for item in self.items
        ]
        return {
            "currency": self.currency,
            "per": self.per,
            "total": _number(self.total),
            "items": items,
            "problems": list(self.problems),
            "unpriced": list(self.unpriced),
        }


def quote(parts: Sequence[Part]) -> Price | None:
    """The price of an order of `parts`; None where none of them has one. Never raises, whatever the answers are."""
    found = [_part(part) for part in parts]
    priced = [part for part, _ in found if part.priced]
    if not priced:
        return None
    problems = [problem for _, said in found for problem in said]
    units = sorted({f"{part.currency} a {part.per}" for part in priced})
    if len(units) > 1:
        problems.append(f"{' and '.join(units)} are not added up")
    currencies, periods = {part.currency for part in priced}, {part.per for part in priced}
    total = None if problems else sum((part.total for part in priced if part.total is not None), Decimal(0))
    return Price(
        currency=currencies.pop() if len(currencies) == 1 else None,
        per=periods.pop() if len(periods) == 1 else None,
        total=total,
        items=tuple(part for part, _ in found),
        problems=tuple(problems),
        unpriced=tuple(part.title for part, _ in found if not part.priced),
    )


class _NoPrice(Exception):
    """A line cannot be worked out; the message says why, as a phrase."""


def _part(part: Part) -> tuple[PricedPart, list[str]]:
    if part.cost is None:
        return PricedPart(part.alias, part.title, None, (), None, None), []
    currency = str(part.cost.get("currency", "USD"))
    lines: list[Line] = []
    problems: list[str] = []
    for number, line in enumerate(part.cost.get("lines") or (), 1):
        label = _label(line, part, number)
        try:
            amount = _amount(line, part, currency)
        except _NoPrice as error:
            problems.append(f"{part.title}: the price of “{label}” cannot be worked out: {error}")
            lines.append(Line(label, None))
            continue
        if amount is not None:
            lines.append(Line(label, amount))
    amounts = [line.amount for line in lines if line.amount is not None]
    total = sum(amounts, Decimal(0)) if len(amounts) == len(lines) else None
    return PricedPart(part.alias, part.title, total, tuple(lines), currency, str(part.cost.get("per", "month"))), problems


def _label(line: Mapping[str, Any], part: Part, number: int) -> str:
    """What the line is called; by the answer that it hangs on, or its number, where its own label has no answers yet."""
    written = line.get("label", "")
    other = line.get("by") or line.get("each")
    instead = spoken(str(other)) if other else f"line {number}"
    try:
        text = " ".join(str(render(written, part.scope)).split())
    except ExpressionError:
        return instead
    return instead if not text or ("None" in text and _unanswered(references(written), part)) else text


def _unanswered(read: Sequence[Reference], part: Part) -> str | None:
    """The first answer that is read and not there."""
    names = (one.path[0] if one.root in ("parameters", "bundle") and one.path else one.root for one in read)
    return next((str(name) for name in names if part.answers.get(str(name)) is None), None)


def _amount(line: Mapping[str, Any], part: Part, currency: str) -> Decimal | None:
    """What a line comes to; None where `times` says that there is none of it."""
    times = _times(line.get("times"), part)
    if times == 0:
        return None
    one = _money(line["price"]) if line.get("price") is not None else _by(line, part)
    each = _each(line.get("each"), part)
    amount = one * each * times
    if amount > LARGEST:
        raise _NoPrice("it comes to more than anything costs")
    return amount.quantize(Decimal(1) if currency in WHOLE_ONLY else Decimal("0.01"), ROUND_HALF_UP)


def _times(expression: str | None, part: Part) -> Decimal:
    if expression is None:
        return Decimal(1)
    try:
        value = evaluate(expression, part.scope)
    except ExpressionError as error:
        name = _unanswered(expression_references(expression), part)
        raise _NoPrice(f"“{spoken(name)}” has no valid answer" if name else error.message) from error
    return _count(int(value) if isinstance(value, bool) else value, f"`{expression}`")


def _each(name: str | None, part: Part) -> Decimal:
    if name is None:
        return Decimal(1)
    return _count(_answer(name, part), f"“{spoken(name)}”")


def _by(line: Mapping[str, Any], part: Part) -> Decimal:
    """The price of the answer; of several, what they cost together."""
    name, prices = str(line.get("by")), line.get("prices") or {}
    value = _answer(name, part)
    chosen = [_text(one) for one in (value if isinstance(value, list | tuple) else [value])]
    missing = [one for one in chosen if one not in prices]
    if missing:
        raise _NoPrice(f"there is no price for {', '.join(missing)}")
    return sum((_money(prices[one]) for one in chosen), Decimal(0))


def _answer(name: str, part: Part) -> Any:
    value = part.answers.get(name)
    if value is None:
        raise _NoPrice(f"“{spoken(name)}” has no valid answer")
    return value


def _count(value: Any, what: str) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise _NoPrice(f"{what} is no number")
    number = _money(value)
    if not number.is_finite() or number < 0:
        raise _NoPrice(f"{what} is no number of things")
    return number


def _money(value: Any) -> Decimal:
    """A number of a document, exactly as it was written there: 0.1 is a tenth."""
    return value if isinstance(value, Decimal) else Decimal(str(value))


def _text(value: Any) -> str:
    """An answer as `prices` names it."""
    return "true" if value is True else "false" if value is False else str(value)


def _number(amount: Decimal | None) -> int | float | None:
    if amount is None:
        return None
    return int(amount) if amount == amount.to_integral_value() else float(amount)
