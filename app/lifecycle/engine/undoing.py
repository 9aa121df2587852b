"""Rolling back, step by step: whoever was built last is taken back first, and what no machine can undo a person does.

`request_steps.undo` is `wanted` from the decision until a step is gone, `kept` where a person said that it stays.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Row, func, select, update

from app.core import decisions
from app.core.decisions import Look
from app.core.statuses import Activity, ManagedBy, RequestStatus, StepStatus
from app.lifecycle.engine import asking
from app.lifecycle.engine.scopes import Scopes
from app.lifecycle.write import Change
from app.models.tables import STEP

WANTED, KEPT = "wanted", "kept"
LEFT = (StepStatus.COMPLETED, StepStatus.FAILED, StepStatus.CANCELLED, StepStatus.SKIPPED)
"""The states from which a step is undone."""
ANEW: Mapping[str, Any] = {"handle": {}, "losses": 0, "deadline": None, "attempt_group": STEP.c.attempt_group + 1}
"""What a step carries whose undo begins, or begins once more because a person wants it: a new wish, with a key of its own."""


def begin(change: Change, look: Look, payload: Mapping[str, Any]) -> None:
    """Begin to roll back: say which steps are to be undone. Whoever calls settles the request afterwards."""
    change.move_request(RequestStatus.ROLLING_BACK)
    change.decided("request.rollback", **payload)
    wanted = [one.step_id for one in decisions.to_undo(look)]
    _give_up_again(change, [one for one in wanted if (step := look.step(one)) and step.status == StepStatus.PENDING])
    mine = (STEP.c.request_id == change.request.id, STEP.c.step_id.in_(wanted))
    change.connection.execute(update(STEP).where(*mine).values(undo=WANTED))


def _give_up_again(change: Change, step_ids: Sequence[str]) -> None:
    """What was done and was to be done again never is: it is undone as it was left."""
    mine = (STEP.c.request_id == change.request.id, STEP.c.step_id.in_(step_ids))
    for step in list(change.connection.scalars(select(STEP.c.id).where(*mine))) if step_ids else ():
        change.move_step(step, StepStatus.CANCELLED, StepStatus.PENDING)


def go_on(change: Change, steps: Sequence[Row[Any]], scopes: Scopes) -> int:
    """Begin the undo of every step that nothing stands on any more; answers how many became due.

    steps: as `settle.steps_of` reads them. With none left the request has been rolled back, or failed to where a person let
    something stay.
    """
    left = [step for step in steps if step.undo == WANTED]
    carries = _ancestors({step.step_id: step.depends_on for step in steps}, {step.step_id for step in left})
    free = [step for step in left if step.activity != Activity.UNDO and step.step_id not in carries]
    due = sum(_begin(change, step.id, scopes) for step in free)
    if not left:
        kept = any(step.undo == KEPT for step in steps)
        change.move_request(RequestStatus.FAILED if kept else RequestStatus.ROLLED_BACK, RequestStatus.ROLLING_BACK)
    return due


def _ancestors(needs: Mapping[str, Sequence[str]], steps: Iterable[str]) -> set[str]:
    """Whatever `steps` were built on, directly or through others. needs: step -> what it waited for."""
    found: set[str] = set()
    ahead = [parent for step in steps for parent in needs[step]]
    while ahead:
        one = ahead.pop()
        if one not in found:
            found.add(one)
            ahead += needs[one]
    return found


def _begin(change: Change, step: uuid.UUID, scopes: Scopes) -> bool:
    """Let a worker undo the step, or ask a person to; whether a worker is to."""
    row = change.connection.execute(select(STEP).where(STEP.c.id == step)).one()
    values: dict[str, Any] = {**ANEW, "activity": Activity.UNDO, "stop_wanted": False, "error": None}
    if not by_person(row):
        due = (
            update(STEP).where(STEP.c.id == step, STEP.c.status.in_(LEFT)).values(check_after=func.clock_timestamp(), **values)
        )
        return change.connection.execute(due).rowcount == 1
    moved = change.move_step(step, StepStatus.WAITING, *LEFT, quiet=True, check_after=None, **values)
    if moved is not None:
        asking.open_for(change, moved, asking.Work.undo(row), scopes)
    return False


def by_person(row: Row[Any]) -> bool:
    """Whether a person undoes this step: its catalog entry names no way, or a person had made it."""
    how = row.step_config.get("undo", "person")
    return bool(how == "person" or row.managed_by == ManagedBy.PERSON or (how == "rollback" and row.completed_at is None))
