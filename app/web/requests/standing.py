"""Says where a request stands: what happened in one plain sentence, whose move it is, what is kept, what to press. Pure."""

from collections.abc import Callable, Mapping

from markupsafe import Markup

from app.core.statuses import RequestStatus, StepStatus
from app.queries.tickets import Ticket
from app.web.filters import coarse, plural
from app.web.labels import Label, label
from app.web.phrases import are, as_told, cause, failed, listed, who_said, whose
from app.web.requests import standing_approvals as approvals
from app.web.requests import standing_ends as ends
from app.web.requests.case import Case, ticket_link
from app.web.requests.standing_parts import (
    Standing,
    Told,
    by_itself,
    kept,
    paragraph,
    since,
    took,
    usual_run,
    usually,
    waits_on,
)


def standing(case: Case) -> Standing:
    """Where the request stands, for the one who looks."""
    summary = case.detail.summary
    if case.open_tickets and not summary.ended:
        return _with_people(case)
    return BY_STATUS.get(summary.status, _otherwise)(case)


def _with_people(case: Case) -> Standing:
    ticket, *others = case.open_tickets
    step = case.step(ticket.step_id)
    viewer, mine = case.viewer, case.viewer.moves(ticket)
    told = None
    if ticket.error:
        told = Told("What is known" if ticket.type == "unknown" else who_said(ticket.step_type), as_told(ticket.error))
    return Standing(
        label=_panel(ticket, mine=mine),
        pill=label("awaiting_manual", who=viewer.holder(ticket), mine=mine),
        title=_what_happened(ticket),
        move=_whose_move(case, ticket),
        rest=paragraph(_next_move(case, ticket), kept(case), _also(others)),
        advice=str(((ticket.error or {}).get("details") or {}).get("advice") or ""),
        waits=_waits(case, ticket),
        told=told,
        ticket=ticket,
        retry=step if step and ticket.type != "undo" and case.may_retry(ticket) else None,
    )


def _panel(ticket: Ticket, *, mine: bool) -> Label:
    if ticket.type == "failure":
        return label("failed")
    return Label("yours", "yours", "") if mine else Label("person", "unknown" if ticket.type == "unknown" else "person", "")


def _what_happened(ticket: Ticket) -> str:
    why = cause(str((ticket.error or {}).get("message") or ""))
    if ticket.type == "unknown":
        return f"Nobody can tell yet whether {ticket.step_title} took effect"
    if ticket.type == "undo":
        how = f"could not be undone: {why}" if ticket.error else "must be undone by hand"
        return f"{ticket.step_title} {how}"
    if ticket.type == "failure" and ticket.error:
        return f"{failed(ticket.step_title, ticket.step_type)}: {why}"
    return f"{ticket.step_title} is made by hand"


def _whose_move(case: Case, ticket: Ticket) -> str:
    viewer = case.viewer
    if viewer.has(ticket):
        return "It is your move."
    if viewer.moves(ticket):
        return f"It is {whose('your team')} move, and nobody has taken it yet."
    return f"It is {whose(ticket.claimed_by or ticket.owner_team)} move, not yours."


THEN: Mapping[str, str] = {
    RequestStatus.CANCELLING: "the request ends as cancelled",
    RequestStatus.ROLLING_BACK: "the roll back goes on by itself",
}
"""What follows when somebody has ended a ticket; without a decision that is going on, the request goes on."""


def _next_move(case: Case, ticket: Ticket) -> Markup:
    link = ticket_link(ticket.ticket_id)
    then = THEN.get(case.detail.summary.status, "the request goes on by itself")
    if case.viewer.has(ticket):
        return Markup("Ticket {} says what to do; once you resolve it, {}.").format(link, then)
    if ticket.claimed_by:
        return Markup("{} works on ticket {}; when it is resolved, {}.").format(ticket.claimed_by, link, then)
    if case.viewer.moves(ticket):
        return Markup("Ticket {} says what to do; when it is resolved, {}.").format(link, then)
    return Markup("Ticket {} is in their queue; when it is resolved, {}.").format(link, then)


def _also(others: list[Ticket]) -> Markup:
    if not others:
        return Markup()
    each = [Markup("{} ({})").format(one.step_title, ticket_link(one.ticket_id)) for one in others]
    return Markup("Also waiting on people: {}.").format(Markup(", ").join(each))


def _waits(case: Case, ticket: Ticket) -> tuple[tuple[str, str], ...]:
    whom = f"{ticket.claimed_by}, {ticket.owner_team}" if ticket.claimed_by else ticket.owner_team
    waits = [("Waiting on", whom), ("Since", since(case, ticket.created_at)), *usually(case)]
    if ticket.due_at:
        waits.append(("Due", case.viewer.when_exactly(ticket.due_at)))
    return tuple(waits)


def _moving(case: Case) -> Standing:
    summary = case.detail.summary
    counted = f"{case.done} of {plural(len(case.detail.steps), 'step')} {'is' if case.done == 1 else 'are'} done"
    title, rest = _what_moves(case)
    return by_itself(
        case,
        title,
        rest or f"{counted}; the rest goes on by itself.",
        waits=(
            ("Sent", case.viewer.when_exactly(summary.created_at)),
            ("So far", coarse(case.viewer.now - summary.created_at)),
            *usual_run(case),
        ),
    )


def _what_moves(case: Case) -> tuple[str, str]:
    """What happens now, and what more there is to say than how much is done."""
    summary, going, queued = case.detail.summary, case.going_on, case.titles(StepStatus.READY)
    if not summary.admitted:
        return (
            f"{summary.title} waits for its turn",
            "As much of the like is being built as may be at once; it begins by itself.",
        )
    if found_out := case.found_out:
        return f"We are finding out what became of {listed(found_out)}", LOST
    if going:
        return are(going, "running"), ""
    if queued:
        return f"{listed(queued)} {'begins' if len(queued) == 1 else 'begin'} with the next free worker", ""
    if checking := case.checking:
        when = "that all is well" if case.done == len(case.detail.steps) else "before anything is built"
        return f"Checking {when}: {listed(checking)}", ""
    return f"{summary.title} goes on by itself", ""


LOST = "The worker was lost before it answered. Nothing is run again before we know; if nobody can tell, a person is asked."


def _otherwise(case: Case) -> Standing:
    summary = case.detail.summary
    seen = label(summary.status)
    return Standing(
        seen,
        seen,
        f"{summary.title}: {seen.words[:1].lower()}{seen.words[1:]}",
        "",
        paragraph(kept(case)),
        waits=waits_on(case) or took(case),
    )


BY_STATUS: Mapping[str, Callable[[Case], Standing]] = {
    RequestStatus.SUBMITTED: _moving,
    RequestStatus.PENDING_APPROVAL: approvals.pending,
    RequestStatus.NEEDS_INFO: approvals.asked,
    RequestStatus.REJECTED: approvals.rejected,
    RequestStatus.IN_PROGRESS: _moving,
    RequestStatus.COMPLETED: ends.completed,
    RequestStatus.FAILED: ends.ended_badly,
    RequestStatus.CANCELLING: ends.cancelling,
    RequestStatus.CANCELLED: ends.cancelled,
    RequestStatus.ROLLING_BACK: ends.rolling_back,
    RequestStatus.ROLLED_BACK: ends.rolled_back,
}
"""What is said when no ticket is open. A state of a later part is said in the words of its label."""
