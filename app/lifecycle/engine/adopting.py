"""Taking over what a person made: handed to a worker with the ticket, and what becomes of step and ticket after it.

Until the worker answers, the ticket is `adopting` and nobody ends it: the step waits, without a person. Well ended, the step is
the machine's, as if it had made it. Else the same ticket is open again, with what was typed and why it could not be done.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, func, select

from app.core.adoption import Adopted, refuses
from app.core.secrecy import holds_secret
from app.core.statuses import Activity, RequestStatus, StepStatus, TicketStatus
from app.errors import Conflict, Fault, Invalid
from app.lifecycle.write import Change
from app.models.tables import STEP, TICKET
from app.vault import Vault

ORIGINS = (StepStatus.FAILED, StepStatus.INDETERMINATE)


def check_step(connection: Connection, ticket: Row[Any]) -> None:
    """Raises Invalid where nothing can be taken over with this ticket."""
    step = connection.execute(select(STEP.c.step_type, STEP.c.step_config).where(STEP.c.id == ticket.step_id)).one()
    backend = (step.step_config.get("template") or {}).get("backend")
    if (why := refuses(ticket.ticket_type, step.step_type, backend)) is not None:
        raise Invalid(faults=[Fault(("adopt",), "not_adoptable", why)])


def cell(ticket: uuid.UUID) -> str:
    """The address of the secret outputs that a person gave, bound into their encryption."""
    return f"manual_tickets.adoption_secrets:{ticket}"


def hand_over(
    change: Change,
    vault: Vault,
    ticket: Row[Any],
    rows: Sequence[Adopted],
    values: Mapping[str, Any],
    by: Mapping[str, Any],
    comment: str | None,
) -> bool:
    """Let a worker take it over; False when somebody else was faster. by: `{by, by_id}`, who asks for it.

    values: the outputs that the person gave, checked. Raises Conflict when the step waits for nobody any more.
    """
    if change.given_up:
        raise Conflict("the request is being ended: nothing is taken over any more")
    fields = ticket.outputs_form["fields"]
    secret = {f["name"] for f in fields if holds_secret(f)} & values.keys()
    sealed = json.dumps({name: values[name] for name in secret}).encode()
    origin = change.connection.scalar(select(STEP.c.status).where(STEP.c.id == ticket.step_id))
    adopt = [one.as_json() for one in rows]
    outputs = {name: value for name, value in values.items() if name not in secret}
    adoption = {"adopt": adopt, "outputs": outputs, **by, "comment": comment, "from": origin}
    kept = {"adoption": adoption, "adoption_secrets": vault.encrypt(sealed, cell(ticket.id)) if secret else None}
    if change.move_ticket(ticket.id, TicketStatus.ADOPTING, TicketStatus.OPEN, TicketStatus.CLAIMED, **kept) is None:
        return False
    anew: dict[str, Any] = {"losses": 0, "deadline": None, "handle": {}, "stop_wanted": False}
    told = {"activity": Activity.ADOPT, "by": by["by"], "ticket_id": ticket.ticket_id}
    due: dict[str, Any] = {"activity": Activity.ADOPT, "check_after": func.clock_timestamp()}
    if change.move_step(ticket.step_id, StepStatus.WAITING, *ORIGINS, payload=told, **anew, **due) is None:
        raise Conflict("the step of this ticket waits for nobody any more")
    change.audit("ticket.adopt", f"ticket:{ticket.ticket_id}", adopt=adopt)
    return True


def handed_over(connection: Connection, vault: Vault, step: uuid.UUID) -> tuple[list[Adopted], dict[str, Any]]:
    """What is to be taken over for a step, and the outputs that came with it, in clear. Raises VaultError."""
    ticket = _ticket(connection, step)
    secret = json.loads(vault.decrypt(ticket.adoption_secrets, cell(ticket.id))) if ticket.adoption_secrets else {}
    return [Adopted(**one) for one in ticket.adoption["adopt"]], {**ticket.adoption["outputs"], **secret}


def taken_over(change: Change, step: Row[Any], evidence: Mapping[str, Any]) -> None:
    """The step has been completed: its ticket is resolved by whoever had asked. evidence: `{adopted, pending}`."""
    ticket = _ticket(change.connection, step.id)
    said = {"comment": ticket.adoption["comment"], "adopted": evidence.get("adopted"), "pending": evidence.get("pending")}
    ended = {"resolution": said, "resolved_by_id": uuid.UUID(ticket.adoption["by_id"]), "resolved_at": func.clock_timestamp()}
    change.move_ticket(ticket.id, TicketStatus.RESOLVED, TicketStatus.ADOPTING, adoption_secrets=None, **ended)


def give_back(change: Change, step: Row[Any], error: Mapping[str, Any], **free: Any) -> Row[Any] | None:
    """It could not be done: the step is what it was, and its ticket waits for people again; None for a stale token.

    Of a request that somebody has ended in the meantime nobody is asked any more, save whether an unknown step took effect.
    error: `{type, message, details}`, masked. free: what the step's row carries without a lease.
    """
    ticket = change.connection.execute(_adopting(step.id)).one_or_none()
    if ticket is None:
        return None
    origin = StepStatus(ticket.adoption["from"])
    ends = change.given_up and origin == StepStatus.FAILED
    target = StepStatus.CANCELLED if ends and change.status == RequestStatus.CANCELLING else origin
    activity = Activity.RUN if origin == StepStatus.FAILED else Activity.PROBE
    anew: dict[str, Any] = {"activity": activity, "check_after": None, "losses": 0, "deadline": None}
    told = {"activity": Activity.ADOPT, "message": error["message"]}
    moved = change.move_step(step.id, target, StepStatus.RUNNING, token=step.lease_token, payload=told, **anew, **free)
    if moved is not None:
        _reopen(change, ticket, error, ends=ends)
    return moved


def _reopen(change: Change, ticket: Row[Any], error: Mapping[str, Any], *, ends: bool) -> None:
    values: dict[str, Any] = {"adoption": {**ticket.adoption, "error": dict(error)}}
    if ends:
        reason = change.request.failure
        values |= {"resolution": {"reason": reason}, "resolved_at": func.clock_timestamp(), "adoption_secrets": None}
        target = TicketStatus.REJECTED
    else:
        target = TicketStatus.OPEN if ticket.claimed_by_id is None else TicketStatus.CLAIMED
    change.move_ticket(ticket.id, target, TicketStatus.ADOPTING, **values)
    change.audit("ticket.adopt_failed", f"ticket:{ticket.ticket_id}", message=error["message"])


def _ticket(connection: Connection, step: uuid.UUID) -> Row[Any]:
    return connection.execute(_adopting(step)).one()


def _adopting(step: uuid.UUID) -> Select[Any]:
    return select(TICKET).where(TICKET.c.step_id == step, TICKET.c.status == TicketStatus.ADOPTING)
