"""What the checks `unique` and `quota` see of the house itself: whether something is free, what is left. Pure.

Said in the same words ahead, while an order is looked at, and by the worker before anything is built.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from app.core.quota import QuotaLine, plain

FREE = "no other order has it"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look of a check saw, as plain JSON."""

    ok: bool
    expected: Any
    actual: Any


@dataclass(frozen=True, slots=True)
class Held:
    """Somebody else has what must be unique. request_id: theirs, where whoever reads it may know."""

    request_id: str | None = None


def free(held: Held | None) -> Seen:
    """Whether what must be unique is free."""
    return Seen(held is None, FREE, FREE if held is None else f"{held.request_id or 'another order'} has it")


def within_quota(lines: Sequence[QuotaLine], resource: str | None, leave: float = 0) -> Seen:
    """Whether an order leaves at least `leave` of each limit that it touches; of one `resource`, where that is named.

    lines: the limits that it touches, the order's own part among what is taken.
    """
    mine = [line for line in lines if resource is None or line.of.resource == resource]
    least = Decimal(str(leave))
    expected = f"at least {plain(least):,} left" if resource else "every quota is kept"
    if not mine:
        return Seen(ok=True, expected=expected, actual="no limit is touched")
    return Seen(all(line.available_after >= least for line in mine), expected, "; ".join(map(_left, mine)))


def _left(line: QuotaLine) -> str:
    unit = f" {line.of.naming.unit}" if line.of.naming.unit else ""
    return f"{line.of.naming.title}: {plain(line.available_after):,} of {plain(line.of.limit):,}{unit} left"
