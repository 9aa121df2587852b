"""The audit log: who did what to what, from where, with what result. Rows are only ever added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert

from app.models import AuditEntry


@dataclass(frozen=True, slots=True)
class Act:
    """One act. target: e.g. `request:req-20261124-abc123`; result: `done` or `refused`; before and after come masked."""

    actor: str
    action: str
    target: str
    result: str = "done"
    address: str | None = None
    correlation_id: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    details: Mapping[str, Any] = field(default_factory=dict)


def record(connection: Connection, acts: Sequence[Act]) -> None:
    """Add `acts` in the caller's transaction: they are there exactly when what they tell of is."""
    if acts:
        connection.execute(insert(AuditEntry), [_row(act) for act in acts])


def _row(act: Act) -> dict[str, Any]:
    return {
        "actor": act.actor,
        "action": act.action,
        "target": act.target,
        "result": act.result,
        "address": act.address,
        "correlation_id": act.correlation_id,
        "before": dict(act.before) if act.before is not None else None,
        "after": dict(act.after) if act.after is not None else None,
        "details": dict(act.details),
    }
