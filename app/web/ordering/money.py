"""What an order costs and leaves of quotas, in words: beside its form, on its review, on its request, and for the script."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.catalog.prices import price_of, takings
from app.core.cost import Price, PricedPart
from app.core.order import ENABLED, resolve
from app.core.quota import QuotaLine, plain
from app.identity import current_person
from app.lifecycle import quotas
from app.lifecycle.orders.preparing import Prepared
from app.reader import reader
from app.web.filters import money, sentence
from app.web.forms.drawing import SectionView
from app.web.forms.order import OrderForm
from app.web.forms.sections import Section
from app.web.phrases import listed

DOCK = "Nothing is built yet"


@dataclass(frozen=True, slots=True)
class Money:
    """The price of an order as it is answered so far, and the quotas of the team that orders."""

    price: Price | None
    lines: Sequence[QuotaLine]
    team: str | None

    @property
    def kept(self) -> Mapping[str, Any] | None:
        """The price as JSON."""
        return self.price.as_json() if self.price else None

    def plan(self) -> dict[str, Any]:
        """What `order_summary` draws of it."""
        return {**priced(self.kept), "quota_of": self.team, "quotas": [meter(line) for line in self.lines]}

    @property
    def dock(self) -> str:
        """What stands beside the button on narrow screens."""
        return total_words(self.kept) or DOCK


def money_of(form: OrderForm, prepared: Prepared) -> Money:
    """Price and quotas of what was answered so far, also while some answers are missing or wrong."""
    if not prepared.faults or prepared.quotas or prepared.resolved is None:
        return Money(prepared.price, prepared.quotas, prepared.team)
    price, person = price_of(form.offer, prepared.resolved), current_person()
    if prepared.team not in person.teams:
        return Money(price, (), None)
    holder = quotas.Holder(str(prepared.team), person.id)
    asked = quotas.look(reader(), holder, takings(form.offer, prepared.resolved), price)
    return Money(price, asked.lines, prepared.team)


def answer_of(found: Money, texts: Mapping[str, str], summary: str) -> dict[str, Any]:
    """What the script is told of it. texts: by the id of the element that shows it; summary: the panel, drawn anew."""
    return {
        "price": found.kept,
        "quotas": [line.as_json() for line in found.lines],
        "texts": {**texts, "dock-said": found.dock},
        "summary": summary,
    }


def section_texts(form: OrderForm, sections: Sequence[SectionView], found: Money) -> dict[str, str]:
    """By the id of the element below each item's title: what that item costs, or would add."""
    if form.offer.kind == "item":
        return {}
    parts = {part.alias: part for part in found.price.items} if found.price else {}
    texts = {}
    for drawn, section in zip(sections, form.sections, strict=True):
        if section.item is not None:
            included = form.includes(section)
            part = parts.get(section.item.alias) if included else _would_cost(form, section)
            words = _words(part.total, part.currency, part.per) if part else ""
            texts[f"{drawn.id}-price"] = words if included or not words else f"Switching it on adds {words}."
    return texts


def _would_cost(form: OrderForm, section: Section) -> PricedPart | None:
    """What an item that is left out would cost with its defaults, beside the answers so far."""
    offer, order = form.offer, form.order()
    asked = {**order.get("item_parameters", {}), section.path[-1]: {ENABLED: True}}
    resolved = resolve(offer.definition, [one.order_item() for one in offer.items], order.get("bundle_parameters", {}), asked)
    price = price_of(offer, resolved)
    alias = section.item.alias if section.item else ""
    return next((part for part in price.items if part.alias == alias), None) if price else None


def priced(kept: Mapping[str, Any] | None) -> dict[str, Any]:
    """The parts of `order_summary` that tell a price as it is kept: the total, its lines, and what is not in it."""
    if kept is None:
        return {}
    currency = kept["currency"] or ""
    lines = [
        (line["label"], money(line["amount"], currency) if line["amount"] is not None and currency else "\N{EN DASH}")
        for item in kept["items"]
        for line in item["lines"]
    ]
    return {
        "price": money(kept["total"], currency) if kept["total"] is not None else "",
        "per": f"a {kept['per']}" if kept["per"] else "",
        "lines": lines,
        "unknown": [sentence(problem) for problem in kept["problems"]],
        "without": f"Without {listed(kept['unpriced'])}, which has no price." if kept.get("unpriced") else "",
    }


def total_words(kept: Mapping[str, Any] | None) -> str:
    """`$256.03 a month`; empty where there is no total."""
    return _words(kept["total"], kept["currency"], kept["per"]) if kept else ""


def price_fact(kept: Mapping[str, Any] | None) -> list[tuple[str, str]]:
    """The price of a request among its facts."""
    if kept is None:
        return []
    words = total_words(kept) or "could not be worked out"
    return [("Price", f"{words}, without {listed(kept['unpriced'])}" if kept.get("unpriced") else words)]


def meter(line: QuotaLine) -> dict[str, Any]:
    """One limit as the `quota` macro draws it."""
    return {
        "name": line.of.naming.title,
        "used": plain(line.used + line.reserved),
        "plus": plain(line.requested),
        "limit": plain(line.of.limit),
        "unit": line.of.naming.unit,
        "warn": line.warn,
    }


def _words(total: Any, currency: str | None, per: str | None) -> str:
    return f"{money(total, currency)} a {per}" if total is not None and currency and per else ""
