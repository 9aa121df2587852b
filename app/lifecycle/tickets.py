"""Manual work: one ticket a step that people must finish, and the ways in which it ends.

Resolving completes the step with outputs that a person filled in; retrying makes the automation run again; rejecting ends
the request. Whoever comes second is told who was first.
"""

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Row, func, insert, select, update

from app.core import adoption
from app.core.access import Person, may_see_request, may_work_ticket
from app.core.decisions import BADLY
from app.core.fields import Field, check
from app.core.secrecy import holds_secret
from app.core.shapes import shape_faults
from app.core.statuses import (
    STEP_MOVES,
    TICKET_OPEN,
    Activity,
    AttemptStatus,
    ManagedBy,
    RequestStatus,
    StepStatus,
    TicketStatus,
    sources,
)
from app.errors import Conflict, Fault, Invalid, NotAllowed, NotFound, under
from app.lifecycle import write
from app.lifecycle.caller import Caller
from app.lifecycle.engine import adopting, stopping, undoing
from app.lifecycle.engine.scopes import Scopes, secret_cell
from app.lifecycle.engine.settle import settle
from app.models import User
from app.models.tables import COMMENT, REQUEST, STEP, TICKET
from app.transaction import Unit

LONGEST_COMMENT = 10_000


def claim(unit: Unit, caller: Caller, ticket_id: str) -> None:
    """Take a ticket. Taking one's own again changes nothing. Raises NotFound, NotAllowed, Conflict (somebody else has it)."""
    ticket, request = _workable(unit, caller.person, ticket_id)
    with change_of(unit, caller, request) as change:
        values = {"claimed_by_id": caller.person.id, "claimed_at": func.clock_timestamp()}
        if change.move_ticket(ticket.id, TicketStatus.CLAIMED, TicketStatus.OPEN, **values) is None:
            now = _ticket(unit, ticket_id)
            if now.status != TicketStatus.CLAIMED or now.claimed_by_id != caller.person.id:
                raise Conflict(_whose(unit, now))


def release(unit: Unit, caller: Caller, ticket_id: str) -> None:
    """Give a claimed ticket back to the queue. An open one stays open. Raises NotFound, NotAllowed, Conflict (it ended)."""
    ticket, request = _workable(unit, caller.person, ticket_id)
    with change_of(unit, caller, request) as change:
        values = {"claimed_by_id": None, "claimed_at": None}
        if change.move_ticket(ticket.id, TicketStatus.OPEN, TicketStatus.CLAIMED, **values) is None:
            now = _ticket(unit, ticket_id)
            if now.status != TicketStatus.OPEN:
                raise Conflict(_whose(unit, now))


def comment(unit: Unit, caller: Caller, ticket_id: str, text: str) -> None:
    """Write on a ticket; whoever sees the request may. Raises NotFound, Invalid (empty or too long)."""
    ticket, request = _visible(unit, caller.person, ticket_id)
    if not text.strip() or len(text) > LONGEST_COMMENT:
        message = f"must have 1 to {LONGEST_COMMENT} characters"
        raise Invalid(faults=[Fault(("text",), "length", message, {"max_length": LONGEST_COMMENT})])
    with change_of(unit, caller, request) as change:
        _say(unit, caller.person, ticket, text)
        change.tell("ticket.comment", None, ticket_id=ticket_id, by=caller.person.name)
        change.audit("ticket.comment", f"ticket:{ticket_id}")


def resolve(
    unit: Unit,
    caller: Caller,
    ticket_id: str,
    outputs: Mapping[str, Any],
    comment: str | None = None,
    adopt: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Complete the ticket's step with `outputs` and let the request go on.

    Also without claiming first; a ticket that a colleague claimed may be resolved too (it is audited who did). With `adopt`,
    rows `{address, id}`, a worker first brings what they name under Terraform's management (see `adopting`). Raises
    NotFound, NotAllowed, Invalid (every fault at once under `/outputs` and `/adopt`), Conflict (it has ended).
    """
    ticket, request = _workable(unit, caller.person, ticket_id)
    if adopt:
        _adopt(unit, caller, (ticket, request), outputs, comment, adopt)
        return
    values = _checked(ticket.outputs_form["fields"], outputs)
    with change_of(unit, caller, request) as change:
        end(unit, change, caller, ticket, TicketStatus.RESOLVED, {"comment": comment})
        if ticket.ticket_type == "undo":
            by = {"by": caller.person.name}
            change.move_step(
                ticket.step_id, StepStatus.ROLLED_BACK, StepStatus.WAITING, payload=by, activity=Activity.RUN, undo=None
            )
            unit.ready += settle(change, scopes_of(unit, change))
            return
        secret = {f["name"] for f in ticket.outputs_form["fields"] if holds_secret(f)} & values.keys()
        sealed = json.dumps({name: values[name] for name in secret}).encode()
        moved = change.move_step(
            ticket.step_id,
            StepStatus.COMPLETED,
            StepStatus.FAILED,
            StepStatus.INDETERMINATE,
            StepStatus.WAITING,
            payload={"by": caller.person.name},
            completed_at=func.clock_timestamp(),
            outputs={name: value for name, value in values.items() if name not in secret},
            secret_outputs=unit.vault.encrypt(sealed, secret_cell(ticket.step_id)) if secret else None,
            sensitive_outputs=sorted(secret),
            managed_by=ManagedBy.PERSON,
            activity=Activity.RUN,
            check_after=None,
            error=None,
        )
        if moved is None:
            raise Conflict("the step of this ticket waits for nobody any more")
        stopping.close_attempts(change, ticket.step_id, AttemptStatus.COMPLETED)
        unit.ready += settle(change, scopes_of(unit, change))


def _adopt(
    unit: Unit,
    caller: Caller,
    about: tuple[Row[Any], Row[Any]],
    outputs: Mapping[str, Any],
    comment: str | None,
    adopt: Sequence[Mapping[str, Any]],
) -> None:
    """Let a worker take over what a person made. The outputs are the module's: those that are given only complete them."""
    ticket, request = about
    adopting.check_step(unit.connection, ticket)
    rows, faults = adoption.read(adopt)
    faults = under(faults, "adopt")
    try:
        values = _checked([{**field, "required": False} for field in ticket.outputs_form["fields"]], outputs)
    except Invalid as error:
        faults += error.faults
    if faults:
        raise Invalid(faults=faults)
    with change_of(unit, caller, request) as change:
        by = {"by": caller.person.name, "by_id": str(caller.person.id)}
        if not adopting.hand_over(change, unit.vault, ticket, rows, values, by, comment):
            raise Conflict(_whose(unit, _ticket(unit, ticket.ticket_id)))
        if comment:
            _say(unit, caller.person, ticket, comment[:LONGEST_COMMENT])
        unit.ready += 1 + settle(change, scopes_of(unit, change))


def _checked(fields: Sequence[Mapping[str, Any]], outputs: Mapping[str, Any]) -> dict[str, Any]:
    """The outputs as the step's. Defaults are an offer of the page: what is missing here is a fault, never made up."""
    try:
        form = [Field.model_validate({k: v for k, v in field.items() if k != "default"}) for field in fields]
    except ValidationError as error:
        raise Invalid(faults=shape_faults(Field, error, fields)) from error
    checked = check(form, outputs)
    if checked.faults:
        raise Invalid(faults=under(checked.faults, "outputs"))
    return checked.values


def retry(unit: Unit, caller: Caller, ticket_id: str) -> None:
    """Run the step's automation again with the same inputs. A new failure opens a new ticket that links this one.

    The platform team may always; those who asked may until somebody has claimed the ticket. Raises NotFound, NotAllowed,
    Conflict.
    """
    ticket, request = _visible(unit, caller.person, ticket_id)
    works = may_work_ticket(caller.person, ticket.owner_team)
    if not works and request.requester_team not in caller.person.teams:
        raise NotAllowed(f"only {ticket.owner_team} works this ticket")
    if ticket.ticket_type == "fulfillment":
        raise Conflict("this step is manual by design: there is no automation to retry")
    with change_of(unit, caller, request) as change:
        if change.given_up and ticket.ticket_type != "undo":
            raise Conflict("the request is being ended: say whether the step took effect instead")
        end(unit, change, caller, ticket, TicketStatus.RETRIED, {}, TICKET_OPEN if works else {TicketStatus.OPEN})
        if ticket.ticket_type == "undo":
            _undo_again(change, ticket.step_id)
            unit.ready += 1
        else:
            unit.ready += again(change, ticket.step_id)
        unit.ready += settle(change, scopes_of(unit, change))


def again(change: write.Change, step: uuid.UUID) -> int:
    """Let a step that ended badly begin a new group of attempts; whether it is ready (0 or 1).

    Of a request whose turn has not come it is pending. Raises Conflict when it did not end badly.
    """
    target = StepStatus.READY if change.admitted else StepStatus.PENDING
    if change.move_step(step, target, *(sources(STEP_MOVES, target) & BADLY), **ANEW) is None:
        raise Conflict("only a step that failed can be run again")
    return int(change.admitted)


ANEW: Mapping[str, Any] = {
    "activity": Activity.RUN,
    "attempt_group": STEP.c.attempt_group + 1,
    "group_attempt": 0,
    "losses": 0,
    "deadline": None,
    "check_after": None,
    "stop_wanted": False,
    "handle": {},
}
"""What a step carries that begins a new group of attempts."""


def _undo_again(change: write.Change, step: uuid.UUID) -> None:
    """Let the machine undo it once more. Raises Conflict where no machine can."""
    row = change.connection.execute(select(STEP).where(STEP.c.id == step)).one()
    if undoing.by_person(row):
        raise Conflict("this step is undone by hand: there is no automation to retry")
    change.connection.execute(
        update(STEP)
        .where(STEP.c.id == step, STEP.c.status == StepStatus.WAITING)
        .values(check_after=func.clock_timestamp(), **undoing.ANEW)
    )
    change.tell("step.undo", row.step_id, name=row.step_name)


def reject(unit: Unit, caller: Caller, ticket_id: str, reason: str) -> None:
    """Say that it cannot be done: the request fails, what has not started is cancelled, its other tickets end with it.

    What runs is let finish; a failure of it asks nobody any more. Of an undo it says that the step stays as it is; of a request
    that is being cancelled, that the step did not take effect. Raises as `resolve` does.
    """
    ticket, request = _workable(unit, caller.person, ticket_id)
    check_reason(reason)
    with change_of(unit, caller, request) as change:
        end(unit, change, caller, ticket, TicketStatus.REJECTED, {"reason": reason})
        if ticket.ticket_type == "undo":
            _let_stay(change, ticket, reason)
        elif change.status == RequestStatus.CANCELLING:
            change.move_step(ticket.step_id, StepStatus.CANCELLED, StepStatus.INDETERMINATE)
            stopping.close_attempts(change, ticket.step_id, AttemptStatus.CANCELLED, unknown=True)
        else:
            _give_up_all(unit, change, caller, ticket, reason)
        unit.ready += settle(change, scopes_of(unit, change))


def check_reason(reason: str, key: str = "reason") -> None:
    """Raises Invalid where nobody could read why. key: what the caller sent it as."""
    if not reason.strip() or len(reason) > LONGEST_COMMENT:
        message = f"{'say why' if key == 'reason' else 'write something'}, in at most {LONGEST_COMMENT:,} characters"
        raise Invalid(faults=[Fault((key,), "required", message, {"max_length": LONGEST_COMMENT})])


def _let_stay(change: write.Change, ticket: Row[Any], reason: str) -> None:
    """The step is not undone; the request cannot be called rolled back any more."""
    step = change.connection.execute(select(STEP.c.completed_at).where(STEP.c.id == ticket.step_id)).one()
    status = StepStatus.CANCELLED if step.completed_at is None else StepStatus.COMPLETED
    change.move_step(ticket.step_id, status, StepStatus.WAITING, activity=Activity.RUN, undo=undoing.KEPT)
    change.connection.execute(update(REQUEST).where(REQUEST.c.id == change.request.id).values(failure=reason))


def _give_up_all(unit: Unit, change: write.Change, caller: Caller, ticket: Row[Any], reason: str) -> None:
    _give_up(change, ticket)
    for other in stopping.open_tickets(change):
        end(unit, change, caller, other, TicketStatus.REJECTED, {"reason": f"given up with {ticket.ticket_id}: {reason}"})
        _give_up(change, other)
    stopping.cancel_unstarted(change)
    change.connection.execute(update(REQUEST).where(REQUEST.c.id == change.request.id).values(failure=reason))


def _give_up(change: write.Change, ticket: Row[Any]) -> None:
    """Nobody finishes this ticket's step."""
    change.move_step(ticket.step_id, StepStatus.FAILED, StepStatus.WAITING, StepStatus.INDETERMINATE, activity=Activity.RUN)
    stopping.close_attempts(change, ticket.step_id, AttemptStatus.FAILED)


def end(
    unit: Unit,
    change: write.Change,
    caller: Caller,
    ticket: Row[Any],
    how: TicketStatus,
    said: Mapping[str, Any],
    sources: Collection[TicketStatus] = TICKET_OPEN,
) -> None:
    """End a ticket, and write what was said on it. Raises Conflict, with who was faster."""
    values = {"resolution": dict(said), "resolved_by_id": caller.person.id, "resolved_at": func.clock_timestamp()}
    if change.move_ticket(ticket.id, how, *sorted(sources), **values) is None:
        raise Conflict(_whose(unit, _ticket(unit, ticket.ticket_id)))
    text = said.get("comment") or said.get("reason")
    if text:
        _say(unit, caller.person, ticket, str(text)[:LONGEST_COMMENT])


def _say(unit: Unit, person: Person, ticket: Row[Any], text: str) -> None:
    unit.connection.execute(
        insert(COMMENT).values(ticket_id=ticket.id, author_id=person.id, author_name=person.name, text=text)
    )


def change_of(unit: Unit, caller: Caller, request: Row[Any]) -> AbstractContextManager[write.Change]:
    """A change of the request by a person."""
    return write.change(
        unit.connection,
        request.id,
        caller.person.user_id,
        address=caller.address,
        correlation_id=caller.correlation_id,
    )


def scopes_of(unit: Unit, change: write.Change) -> Scopes:
    """The scopes of the request without the operator's secrets, which only step templates see."""
    return Scopes(unit.connection, change.request, unit.vault)


def _ticket(unit: Unit, ticket_id: str) -> Row[Any]:
    row = unit.connection.execute(select(TICKET).where(TICKET.c.ticket_id == ticket_id)).one_or_none()
    if row is None:
        raise NotFound
    return row


def _visible(unit: Unit, person: Person, ticket_id: str) -> tuple[Row[Any], Row[Any]]:
    """A ticket and its request, where the person may see them; NotFound where not: that there is one is no news for them."""
    ticket = _ticket(unit, ticket_id)
    request = unit.connection.execute(select(REQUEST).where(REQUEST.c.id == ticket.request_id)).one()
    if not may_see_request(person, request.requester_team, request.owner_teams):
        raise NotFound
    return ticket, request


def _workable(unit: Unit, person: Person, ticket_id: str) -> tuple[Row[Any], Row[Any]]:
    ticket, request = _visible(unit, person, ticket_id)
    if not may_work_ticket(person, ticket.owner_team):
        raise NotAllowed(f"only {ticket.owner_team} works this ticket")
    return ticket, request


def _whose(unit: Unit, ticket: Row[Any]) -> str:
    """Who was faster, in a sentence."""
    if ticket.status == TicketStatus.ADOPTING:
        return f"{ticket.ticket_id} is with a worker, which takes over what {ticket.adoption['by']} made"
    somebody = ticket.resolved_by_id or ticket.claimed_by_id
    name = unit.connection.scalar(select(User.name).where(User.id == somebody)) if somebody else None
    return f"{ticket.ticket_id} is {ticket.status} by {name}" if name else f"{ticket.ticket_id} is {ticket.status}"
