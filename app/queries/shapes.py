"""What the queries about requests answer: frozen values that pages and API render alike."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.core.decisions import Look, StepLook
from app.core.forecast import Forecast
from app.core.statuses import Activity, RequestStatus, StepStatus
from app.core.step_params import Undo
from app.queries.approval_values import Approval, Message


@dataclass(frozen=True, slots=True)
class TicketLink:
    """The open ticket of a step, as the request's page shows it."""

    ticket_id: str
    status: str
    owner_team: str
    claimed_by: str | None
    created_at: datetime
    due_at: datetime | None
    type: str = "failure"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a step."""

    number: int
    status: str
    started_at: datetime
    completed_at: datetime | None
    error: Mapping[str, Any] | None
    inputs: Mapping[str, Any] | None
    evidence: Mapping[str, Any] | None
    late_result: Mapping[str, Any] | None
    external_id: str | None
    worker: str | None


@dataclass(frozen=True, slots=True)
class Step:
    """One step or check with what may be done about it. outputs: sensitive ones are left out and named in `sensitive_outputs`.

    activity: what the last claim of it was for, or the next one is. undo_how, undo, read_by, unsure, repeatable, took_effect:
    see `core.decisions`. can_retry, can_retry_from, can_skip: whether it makes sense now, whoever asks. expected, actual: what
    a check saw at its last look; None before the first, and of steps.
    """

    step_id: str
    name: str
    title: str
    type: str
    status: str
    position: int
    depends_on: Sequence[str]
    item: str | None
    owner_team: str
    started_at: datetime | None
    completed_at: datetime | None
    outputs: Mapping[str, Any]
    sensitive_outputs: Sequence[str]
    declared_outputs: Mapping[str, Any]
    external_id: str | None
    tracking_url: str | None
    managed_by: str | None
    error: Mapping[str, Any] | None
    verification: Sequence[Mapping[str, Any]] | None
    verification_config: Mapping[str, Any] | None
    retry_at: datetime | None
    attempt: int
    ticket: TicketLink | None
    attempts: Sequence[Attempt] = ()
    kind: str = "step"
    activity: str = Activity.RUN
    undo_how: Undo = "person"
    undo: str | None = None
    read_by: Sequence[str] = ()
    unsure: bool = False
    repeatable: bool = False
    took_effect: bool = False
    can_retry: bool = False
    can_retry_from: bool = False
    can_skip: bool = False
    expected: Any = None
    actual: Any = None

    @property
    def manual_fallback_available(self) -> bool:
        """Whether a person can finish the step: a ticket is open for it."""
        return self.ticket is not None and self.ticket.type != "undo"

    @property
    def look(self) -> StepLook:
        """The step as decisions see it."""
        return StepLook(
            step_id=self.step_id,
            title=self.title,
            kind=self.kind,
            status=StepStatus(self.status),
            attempt=self.attempt,
            undo_how=self.undo_how,
            undo=self.undo,
            managed_by=self.managed_by,
            ticket_status=self.ticket.status if self.ticket else None,
            ticket_type=self.ticket.type if self.ticket else None,
            read_by=tuple(self.read_by),
            unsure=self.unsure,
            depends_on=tuple(self.depends_on),
            repeatable=self.repeatable,
            took_effect=self.took_effect,
        )


@dataclass(frozen=True, slots=True)
class Item:
    """An item that the order took. inputs: as fields, those that no form asks."""

    alias: str
    catalog_item: str
    title: str
    version: str
    owner: str
    parameters: Mapping[str, Any]
    fields: Sequence[Mapping[str, Any]]
    declared_outputs: Mapping[str, Any]
    inputs: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Output:
    """One output; the value of a sensitive one is not read here."""

    group: str
    name: str
    value: Any
    sensitive: bool
    description: str | None


@dataclass(frozen=True, slots=True)
class Outputs:
    """The outputs so far by group, sensitive ones masked. groups: every group that may come. alone: an item ordered alone."""

    written: Mapping[str, Mapping[str, Any]]
    groups: Sequence[str]
    alone: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """A request as lists show it. steps: `{step status: count}`. admitted: whether its turn has come."""

    request_id: str
    title: str
    status: str
    kind: str
    catalog_name: str
    catalog_title: str
    version: str
    requester_user_id: str
    requester_name: str
    team: str
    created_at: datetime
    updated_at: datetime
    completed_at: datetime | None
    last_event: int
    failure: str | None
    steps: Mapping[str, int] = field(default_factory=dict)
    admitted: bool = True

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self.completed_at is not None


@dataclass(frozen=True, slots=True)
class WaitingOn:
    """The person or team that a request waits on, as people call them.

    what: an id, and what it is about. usual: in how many seconds they have done half of the last ones; None where that is not
    known.
    """

    who: str
    since: datetime
    what: str
    usual: float | None = None


@dataclass(frozen=True, slots=True)
class Detail:
    """A request, whole. checks: the preflights, then the health checks; they are not among `steps`."""

    summary: Summary
    requester_email: str | None
    bundle_parameters: Mapping[str, Any]
    bundle_fields: Sequence[Mapping[str, Any]]
    items: Sequence[Item]
    steps: Sequence[Step]
    outputs: Sequence[Output]
    grouped_outputs: Mapping[str, Any]
    manual_only: bool
    checks: Sequence[Step] = ()
    price: Mapping[str, Any] | None = None
    """What it cost when it was ordered, as it is kept; None where nothing of it has a price."""
    approvals: Sequence[Approval] = ()
    """Who must agree, or had to; those of its present order last."""
    messages: Sequence[Message] = ()
    """What approvers asked, and what the requester answered or changed."""
    unapproved: bool = False
    """Somebody has to agree to it still."""
    forecast: Forecast | None = None
    """What past runs of its entry tell, while it is not ended."""
    waiting_on: WaitingOn | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    """By upload id: how a file among the answers is called, and how large it is."""
    people: Mapping[str, str] = field(default_factory=dict)
    """By `user_id`: the names of people among the answers."""

    @property
    def look(self) -> Look:
        """The request as decisions see it, checks included."""
        steps, summary = [one.look for one in (*self.steps, *self.checks)], self.summary
        given_up = summary.failure is not None
        return Look(RequestStatus(summary.status), steps, given_up=given_up, unapproved=self.unapproved)


@dataclass(frozen=True, slots=True)
class Event:
    """One numbered thing that happened."""

    number: int
    kind: str
    occurred_at: datetime
    actor: str | None
    step_id: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an attempt's log."""

    number: int
    logged_at: datetime
    text: str
