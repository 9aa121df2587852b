"""After a step ended, however it ended: make its children ready, gather outputs, and say how the request stands.

Called under the request's row lock, with the steps read after it was taken: two parents that end at the same moment
cannot both miss their child. A request that is cancelled or rolled back goes its own way: `winding_down`, `undoing`.
"""

import json
import logging
import uuid
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.dialects.postgresql import insert

from app.core import decisions
from app.core.expressions import ExpressionError, evaluate
from app.core.plan import ready, rolls_back_on_failure
from app.core.secrecy import MASK
from app.core.statuses import STEP_MOVING, STEP_SATISFIED, STEP_WAITS, TICKET_OPEN, RequestStatus, StepStatus, overall
from app.lifecycle.engine import undoing
from app.lifecycle.engine.scopes import Output, Scopes
from app.lifecycle.looking import look_at
from app.lifecycle.write import Change, lock
from app.models.tables import EVENT, OUTPUT, REQUEST, STEP, TICKET, is_one_of
from app.vault import VaultError

log = logging.getLogger(__name__)
STANDING = frozenset({RequestStatus.SUBMITTED, RequestStatus.IN_PROGRESS, RequestStatus.AWAITING_MANUAL, RequestStatus.FAILED})
"""The states in which the steps alone decide how a request stands; in the others somebody has decided."""
GOES_ON = STEP_MOVING | STEP_WAITS

_HAS_TICKET = (
    select(TICKET.c.id).where(TICKET.c.step_id == STEP.c.id, is_one_of(TICKET.c.status, *sorted(TICKET_OPEN))).exists()
)


def settle(change: Change, scopes: Scopes) -> int:
    """Settle the request after a change of its steps; answers how many steps became ready, or due to be undone.

    Cost: one SELECT of the request's steps, one UPDATE a child; outputs are read only when an item has just finished.
    """
    steps = steps_of(change)
    if change.status == RequestStatus.ROLLING_BACK:
        return undoing.go_on(change, steps, scopes)
    statuses = {step.step_id: StepStatus(step.status) for step in steps}
    made_ready = _promote(change, steps, statuses, scopes) if _builds(change) else 0
    _gather(change, steps, statuses, scopes)
    if change.status == RequestStatus.CANCELLING:
        _end_cancelling(change, statuses.values())
        return made_ready
    if not change.admitted and StepStatus.PENDING in statuses.values():
        return made_ready  # It waits for its turn, whatever its steps look like.
    standing = overall((statuses[step.step_id], step.has_ticket) for step in steps)
    if standing != change.status and RequestStatus(change.status) in STANDING:
        change.move_request(standing, RequestStatus(change.status), **_said_of(standing))
        if standing == RequestStatus.FAILED and rolls_back_on_failure(scopes.ordered):
            return made_ready + _roll_back(change, scopes)
    return made_ready


def _said_of(standing: RequestStatus) -> dict[str, Any]:
    """What is written with a standing: why somebody had ended a request is no news of one that was completed all the same."""
    return {"failure": None} if standing == RequestStatus.COMPLETED else {}


def _roll_back(change: Change, scopes: Scopes) -> int:
    """What was ordered takes back by itself what a failed request made."""
    look = look_at(change)
    if decisions.refuses_rollback(look) is not None:
        return 0
    undoing.begin(change, look, {"reason": "its catalog entry rolls back what failed"})
    return undoing.go_on(change, steps_of(change), scopes)


def _builds(change: Change) -> bool:
    """Whether steps may begin: not before it is the request's turn, not after somebody has ended it."""
    return change.admitted and RequestStatus(change.status) in STANDING


def _end_cancelling(change: Change, statuses: Collection[StepStatus]) -> None:
    """A cancelled request has ended when nothing of it runs, here or outside, and nothing is unknown."""
    if GOES_ON.isdisjoint(statuses):
        done = STEP_SATISFIED.issuperset(statuses)  # Nothing was left to stop: then it is what was ordered.
        standing = RequestStatus.COMPLETED if done else RequestStatus.CANCELLED
        change.move_request(standing, RequestStatus.CANCELLING, **_said_of(standing))


def steps_of(change: Change) -> list[Row[Any]]:
    """The request's steps in order, as they are now, with whether a person is asked about each."""
    return list(
        change.connection.execute(
            select(
                STEP.c.id,
                STEP.c.step_id,
                STEP.c.status,
                STEP.c.activity,
                STEP.c.undo,
                STEP.c.depends_on,
                STEP.c.item_alias,
                STEP.c.step_config["when"].label("when"),
                _HAS_TICKET.label("has_ticket"),
            )
            .where(STEP.c.request_id == change.request.id)
            .order_by(STEP.c.position)
        )
    )


def _promote(change: Change, steps: list[Row[Any]], statuses: dict[str, StepStatus], scopes: Scopes) -> int:
    """Make ready what may run; a step whose `when` is false is skipped, which may let its own children go on."""
    needs = {step.step_id: step.depends_on for step in steps}
    by_id = {step.step_id: step for step in steps}
    made_ready = 0
    while True:
        candidates = ready(needs, statuses)
        for step_id in sorted(candidates):
            step = by_id[step_id]
            target = StepStatus.READY if _wanted(step, scopes) else StepStatus.SKIPPED
            if change.move_step(step.id, target, StepStatus.PENDING) is None:
                raise RuntimeError(f"{step_id} left `pending` under the request's lock")
            statuses[step_id] = target
            scopes.refresh()
            made_ready += target == StepStatus.READY
        if not candidates:
            return made_ready


def _wanted(step: Row[Any], scopes: Scopes) -> bool:
    if step.when is None:
        return True
    try:
        return bool(evaluate(step.when, scopes.of(step.item_alias)))
    except (ExpressionError, VaultError):
        return True  # The step itself says what is wrong when it runs, as a failed attempt that people see.


def _gather(change: Change, steps: list[Row[Any]], statuses: Mapping[str, StepStatus], scopes: Scopes) -> None:
    """Write the outputs of every item that has just finished, and the bundle's own at the very end."""
    groups = {step.item_alias for step in steps}
    done = {
        alias
        for alias in groups
        if all(statuses[s.step_id] in (StepStatus.COMPLETED, StepStatus.SKIPPED) for s in steps if s.item_alias == alias)
    }
    written = change.request.outputs
    fresh: list[Output] = []
    for alias in sorted(alias for alias in done if alias is not None and alias not in written):
        fresh += _made(change, scopes, alias)
    if done == groups and "bundle" not in written:
        fresh += _made(change, scopes, None)
    if fresh:
        _write(change, fresh, scopes)


def _made(change: Change, scopes: Scopes, alias: str | None) -> list[Output]:
    try:
        return scopes.bundle_outputs() if alias is None else scopes.item_outputs(alias)
    except (ExpressionError, VaultError) as error:
        log.warning("outputs not made", extra={"request_id": change.request.request_id, "group": alias, "error": str(error)})
        _tell_once(change, alias or "bundle", str(error))
        return []


def _tell_once(change: Change, group: str, message: str) -> None:
    """Outputs that could not be made are tried again whenever the request changes; people hear of it once."""
    told = select(EVENT.c.number).where(
        EVENT.c.request_id == change.request.id, EVENT.c.kind == "outputs.failed", EVENT.c.payload["group"].astext == group
    )
    if change.connection.execute(told.limit(1)).one_or_none() is None:
        change.tell("outputs.failed", None, group=group, message=message)


def forget_outputs(change: Change, groups: Collection[str | None]) -> None:
    """Forget the outputs of items whose steps are to be done again, and those of the bundle: they are made anew.

    groups: aliases, None for the bundle's own steps.
    """
    gone = {group or "bundle" for group in groups} | {"bundle"}
    mine = (OUTPUT.c.request_id == change.request.id, OUTPUT.c.group.in_(sorted(gone)))
    change.connection.execute(OUTPUT.delete().where(*mine))
    left = {group: made for group, made in change.request.outputs.items() if group not in gone}
    change.connection.execute(REQUEST.update().where(REQUEST.c.id == change.request.id).values(outputs=left))
    change.request = change.connection.execute(lock(change.request.id)).one()


def output_cell(request: uuid.UUID, group: str, name: str) -> str:
    """The address of a sensitive output, bound into its encryption."""
    return f"request_outputs.secret_value:{request}:{group}:{name}"


def _write(change: Change, outputs: list[Output], scopes: Scopes) -> None:
    request = change.request.id
    grouped: dict[str, dict[str, Any]] = {}
    for position, output in enumerate(outputs):
        secret = None
        if output.sensitive:
            cell = output_cell(request, output.group, output.name)
            secret = scopes.vault.encrypt(json.dumps(output.value).encode(), cell)
        grouped.setdefault(output.group, {})[output.name] = MASK if output.sensitive else output.value
        change.connection.execute(
            insert(OUTPUT)
            .values(
                request_id=request,
                group=output.group,
                name=output.name,
                value=None if output.sensitive else output.value,
                secret_value=secret,
                sensitive=output.sensitive,
                description=output.description,
                position=position,
            )
            .on_conflict_do_nothing()
        )
    change.connection.execute(
        REQUEST.update().where(REQUEST.c.id == request).values(outputs={**change.request.outputs, **grouped})
    )
    change.tell("outputs.ready", None, groups=sorted(grouped))
