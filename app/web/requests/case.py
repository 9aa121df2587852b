"""A request as one person sees it at one moment: what the pages of a request and of its tickets are written from. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from markupsafe import Markup

from app.core.access import Person, may_reveal, may_work_ticket
from app.core.decisions import undone_by_person
from app.core.forecast import step_key
from app.core.statuses import STEP_SATISFIED, RequestStatus, StepStatus, TicketStatus
from app.queries.decisions import Refusals, refusals, refuses_from, refuses_skip, refuses_step_retry
from app.queries.shapes import Detail, Event, Step
from app.queries.tickets import Ticket
from app.web.filters import coarse, day_and_time, when

GIVEN_UP_OR_NOT = frozenset({"request.cancel", "request.timeout", "request.resumed"})
GOING_ON = frozenset({StepStatus.RUNNING, StepStatus.VERIFYING, StepStatus.WAITING})


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, when, and in which zone they read times."""

    person: Person
    now: datetime
    zone: tzinfo

    def when(self, at: datetime) -> str:
        """`10:36` today, else `24 Aug`."""
        return when(at.astimezone(self.zone), self.now.astimezone(self.zone))

    def when_exactly(self, at: datetime) -> str:
        """`10:36` today, else `19 Aug, 12:00`."""
        return day_and_time(at.astimezone(self.zone), self.now.astimezone(self.zone))

    def works(self, team: str) -> bool:
        """Whether the tickets of `team` are the viewer's to work."""
        return may_work_ticket(self.person, team)

    def has(self, ticket: Ticket) -> bool:
        """Whether the viewer has taken this ticket."""
        return ticket.status == TicketStatus.CLAIMED and ticket.claimed_by_user_id == self.person.user_id

    def moves(self, ticket: Ticket) -> bool:
        """Whether it is the viewer's move: they have the ticket, or it is open and they could take it."""
        return self.has(ticket) or (ticket.status == TicketStatus.OPEN and self.works(ticket.owner_team))

    def holder(self, ticket: Ticket) -> str:
        """Whom a ticket is with: `you`, who has claimed it, or the team that owns it."""
        return "you" if self.has(ticket) else ticket.claimed_by or ticket.owner_team


@dataclass(frozen=True, slots=True)
class Case:
    """A request, whole: its tickets oldest first, its newest events first, and who looks at it."""

    detail: Detail
    tickets: Sequence[Ticket]
    events: Sequence[Event]
    viewer: Viewer

    @property
    def may_reveal(self) -> bool:
        """Whether the viewer reads sensitive outputs."""
        return may_reveal(self.viewer.person, self.detail.summary.team)

    def usual(self, step: Step) -> float | None:
        """In how many seconds a step is usually done; None where that is not known."""
        found = self.detail.forecast
        return found.steps.get(step_key(step.item, step.name)) if found and step.kind == "step" else None

    @property
    def so_far(self) -> str:
        """How long it has been going on, against what is usual: `usually 4 min; 2 min so far`."""
        spent = f"{coarse(self.viewer.now - self.detail.summary.created_at)} so far"
        found = self.detail.forecast
        return f"usually {coarse(found.usual)}; {spent}" if found else spent

    @property
    def open_tickets(self) -> list[Ticket]:
        """What waits for people, the viewer's own moves first."""
        return sorted((one for one in self.tickets if one.open), key=lambda one: not self.viewer.moves(one))

    def step(self, step_id: str) -> Step | None:
        """One of the request's steps or checks."""
        return next((one for one in (*self.detail.steps, *self.detail.checks) if one.step_id == step_id), None)

    def ticket_of(self, step_id: str) -> Ticket | None:
        """The open ticket of a step; a step has one at most."""
        return next((one for one in self.tickets if one.open and one.step_id == step_id), None)

    def last_ticket_of(self, step_id: str, status: TicketStatus) -> Ticket | None:
        """The newest ticket of a step that ended as `status`."""
        return next((one for one in reversed(self.tickets) if one.step_id == step_id and one.status == status), None)

    def event(self, *kinds: str, step_id: str | None = None) -> Event | None:
        """The newest of these events, of the request itself or of one of its steps, as far back as the events go."""
        return next((one for one in self.events if one.step_id == step_id and one.kind in kinds), None)

    def happened(self, step_id: str, *kinds: str) -> datetime | None:
        """When the newest of these events of a step happened, as far back as the events go."""
        found = self.event(*kinds, step_id=step_id)
        return found.occurred_at if found else None

    def left_out_by(self, step: Step) -> str:
        """Who left a step out; nobody where it was not needed."""
        told = self.event("step.skipped", step_id=step.step_id) if step.status == StepStatus.SKIPPED else None
        return str(told.payload.get("by") or "") if told else ""

    def began(self, step: Step) -> datetime | None:
        """When the step's newest attempt began."""
        return self.happened(step.step_id, "step.running") or step.started_at

    def titles(self, *statuses: str) -> list[str]:
        """The titles of the steps in these statuses, without those that a ticket waits for."""
        return [one.title for one in self.detail.steps if one.status in statuses and self.ticket_of(one.step_id) is None]

    @property
    def kept(self) -> list[str]:
        """The titles of the steps that are done."""
        return self.titles(StepStatus.COMPLETED)

    @property
    def going_on(self) -> list[str]:
        """The titles of the steps at which something moves without people."""
        return self.titles(*GOING_ON)

    def ended_with_request(self, ticket: Ticket) -> bool:
        """Whether nobody decided on a ticket: it ended because the request was cancelled, or took too long."""
        if ticket.status != TicketStatus.REJECTED or ticket.type in ("unknown", "undo"):
            return False
        told = (one for one in self.events if one.kind == "ticket.rejected")
        ended = next((one for one in told if one.payload.get("ticket_id") == ticket.ticket_id), None)
        before = (one for one in self.events if ended and one.number < ended.number and one.kind in GIVEN_UP_OR_NOT)
        last = next(before, None)
        return last is not None and last.kind != "request.resumed"

    @property
    def found_out(self) -> list[str]:
        """The titles of the steps of which it is being found out what became of them."""
        return self.titles(StepStatus.INDETERMINATE)

    @property
    def checking(self) -> list[str]:
        """The titles of the checks that are being looked at."""
        moving = (*GOING_ON, StepStatus.READY)
        return [one.title for one in self.detail.checks if one.status in moving and self.ticket_of(one.step_id) is None]

    @property
    def stays(self) -> list[str]:
        """The titles of the steps that a person let stay when the request was rolled back."""
        return [one.title for one in self.detail.steps if one.undo == "kept"]

    @property
    def refused(self) -> Refusals:
        """What the viewer cannot decide about the request now, and why."""
        return refusals(self.detail, self.viewer.person)

    @property
    def done(self) -> int:
        """How many steps are done or were not needed."""
        return sum(one.status in STEP_SATISFIED for one in self.detail.steps)

    @property
    def counted(self) -> str:
        """How far it is, `3 of 5 done`; of a request that is rolled back, or was, how much of it is undone."""
        undone = sum(one.status == StepStatus.ROLLED_BACK for one in self.detail.steps)
        number, word = (undone, "undone") if undone else (self.done, "done")
        return f"{number} of {len(self.detail.steps)} {word}"

    @property
    def waited(self) -> timedelta:
        """How long the request has waited for people, times that overlap counted once."""
        spans = sorted((one.created_at, one.resolved_at or self.viewer.now) for one in self.tickets)
        return _covered(spans)

    def may_retry(self, ticket: Ticket) -> bool:
        """Whether the viewer may let the automation try the step of an open ticket again.

        The team that works it always; those who asked, until somebody has claimed it. The use case decides; this only spares
        people a button that would be refused.
        """
        step = self.step(ticket.step_id)
        if step is None or not ticket.open or ticket.type == "fulfillment":
            return False
        if ticket.type != "undo":
            return refuses_step_retry(self.detail, self.viewer.person, step) is None
        asked = self.detail.summary.team in self.viewer.person.teams and ticket.status == TicketStatus.OPEN
        return (asked or self.viewer.works(ticket.owner_team)) and not undone_by_person(step.look)

    def may_skip(self, step: Step) -> bool:
        """Whether the viewer may leave the step out."""
        return refuses_skip(self.detail, self.viewer.person, step) is None

    def may_run_from(self, step: Step) -> bool:
        """Whether the viewer may run the request again from this step on, where that is more than running it again."""
        done = step.status == StepStatus.COMPLETED
        return done and step.can_retry_from and refuses_from(self.detail, self.viewer.person, step) is None

    def may_run_again(self, step: Step) -> bool:
        """Whether the viewer may run the step again."""
        return refuses_step_retry(self.detail, self.viewer.person, step) is None

    @property
    def winds_down(self) -> bool:
        """Whether somebody has decided that it ends, or is taken back, and that is going on."""
        return self.detail.summary.status in (RequestStatus.CANCELLING, RequestStatus.ROLLING_BACK)


def _covered(spans: Iterable[tuple[datetime, datetime]]) -> timedelta:
    total, reached = timedelta(), None
    for start, end in spans:
        begin = start if reached is None else max(start, reached)
        if end > begin:
            total += end - begin
            reached = end
    return total


def ticket_link(ticket_id: str) -> Markup:
    """A ticket's number, leading to its page."""
    return Markup('<a href="/queue/{0}">{0}</a>').format(ticket_id)
