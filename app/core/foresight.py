"""What a preflight would find, asked before there is a request: expressions over the order. Pure.

A check that looks at the network is asked by a worker only, just before anything is built: what it found now could be wrong
by then, and a page must not wait for it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.expressions import ExpressionError, evaluate
from app.core.plan import PlannedStep

ASKED_NOW = "ExpressionCheck"


def asked_now(rows: Sequence[PlannedStep], scopes: Mapping[str | None, Mapping[str, Any]]) -> dict[str, bool]:
    """By id of the check: whether it holds now, of those preflights that can be worked out from the order alone.

    scopes: what the expressions of an item may read, by its alias; None is the bundle itself.
    """
    found: dict[str, bool] = {}
    for row in rows:
        if row.kind == "preflight" and row.type == ASKED_NOW and not row.skipped:
            try:
                found[row.step_id] = bool(evaluate(row.config["template"]["expression"], scopes[row.item_alias]))
            except ExpressionError:
                continue  # It reads what only a request has; or it will fail, and then says what is wrong itself.
    return found
