"""The only place a status changes: guarded UPDATEs, each with its event and audit row in the same transaction.

A `Change` holds the request's row lock from its beginning to the commit, so that whatever is decided from the steps that
were read after it still holds when it is written. A lost race answers None or False; a move that no table holds raises
IllegalMove.
"""

import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from app import audit, events
from app.core.statuses import (
    APPROVAL_MOVES,
    PLAN_MOVES,
    REQUEST_ENDED,
    REQUEST_MOVES,
    STEP_MOVES,
    TICKET_MOVES,
    ApprovalStatus,
    PlanStatus,
    RequestStatus,
    StepStatus,
    TicketStatus,
    sources,
)
from app.models import TICKET_NUMBERS
from app.models.tables import APPROVAL, PLAN, REQUEST, STEP, TICKET


@dataclass(slots=True)
class Change:
    """What one transaction does to one request. Use through `change`; events and audit rows are written at its end."""

    connection: Connection
    request: Row[Any]
    actor: str
    address: str | None = None
    correlation_id: str | None = None
    status: str = ""
    admitted: bool = True
    happened: list[events.Event] = field(default_factory=list)
    acts: list[audit.Act] = field(default_factory=list)

    @property
    def now(self) -> Any:
        """The database's clock when the lock was taken (timezone-aware datetime)."""
        return self.request.locked_at

    @property
    def given_up(self) -> bool:
        """A person, or a timeout, has ended the request: nothing is begun and nobody is asked whether to try again."""
        return self.request.failure is not None

    def tell(self, kind: str, step_id: str | None = None, **payload: Any) -> None:
        """Note an event."""
        self.happened.append(events.Event(kind, step_id, payload))

    def decided(self, what: str, **payload: Any) -> None:
        """Note what was decided about the whole request, as an event and in the audit log: `request.cancel` and its like."""
        self.tell(what, None, **payload)
        self.audit(what, f"request:{self.request.request_id}", **payload)

    def audit(self, action: str, target: str, **details: Any) -> None:
        """Note an act for the audit log."""
        self.acts.append(
            audit.Act(self.actor, action, target, address=self.address, correlation_id=self.correlation_id, details=details)
        )

    def move_step(
        self,
        step: uuid.UUID,
        target: StepStatus,
        *only: StepStatus,
        token: uuid.UUID | None = None,
        payload: Mapping[str, Any] | None = None,
        quiet: bool = False,
        **values: Any,
    ) -> Row[Any] | None:
        """Move a step; answers its row as it is now, or None when it was not in a source status or `token` is stale.

        quiet: tell nobody. Only for looking again at something that goes on outside: for people nothing changed.
        """
        statement = update(STEP).where(STEP.c.id == step, STEP.c.status.in_(sources(STEP_MOVES, target, *only)))
        if target == StepStatus.READY:
            values["ready_at"] = func.clock_timestamp()
        if token is not None:
            statement = statement.where(STEP.c.lease_token == token)
        row = self.connection.execute(statement.values(status=target, **values).returning(STEP)).one_or_none()
        if row is not None and not quiet:
            self.tell(f"step.{target}", row.step_id, name=row.step_name, **(payload or {}))
            self.audit(f"step.{target}", f"request:{self.request.request_id}/{row.step_id}", **(payload or {}))
        return row

    def move_request(self, target: RequestStatus, *only: RequestStatus, **values: Any) -> bool:
        """Move the request; False when it is not in a source status (it may be there already)."""
        ended = {"completed_at": func.clock_timestamp()} if target in REQUEST_ENDED else {"completed_at": None}
        moved = self.connection.execute(
            update(REQUEST)
            .where(REQUEST.c.id == self.request.id, REQUEST.c.status.in_(sources(REQUEST_MOVES, target, *only)))
            .values(status=target, **ended, **values)
        ).rowcount
        if moved:
            self.audit(f"request.{target}", f"request:{self.request.request_id}", before=self.status)
            self.status = target
            self.tell(f"request.{target}")
        return bool(moved)

    def open_ticket(self, step: Row[Any], **values: Any) -> uuid.UUID:
        """Open the one ticket of a step. The partial unique index refuses a second; callers open only what has none."""
        number = self.connection.scalar(TICKET_NUMBERS)
        ticket_id = f"TCK-{number}"
        key: uuid.UUID = self.connection.execute(
            insert(TICKET)
            .values(
                ticket_id=ticket_id,
                request_id=self.request.id,
                step_id=step.id,
                status=TicketStatus.OPEN,
                owner_team=step.owner_team,
                **values,
            )
            .returning(TICKET.c.id)
        ).scalar_one()
        self.tell("ticket.open", step.step_id, ticket_id=ticket_id, owner_team=step.owner_team, name=step.step_name)
        self.audit("ticket.open", f"ticket:{ticket_id}", step_id=step.step_id)
        return key

    def move_ticket(self, ticket: uuid.UUID, target: TicketStatus, *only: TicketStatus, **values: Any) -> Row[Any] | None:
        """Move a ticket; None when somebody else was faster."""
        row = self.connection.execute(
            update(TICKET)
            .where(TICKET.c.id == ticket, TICKET.c.status.in_(sources(TICKET_MOVES, target, *only)))
            .values(status=target, **values)
            .returning(TICKET)
        ).one_or_none()
        if row is not None:
            self.tell(f"ticket.{target}", None, ticket_id=row.ticket_id, owner_team=row.owner_team)
            self.audit(f"ticket.{target}", f"ticket:{row.ticket_id}")
        return row

    def move_plan(
        self, step: Row[Any], target: PlanStatus, *only: PlanStatus, token: uuid.UUID | None = None, **values: Any
    ) -> bool:
        """Move the plan of a step, which itself stays as it is; False when it was elsewhere or `token` is stale."""
        mine = (PLAN.c.step_id == step.id, PLAN.c.status.in_(sources(PLAN_MOVES, target, *only)))
        statement = update(PLAN).where(*mine).values({"status": target, **values})
        if token is not None:
            statement = statement.where(PLAN.c.lease_token == token)
        moved = self.connection.execute(statement).rowcount
        if moved:
            self.planned(target, step)
        return bool(moved)

    def planned(self, status: PlanStatus, step: Row[Any], **payload: Any) -> None:
        """Note how the plan of a step stands."""
        self.tell(f"plan.{status}", step.step_id, name=step.step_name, **payload)
        self.audit(f"plan.{status}", f"request:{self.request.request_id}/{step.step_id}", **payload)

    def move_approval(self, approval: uuid.UUID, target: ApprovalStatus, **payload: Any) -> bool:
        """Move an approval, whose time stops; False when somebody else was faster. payload: of its event and audit row."""
        row = self.connection.execute(
            update(APPROVAL)
            .where(APPROVAL.c.id == approval, APPROVAL.c.status.in_(sources(APPROVAL_MOVES, target)))
            .values(status=target, decided_at=func.clock_timestamp(), next_at=None)
            .returning(APPROVAL.c.approval_id, APPROVAL.c.asked)
        ).one_or_none()
        if row is not None:
            self.tell(f"approval.{target}", None, approval_id=row.approval_id, asked=row.asked, **payload)
            self.audit(f"approval.{target}", f"approval:{row.approval_id}", **payload)
        return row is not None


def lock(request: uuid.UUID, *, skip_locked: bool = False) -> Select[Any]:
    """The statement that takes a request's row lock. `FOR NO KEY UPDATE`: inserting rows that refer to it goes on."""
    return (
        select(REQUEST, func.clock_timestamp().label("locked_at"))
        .where(REQUEST.c.id == request)
        .with_for_update(key_share=True, skip_locked=skip_locked)
    )


@contextmanager
def change(
    connection: Connection,
    request: uuid.UUID,
    actor: str,
    *,
    locked: Row[Any] | None = None,
    address: str | None = None,
    correlation_id: str | None = None,
) -> Iterator[Change]:
    """Lock the request (unless `locked` is its row, already locked here), let the caller change it, then write what happened.

    Raises NoResultFound when there is no such request. The caller commits.
    """
    row = locked if locked is not None else connection.execute(lock(request)).one()
    made = Change(connection, row, actor, address, correlation_id, status=row.status, admitted=row.admitted)
    yield made
    events.tell(connection, row.id, actor, made.happened, made.acts)
