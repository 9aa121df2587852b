"""What an order would come to, as the portal told it, in lines for people before they send it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from stratus_cli.text import clean, facts, fault_lines, table, usually, word

Review = Mapping[str, Any]


def lines(review: Review) -> Iterator[str]:
    """The whole review: answers, steps, price, quotas, approvals; or every fault."""
    name = review.get("catalog_bundle") or review.get("catalog_item") or "The order"
    if not review["valid"]:
        yield f"{clean(name)} cannot be ordered like this:"
        yield from fault_lines(review["errors"])
        return
    yield f"{clean(name)} {review['version']}"
    for part in (_values, _steps, _checks, _price, _quotas, _approvals, _time):
        yield from part(review)


def money(total: Any, price: Mapping[str, Any]) -> str:
    """An amount with its currency and period. One that cannot be worked out is never nothing."""
    return "cannot be worked out" if total is None else f"{total:,.2f} {price['currency']} a {price['per']}"


def _values(review: Review) -> Iterator[str]:
    values = review["values"]
    yield from _block("", values.get("parameters") or {})
    yield from _block("", values.get("bundle_parameters") or {})
    for alias, own in (values.get("item_parameters") or {}).items():
        yield from _block(alias, own)
    left_out = [alias for alias, chosen in review["selected"].items() if not chosen]
    if left_out:
        yield f"Not included: {', '.join(left_out)}"


def _block(title: str, values: Mapping[str, Any]) -> Iterator[str]:
    if title:
        yield clean(title)
    yield from ("  " + line for line in facts(values.items()))


def _steps(review: Review) -> Iterator[str]:
    rows = [
        (
            step["step_id"],
            step["title"],
            step["type"],
            "skipped" if step["status"] == "skipped" else ", ".join(step["depends_on"]),
        )
        for step in review["steps"]
    ]
    if rows:
        yield "Steps"
        yield from ("  " + line for line in table(("step", "title", "type", "waits for"), rows))


def _checks(review: Review) -> Iterator[str]:
    """What does not hold as things stand: the order would stop before anything is built."""
    yield from (f"Does not hold now: {clean(one['title'])}" for one in review["checks"] if one.get("holds_now") is False)


def _time(review: Review) -> Iterator[str]:
    if words := usually(review.get("forecast")):
        yield f"Usually takes {words}"


def _price(review: Review) -> Iterator[str]:
    price = review.get("price")
    if not price:
        return
    yield f"Price: {money(price['total'], price)}"
    rows = [
        (one["label"], "?" if one["amount"] is None else f"{one['amount']:,.2f}")
        for item in price.get("items", ())
        for one in item.get("lines", ())
    ]
    yield from ("  " + line for line in facts(rows))
    yield from (f"  {clean(problem)}" for problem in price.get("problems", ()))


def quota_lines(quotas: Sequence[Review]) -> Iterator[str]:
    """The quotas that an order touches, before and after."""
    keys = ("requested", "used", "reserved", "limit", "available_after")
    rows = [(one["resource"], *(amount(one[key]) for key in keys), one["unit"]) for one in quotas]
    if rows:
        yield "Quotas"
        head = ("resource", "this order", "used", "reserved", "limit", "left", "unit")
        yield from ("  " + line for line in table(head, rows))


def amount(number: Any) -> str:
    """An amount without what says nothing: `40.0` is 40."""
    return f"{number:g}" if isinstance(number, float) else str(number)


def _quotas(review: Review) -> Iterator[str]:
    yield from quota_lines(review.get("quotas") or ())


def _approvals(review: Review) -> Iterator[str]:
    needed: Sequence[Mapping[str, Any]] = review.get("approvals") or ()
    for one in needed:
        by = one["by"].get("team") or one["by"].get("role")
        yield f"Needs the approval of {word(one['count'])} of {word(by)}: {word(one.get('reason'))}"
