"""A claim that looks first and writes afterwards: nothing keeps two workers from taking the same step."""

import time
from typing import Any

from sqlalchemy import Connection, Row, select, update

from app.core.statuses import StepStatus
from app.lifecycle.engine import claims
from app.lifecycle.engine.claims import Claim, Claimant
from app.lifecycle.write import Change
from app.models.tables import REQUEST, STEP
from tests.planted import the_long_way

BETWEEN_SECONDS = 0.02
"""Between the look and the write. A healthy claim has no such moment, however long it is."""


def plant() -> None:
    """Replace the claim of ready steps, and the guard of the move that it makes."""
    the_long_way.take_it()
    guarded_claim, guarded_move = claims.claim_next, Change.move_step
    ready = (
        select(*claims._COLUMNS)
        .join(REQUEST, REQUEST.c.id == STEP.c.request_id)
        .where(STEP.c.status == StepStatus.READY)
        .order_by(STEP.c.priority, STEP.c.request_number, STEP.c.position)
        .limit(1)
    )

    def claim_next(connection: Connection, claimant: Claimant) -> Claim | None:
        found = connection.execute(ready).one_or_none()
        if found is None:
            return guarded_claim(connection, claimant)
        time.sleep(BETWEEN_SECONDS)
        return claims._take(connection, found, claimant)

    def move_step(change: Change, step: Any, target: StepStatus, *only: StepStatus, **more: Any) -> Row[Any] | None:
        if target != StepStatus.RUNNING or StepStatus.READY not in only:
            return guarded_move(change, step, target, *only, **more)
        values = {name: value for name, value in more.items() if name not in ("token", "payload", "quiet")}
        row = change.connection.execute(
            update(STEP).where(STEP.c.id == step).values(status=target, **values).returning(STEP)
        ).one()
        change.tell(f"step.{target}", row.step_id, name=row.step_name)
        change.audit(f"step.{target}", f"request:{change.request.request_id}/{row.step_id}")
        return row

    claims.claim_next = claim_next
    Change.move_step = move_step  # type: ignore[method-assign]
