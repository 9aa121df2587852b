"""Manual work: one ticket a step that people must finish, and the ways in which it ends.

Resolving completes the step with outputs that a person filled in; retrying makes the automation run again; rejecting ends
the request. Whoever comes second is told who was first.
"""

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Self

from pydantic import ValidationError
from sqlalchemy import Row, func, insert, select, update

from app.core.access import Person, may_see_request, may_work_ticket
from app.core.durations import parse_duration
from app.core.expressions import ExpressionError, render
from app.core.fields import Field, check
from app.core.outcomes import NeedsHuman
from app.core.shapes import shape_faults
from app.core.statuses import TICKET_OPEN, AttemptStatus, StepStatus, TicketStatus
from app.errors import Conflict, Fault, Invalid, NotAllowed, NotFound, under
from app.lifecycle import write
from app.lifecycle.caller import Caller
from app.lifecycle.scopes import Scopes, secret_cell
from app.lifecycle.settle import settle
from app.models import User
from app.models.tables import ATTEMPT, COMMENT, REQUEST, STEP, TICKET
from app.outbound import Redactor
from app.transaction import Unit
from app.vault import VaultError

LONGEST_COMMENT = 10_000


@dataclass(frozen=True, slots=True)
class Work:
    """What a ticket asks for. kind: `fulfillment` (manual by design), `failure` or `unknown`."""

    kind: str
    title: str | None = None
    instructions: str | None = None
    error: Mapping[str, Any] | None = None
    inputs: Mapping[str, Any] | None = None
    due: timedelta | None = None

    @classmethod
    def manual(cls, outcome: NeedsHuman, inputs: Mapping[str, Any] | None) -> Self:
        """A step that is a person's by design."""
        return cls("fulfillment", outcome.title, outcome.instructions, None, inputs, outcome.due)

    @classmethod
    def failure(cls, error: Mapping[str, Any], inputs: Mapping[str, Any] | None) -> Self:
        """A step whose attempts are used up."""
        return cls("failure", None, None, error, inputs)

    @classmethod
    def unknown(cls, evidence: Mapping[str, Any], inputs: Mapping[str, Any] | None) -> Self:
        """A step of which nobody can tell whether it took effect."""
        message = "Nobody can tell whether this step took effect. Look before it runs again."
        return cls("unknown", None, None, {"type": "indeterminate", "message": message, "details": dict(evidence)}, inputs)


def open_for(change: write.Change, step: Row[Any], work: Work, scopes: Scopes) -> None:
    """Open the step's ticket in the built-in queue, whatever system the catalog names.

    Its form is made of the step's declared outputs. It links the ticket that came before it, if the step had one.
    """
    text = _Texts(step, scopes)
    change.open_ticket(
        step,
        ticket_system=(step.step_config.get("manual") or {}).get("system", "internal"),
        ticket_type=work.kind,
        title=(work.title or text.of("title") or f"{step.step_title} needs a person")[:500],
        instructions=work.instructions or text.of("instructions") or "",
        error=dict(work.error) if work.error else None,
        inputs=dict(work.inputs or {}),
        outputs_form={"fields": form_fields(step.step_config.get("outputs") or {}, text)},
        previous_id=_previous(change, step),
        due_at=func.clock_timestamp() + due if (due := work.due or text.due()) else None,
    )


class _Texts:
    """The manual instructions of the catalog, rendered for this request; raw where they cannot be rendered.

    Whatever keeps them from being rendered, the ticket opens: without it nobody would be asked.
    """

    def __init__(self, step: Row[Any], scopes: Scopes) -> None:
        self.manual: Mapping[str, Any] = step.step_config.get("manual") or {}
        self.alias, self.scopes = step.item_alias, scopes

    def of(self, key: str) -> str | None:
        """`title` or `instructions` as the catalog has them, rendered."""
        return str(self.rendered(self.manual[key])) if self.manual.get(key) else None

    def due(self) -> timedelta | None:
        """How long people have, where the catalog says so in a way that can be read."""
        try:
            return parse_duration(str(self.rendered(self.manual["due"]))) if self.manual.get("due") else None
        except ValueError:
            return None

    def rendered(self, template: Any) -> Any:
        """`template` over the request's scope, secrets masked: people read this."""
        try:
            return self._redactor.deep(self._clear(template))
        except (ExpressionError, VaultError):
            return template

    def offered(self, template: Any) -> Any:
        """A default to offer, or None: a mask is none, and neither is a template that cannot be rendered."""
        try:
            value = self._clear(template)
            return value if self._redactor.deep(value) == value else None
        except (ExpressionError, VaultError):
            return None

    def _clear(self, template: Any) -> Any:
        return render(template, self.scopes.of(self.alias) | {"secrets": {}})

    @cached_property
    def _redactor(self) -> Redactor:
        return Redactor(self.scopes.hidden)


def form_fields(outputs: Mapping[str, Mapping[str, Any]], text: _Texts) -> list[dict[str, Any]]:
    """The step's declared outputs as presentation fields: required unless they say otherwise, defaults offered.

    outputs: name -> `{type, title?, description?, sensitive?, default?, …}`; whatever else a field may have goes through.
    """
    return [_form_field(name, spec, text) for name, spec in outputs.items()]


def _form_field(name: str, spec: Mapping[str, Any], text: _Texts) -> dict[str, Any]:
    field = {"type": "string", "required": True, **spec, "name": name}
    if description := field.pop("description", None):
        field.setdefault("help_text", description)
    written = field.pop("default", None)
    if written is not None and (offered := text.offered(written)) is not None:
        field["default"] = offered
    return field


def _previous(change: write.Change, step: Row[Any]) -> Any:
    return change.connection.scalar(
        select(TICKET.c.id).where(TICKET.c.step_id == step.id).order_by(TICKET.c.created_at.desc()).limit(1)
    )


def claim(unit: Unit, caller: Caller, ticket_id: str) -> None:
    """Take a ticket. Taking one's own again changes nothing. Raises NotFound, NotAllowed, Conflict (somebody else has it)."""
    ticket, request = _workable(unit, caller.person, ticket_id)
    with _change(unit, caller, request) as change:
        values = {"claimed_by_id": caller.person.id, "claimed_at": func.clock_timestamp()}
        if change.move_ticket(ticket.id, TicketStatus.CLAIMED, TicketStatus.OPEN, **values) is None:
            now = _ticket(unit, ticket_id)
            if now.status != TicketStatus.CLAIMED or now.claimed_by_id != caller.person.id:
                raise Conflict(_whose(unit, now))


def release(unit: Unit, caller: Caller, ticket_id: str) -> None:
    """Give a claimed ticket back to the queue. An open one stays open. Raises NotFound, NotAllowed, Conflict (it ended)."""
    ticket, request = _workable(unit, caller.person, ticket_id)
    with _change(unit, caller, request) as change:
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
    with _change(unit, caller, request) as change:
        _say(unit, caller.person, ticket, text)
        change.tell("ticket.comment", None, ticket_id=ticket_id, by=caller.person.name)
        change.audit("ticket.comment", f"ticket:{ticket_id}")


def resolve(unit: Unit, caller: Caller, ticket_id: str, outputs: Mapping[str, Any], comment: str | None = None) -> None:
    """Complete the ticket's step with `outputs` and let the request go on.

    Also without claiming first; a ticket that a colleague claimed may be resolved too (it is audited who did). Raises
    NotFound, NotAllowed, Invalid (every fault at once under `/outputs`), Conflict (it has ended).
    """
    ticket, request = _workable(unit, caller.person, ticket_id)
    values = _checked(ticket.outputs_form["fields"], outputs)
    with _change(unit, caller, request) as change:
        _end(unit, change, caller, ticket, TicketStatus.RESOLVED, {"comment": comment})
        secret = {f["name"] for f in ticket.outputs_form["fields"] if f.get("sensitive")} & values.keys()
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
            managed_by="person",
            check_after=None,
        )
        if moved is None:
            raise Conflict("the step of this ticket waits for nobody any more")
        _close_attempts(change, ticket.step_id, AttemptStatus.COMPLETED)
        unit.ready += settle(change, _scopes(unit, change))


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
    with _change(unit, caller, request) as change:
        _end(unit, change, caller, ticket, TicketStatus.RETRIED, {}, TICKET_OPEN if works else {TicketStatus.OPEN})
        again(change, ticket.step_id)
        unit.ready += 1 + settle(change, _scopes(unit, change))


def again(change: write.Change, step: Any) -> None:
    """Make a step that ended badly ready for a new group of attempts. Raises Conflict when it did not end badly."""
    moved = change.move_step(
        step,
        StepStatus.READY,
        StepStatus.FAILED,
        StepStatus.INDETERMINATE,
        activity="run",
        attempt_group=STEP.c.attempt_group + 1,
        group_attempt=0,
        deadline=None,
        check_after=None,
        handle={},
    )
    if moved is None:
        raise Conflict("only a step that failed can be run again")


def reject(unit: Unit, caller: Caller, ticket_id: str, reason: str) -> None:
    """Say that it cannot be done: the request fails, what has not started is cancelled, its other tickets end with it.

    What runs is let finish; a failure of it asks nobody any more. Raises as `resolve` does.
    """
    ticket, request = _workable(unit, caller.person, ticket_id)
    if not reason.strip() or len(reason) > LONGEST_COMMENT:
        message = f"say why, in 1 to {LONGEST_COMMENT} characters"
        raise Invalid(faults=[Fault(("reason",), "required", message, {"max_length": LONGEST_COMMENT})])
    with _change(unit, caller, request) as change:
        _end(unit, change, caller, ticket, TicketStatus.REJECTED, {"reason": reason})
        _give_up(change, ticket)
        for other in _open_tickets(change):
            _end(unit, change, caller, other, TicketStatus.REJECTED, {"reason": f"given up with {ticket_id}: {reason}"})
            _give_up(change, other)
        _cancel_unstarted(change)
        change.connection.execute(update(REQUEST).where(REQUEST.c.id == request.id).values(failure=reason))
        settle(change, _scopes(unit, change))


def _give_up(change: write.Change, ticket: Row[Any]) -> None:
    """Nobody finishes this ticket's step."""
    change.move_step(ticket.step_id, StepStatus.FAILED, StepStatus.WAITING, StepStatus.INDETERMINATE)
    _close_attempts(change, ticket.step_id, AttemptStatus.FAILED)


def _open_tickets(change: write.Change) -> list[Row[Any]]:
    mine = (TICKET.c.request_id == change.request.id, TICKET.c.status.in_(sorted(TICKET_OPEN)))
    return list(change.connection.execute(select(TICKET).where(*mine).order_by(TICKET.c.created_at)))


def _close_attempts(change: write.Change, step: uuid.UUID, status: AttemptStatus) -> None:
    """End the attempt that has waited for this person."""
    waits = (ATTEMPT.c.step_id == step, ATTEMPT.c.status == AttemptStatus.WAITING)
    change.connection.execute(update(ATTEMPT).where(*waits).values(status=status, completed_at=func.clock_timestamp()))


def _cancel_unstarted(change: write.Change) -> None:
    rows = change.connection.scalars(
        select(STEP.c.id)
        .where(STEP.c.request_id == change.request.id, STEP.c.status.in_([StepStatus.PENDING, StepStatus.READY]))
        .order_by(STEP.c.position)
    )
    for step in list(rows):
        change.move_step(step, StepStatus.CANCELLED, StepStatus.PENDING, StepStatus.READY)


def _end(
    unit: Unit,
    change: write.Change,
    caller: Caller,
    ticket: Row[Any],
    how: TicketStatus,
    said: Mapping[str, Any],
    sources: Collection[TicketStatus] = TICKET_OPEN,
) -> None:
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


def _change(unit: Unit, caller: Caller, request: Row[Any]) -> Any:
    return write.change(
        unit.connection,
        request.id,
        caller.person.user_id,
        address=caller.address,
        correlation_id=caller.correlation_id,
    )


def _scopes(unit: Unit, change: write.Change) -> Scopes:
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
    somebody = ticket.resolved_by_id or ticket.claimed_by_id
    name = unit.connection.scalar(select(User.name).where(User.id == somebody)) if somebody else None
    return f"{ticket.ticket_id} is {ticket.status} by {name}" if name else f"{ticket.ticket_id} is {ticket.status}"
