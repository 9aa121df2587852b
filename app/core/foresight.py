"""What a preflight would find, asked before there is a request: of expressions, quotas and what must be unique. Pure.

A check that looks at the network is asked by a worker only, just before anything is built: what it found now could be wrong
by then, and a page must not wait for it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.core.expressions import ExpressionError, evaluate, render
from app.core.house_checks import FREE, Held, Seen, free, within_quota
from app.core.plan import PlannedStep
from app.core.quota import QuotaLine

Scopes = Mapping[str | None, Mapping[str, Any]]
"""What the expressions of an item may read, by its alias; None is the bundle itself."""
Taken = Callable[[PlannedStep, Any], Held | None]
"""Who has the value that a check asks about, None where nobody has."""


def asked_now(rows: Sequence[PlannedStep], scopes: Scopes, quotas: Sequence[QuotaLine], taken: Taken) -> dict[str, Seen]:
    """By id of the check: what it would see now, of those preflights that can be told from the order and the house.

    quotas: the limits that the order touches.
    """
    found: dict[str, Seen] = {}
    for row in rows:
        if row.kind == "preflight" and not row.skipped:
            try:
                seen = _seen(row, scopes[row.item_alias], quotas, taken)
            except ExpressionError:
                continue  # It reads what only a request has; or it will fail, and then says what is wrong itself.
            if seen is not None:
                found[row.step_id] = seen
    return found


def _seen(row: PlannedStep, scope: Mapping[str, Any], quotas: Sequence[QuotaLine], taken: Taken) -> Seen | None:
    template = row.config["template"]
    if row.type == "ExpressionCheck":
        holds = bool(evaluate(template["expression"], scope))
        return Seen(holds, template["expression"], holds)
    if row.type == "QuotaCheck":
        return within_quota(quotas, template.get("resource"), template.get("leave") or 0)
    if row.type == "UniqueCheck":
        value = render(template["value"], scope)
        return Seen(ok=False, expected=FREE, actual="no value") if value is None else free(taken(row, value))
    return None
