"""Rolling back, step by step: whoever was built last is taken back first, and what no machine can undo a person does.

`request_steps.undo` is `wanted` from the decision until a step is gone, `kept` where a person said that it stays.
"""

import uuid
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, func, select, update

from app.core import decisions
from app.core.decisions import Look
from app.core.statuses import Activity, RequestStatus, StepStatus
from app.lifecycle import asking
from app.lifecycle.scopes import Scopes
from app.lifecycle.write import Change
from app.models.tables import STEP

WANTED, KEPT = "wanted", "kept"
LEFT = (StepStatus.COMPLETED, StepStatus.FAILED, StepStatus.CANCELLED)
"""The states from which a step is undone."""


class Begun(StrEnum):
    """How an undo begins."""

    GONE = "gone"
    """At once: the step had made nothing."""
    DUE = "due"
    """A worker takes it."""
    ASKED = "asked"
    """A person does it."""


def begin(change: Change, look: Look, payload: Mapping[str, Any]) -> None:
    """Begin to roll back: say which steps are to be undone. Whoever calls settles the request afterwards."""
    change.move_request(RequestStatus.ROLLING_BACK)
    change.tell("request.rollback", None, **payload)
    wanted = [one.step_id for one in decisions.to_undo(look)]
    mine = (STEP.c.request_id == change.request.id, STEP.c.step_id.in_(wanted))
    change.connection.execute(update(STEP).where(*mine).values(undo=WANTED))


def go_on(change: Change, steps: Sequence[Row[Any]], scopes: Scopes) -> int:
    """Begin the undo of every step that nothing stands on any more; answers how many became due.

    steps: as `settle.steps_of` reads them. With none left the request has been rolled back, or failed to where a person let
    something stay.
    """
    needs = {step.step_id: step.depends_on for step in steps}
    left = {step.step_id: step for step in steps if step.undo == WANTED}
    begun = {step_id for step_id, step in left.items() if step.activity == Activity.UNDO}
    due = 0
    while free := [one for one in left.values() if one.step_id not in begun and not _carries(one.step_id, left, needs)]:
        for one in free:
            how = _begin(change, one.id, scopes)
            due += how == Begun.DUE
            begun.add(one.step_id)
            if how == Begun.GONE:
                del left[one.step_id]
    if not left:
        kept = any(step.undo == KEPT for step in steps)
        change.move_request(RequestStatus.FAILED if kept else RequestStatus.ROLLED_BACK, RequestStatus.ROLLING_BACK)
    return due


def _carries(step_id: str, left: dict[str, Row[Any]], needs: dict[str, list[str]]) -> bool:
    """Whether something that is not gone yet was built on this step, directly or through others that are not to be undone."""
    children = [one for one, parents in needs.items() if step_id in parents]
    return any(child in left or _carries(child, left, needs) for child in children)


def _begin(change: Change, step: uuid.UUID, scopes: Scopes) -> Begun:
    row = change.connection.execute(select(STEP).where(STEP.c.id == step)).one()
    if row.step_config.get("undo") == "nothing":
        change.move_step(step, StepStatus.ROLLED_BACK, StepStatus.COMPLETED, undo=None)
        return Begun.GONE
    values: dict[str, Any] = {"activity": Activity.UNDO, "handle": {}, "losses": 0, "stop_wanted": False, "error": None}
    if by_person(row):
        moved = change.move_step(step, StepStatus.WAITING, *LEFT, quiet=True, check_after=None, **values)
        if moved is not None:
            asking.open_for(change, moved, asking.Work.undo(row), scopes)
        return Begun.ASKED
    due = update(STEP).where(STEP.c.id == step, STEP.c.status.in_(LEFT)).values(check_after=func.clock_timestamp(), **values)
    change.connection.execute(due)
    return Begun.DUE


def by_person(row: Row[Any]) -> bool:
    """Whether a person undoes this step: its catalog entry names no way, or a person had made it."""
    how = row.step_config.get("undo", "person")
    return bool(how == "person" or row.managed_by == "person" or (how == "rollback" and row.completed_at is None))
