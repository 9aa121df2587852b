"""What people decide about a whole request, or about one step of it: cancel, retry, resume, skip, roll back.

Whether it makes sense is `core.decisions`, who may is `core.access`. Each takes the request's lock, so that of two people who
press at once the second one finds what the first one did.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Row, func, select

from app.core import decisions
from app.core.access import may_decide, may_run_again, may_see_request, may_work_ticket, refuses_running_again
from app.core.decisions import Look
from app.core.statuses import (
    BEFORE_BUILDING,
    TICKET_OPEN,
    Activity,
    AttemptStatus,
    RequestStatus,
    StepStatus,
    TicketStatus,
)
from app.errors import Conflict, NotAllowed, NotFound
from app.lifecycle import quotas, tickets
from app.lifecycle.approvals import approving
from app.lifecycle.caller import Caller
from app.lifecycle.engine import stopping, turns, undoing
from app.lifecycle.engine.settle import forget_outputs, settle
from app.lifecycle.looking import look_at
from app.lifecycle.tickets import ANEW, change_of, scopes_of
from app.lifecycle.write import Change
from app.models.tables import REQUEST, STEP
from app.transaction import Unit

FROM_HERE = decisions.HAS_RUN | {StepStatus.SKIPPED}
"""The states of steps that a run from an earlier one on begins anew."""
NOT_DONE: Mapping[str, Any] = {
    **ANEW,
    "outputs": {},
    "secret_outputs": None,
    "sensitive_outputs": [],
    "verification": None,
    "managed_by": None,
    "external_id": None,
    "tracking_url": None,
    "started_at": None,
    "completed_at": None,
    "error": None,
}
"""What a step carries that is to be done again: nothing reads what it had yielded."""


def cancel(unit: Unit, caller: Caller, request_id: str, reason: str) -> None:
    """Stop the request: what has not begun never does, what runs is asked to end, finished steps keep what they made.

    One that is being cancelled already, or was, stays as it is. Raises NotFound, NotAllowed, Invalid (no reason), Conflict.
    """
    request = _decided_by(unit, caller, request_id)
    tickets.check_reason(reason)
    with change_of(unit, caller, request) as change:
        _refuse(decisions.refuses_cancel(look_at(change)))
        if change.status in (RequestStatus.CANCELLING, RequestStatus.CANCELLED):
            return
        if change.status in BEFORE_BUILDING:
            change.decided("request.cancel", by=caller.person.name, reason=reason)
            approving.drop(change, RequestStatus.CANCELLED, reason)
            return
        change.move_request(RequestStatus.CANCELLING, *sorted(decisions.CANCELLABLE), failure=reason)
        change.decided("request.cancel", by=caller.person.name, reason=reason)
        said = {"reason": f"the request was cancelled: {reason}"}
        end = partial(tickets.end, unit, change, caller, how=TicketStatus.REJECTED, said=said)
        unit.ready += stopping.wind_down(change, lambda ticket: end(ticket=ticket))
        unit.ready += settle(change, scopes_of(unit, change))


def retry(unit: Unit, caller: Caller, request_id: str) -> int:
    """Run every failed step again; answers how many finished steps are kept. Raises NotFound, NotAllowed, Conflict."""
    request = _seen(unit, caller, request_id)
    turn = _turn(unit, request)
    with change_of(unit, caller, request) as change:
        look = look_at(change)
        _refuse(decisions.refuses_retry(look))
        # Of some that ended badly nobody knows yet what became of them: those are left alone.
        failed = [one for one in _rows(change) if decisions.refuses_step_retry(look, one.step_id) is None]
        mine = [one for one in failed if may_run_again(caller.person, request.requester_team, one.owner_team)]
        if not mine:
            _forbid(refuses_running_again(caller.person, request.requester_team, failed[0].owner_team))
        return _go_on(unit, change, caller, look, mine, turn)


@dataclass(frozen=True, slots=True)
class Rerun:
    """A run from a step on: how many finished steps are kept, and the titles of those that had run and run again."""

    kept: int
    again: Sequence[str]


def retry_from(unit: Unit, caller: Caller, request_id: str, step_id: str) -> Rerun:
    """Run a step again and everything that stands on it; whatever else is done keeps what it made.

    For whoever may run each of those again that have run. Raises NotFound, NotAllowed, Conflict.
    """
    request = _seen(unit, caller, request_id)
    turn = _turn(unit, request)
    with change_of(unit, caller, request) as change:
        look = look_at(change)
        _step(change, step_id)
        _refuse(decisions.refuses_from(look, step_id))
        ids = {one.step_id for one in decisions.from_here_on(look, step_id)}
        rows = [one for one in _rows(change) if one.step_id in ids and one.status in FROM_HERE]
        owners = {one.owner_team for one in rows if one.status in decisions.HAS_RUN}
        for owner in sorted(owners):
            _forbid(refuses_running_again(caller.person, request.requester_team, owner))
        again = decisions.runs_again(look, step_id)
        kept, told = decisions.kept(look, ids), [one.step_id for one in again]
        change.decided("request.resumed", by=caller.person.name, kept=kept, again=told, start=step_id)
        _reopen(unit, change, turn)
        _end_tickets(unit, change, caller, rows)
        for row in rows:
            if row.status != StepStatus.SKIPPED or row.step_config.get("when") is not None:
                change.move_step(row.id, StepStatus.PENDING, StepStatus(row.status), **NOT_DONE)
        forget_outputs(change, {row.item_alias for row in rows})
        _bring_back(change)
        unit.ready += settle(change, scopes_of(unit, change))
        return Rerun(kept, [one.title for one in again])


def resume(unit: Unit, caller: Caller, request_id: str) -> int:
    """Let a failed or cancelled request go on with what it has not done; answers how many finished steps are kept.

    Raises NotFound, NotAllowed, Conflict.
    """
    request = _decided_by(unit, caller, request_id)
    turn = _turn(unit, request)
    with change_of(unit, caller, request) as change:
        look = look_at(change)
        _refuse(decisions.refuses_resume(look))
        return _go_on(unit, change, caller, look, [one for one in _rows(change) if one.status in decisions.BADLY], turn)


def retry_step(unit: Unit, caller: Caller, request_id: str, step_id: str) -> None:
    """Run one failed step again, with the same inputs. Raises NotFound, NotAllowed, Conflict."""
    request = _seen(unit, caller, request_id)
    turn = _turn(unit, request)
    with change_of(unit, caller, request) as change:
        step = _step(change, step_id)
        _forbid(refuses_running_again(caller.person, request.requester_team, step.owner_team))
        look = look_at(change)
        _refuse(decisions.refuses_step_retry(look, step_id))
        _go_on(unit, change, caller, look, [step], turn)


def skip_step(unit: Unit, caller: Caller, request_id: str, step_id: str, reason: str) -> None:
    """Leave out a step that failed or waits for a person; what waits for it goes on without. Its ticket is resolved.

    Raises NotFound, NotAllowed, Invalid (no reason), Conflict.
    """
    request = _seen(unit, caller, request_id)
    tickets.check_reason(reason)
    turn = _turn(unit, request)
    with change_of(unit, caller, request) as change:
        step = _step(change, step_id)
        if not may_work_ticket(caller.person, step.owner_team):
            raise NotAllowed(f"only {step.owner_team} leaves this step out")
        _refuse(decisions.refuses_skip(look_at(change), step_id))
        for ticket in stopping.open_tickets(change):
            if ticket.step_id == step.id:
                said = {"comment": f"left out: {reason}"}
                tickets.end(unit, change, caller, ticket, TicketStatus.RESOLVED, said)
        sources = (StepStatus.FAILED, StepStatus.INDETERMINATE, StepStatus.WAITING)
        payload = {"by": caller.person.name, "reason": reason}
        change.move_step(step.id, StepStatus.SKIPPED, *sources, payload=payload, check_after=None, activity=Activity.RUN)
        stopping.close_attempts(change, step.id, AttemptStatus.CANCELLED)
        _reopen(unit, change, turn)
        _bring_back(change)
        unit.ready += settle(change, scopes_of(unit, change))


def rollback(unit: Unit, caller: Caller, request_id: str, reason: str) -> None:
    """Take back what the request made, last built first; what no machine can undo becomes a ticket.

    One that is being rolled back already, or was, stays as it is. Raises NotFound, NotAllowed, Invalid (no reason), Conflict.
    """
    request = _decided_by(unit, caller, request_id)
    tickets.check_reason(reason)
    with change_of(unit, caller, request) as change:
        look = look_at(change)
        _refuse(decisions.refuses_rollback(look))
        if change.status in (RequestStatus.ROLLING_BACK, RequestStatus.ROLLED_BACK):
            return
        undoing.begin(change, look, payload={"by": caller.person.name, "reason": reason})
        unit.ready += settle(change, scopes_of(unit, change))


def _turn(unit: Unit, request: Row[Any]) -> bool:
    """Whether one more request may be built, should this one have ended. To be asked before its lock is taken."""
    return turns.has_turn(unit.connection, request, unit.rules.team_requests)


def _go_on(unit: Unit, change: Change, caller: Caller, look: Look, failed: Sequence[Row[Any]], turn: bool) -> int:
    """Make failed steps ready anew, what had been cancelled pending again, and the request one that is being built.

    Without a turn all of them are pending: it goes on when its turn has come.
    """
    kept = decisions.kept(look)
    change.decided("request.resumed", by=caller.person.name, kept=kept, again=[step.step_id for step in failed])
    _reopen(unit, change, turn)
    _end_tickets(unit, change, caller, failed)
    for step in failed:
        unit.ready += tickets.again(change, step.id)
    _bring_back(change)
    unit.ready += settle(change, scopes_of(unit, change))
    return kept


def _end_tickets(unit: Unit, change: Change, caller: Caller, steps: Sequence[Row[Any]]) -> None:
    """The tickets of steps that run again end. Raises Conflict where somebody else's has been claimed."""
    again = {step.id for step in steps}
    for ticket in stopping.open_tickets(change):
        if ticket.step_id in again:
            works = may_work_ticket(caller.person, ticket.owner_team)
            sources = TICKET_OPEN if works else {TicketStatus.OPEN}
            tickets.end(unit, change, caller, ticket, TicketStatus.RETRIED, {}, sources)


def _bring_back(change: Change) -> None:
    """What had been cancelled waits for its parents again."""
    for step in _rows(change):
        if step.status == StepStatus.CANCELLED:
            anew = {key: value for key, value in ANEW.items() if step.attempt or key != "attempt_group"}
            change.move_step(step.id, StepStatus.PENDING, StepStatus.CANCELLED, error=None, **anew)


def _reopen(unit: Unit, change: Change, turn: bool) -> None:
    """A request that had ended is being built again: nobody has given it up any more, and it has all its time."""
    if RequestStatus(change.status) not in decisions.RESUMABLE:
        return
    quotas.retake(unit.connection, change.request)
    timeout = unit.rules.request_timeout
    deadline = func.clock_timestamp() + timeout if timeout else None
    change.move_request(RequestStatus.IN_PROGRESS, *sorted(decisions.RESUMABLE), failure=None, deadline=deadline, admitted=turn)
    change.admitted = turn
    if not turn:
        change.decided("request.queued")


def _forbid(reason: str | None) -> None:
    """Raises NotAllowed with the reason, if there is one."""
    if reason is not None:
        raise NotAllowed(reason)


def _refuse(reason: str | None) -> None:
    """Raises Conflict with the reason, if there is one."""
    if reason is not None:
        raise Conflict(reason)


def _seen(unit: Unit, caller: Caller, request_id: str) -> Row[Any]:
    row = unit.connection.execute(select(REQUEST).where(REQUEST.c.request_id == request_id)).one_or_none()
    if row is None or not may_see_request(caller.person, row.requester_team, row.owner_teams):
        raise NotFound(f"There is no request {request_id}, or none that you may see.")
    return row


def _decided_by(unit: Unit, caller: Caller, request_id: str) -> Row[Any]:
    row = _seen(unit, caller, request_id)
    if not may_decide(caller.person, row.requester_team):
        raise NotAllowed(f"only {row.requester_team} decides this")
    return row


def _step(change: Change, step_id: str) -> Row[Any]:
    step = next((one for one in _rows(change) if one.step_id == step_id), None)
    if step is None:
        raise NotFound(f"{change.request.request_id} has no step {step_id}.")
    return step


def _rows(change: Change) -> list[Row[Any]]:
    statement = select(STEP).where(STEP.c.request_id == change.request.id).order_by(STEP.c.position)
    return list(change.connection.execute(statement))
