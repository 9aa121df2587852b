"""How each step of a request looks: the words and shapes of its box in the picture, of lists and of its own heading. Pure."""

from dataclasses import dataclass, replace
from datetime import datetime

from app.core.statuses import STEP_SATISFIED, StepStatus, TicketStatus
from app.queries.shapes import Step
from app.queries.tickets import Ticket
from app.web.case import Case
from app.web.filters import coarse, plural
from app.web.graph import Graph, GraphStep, layout
from app.web.labels import Label, label
from app.web.phrases import SYSTEMS, in_time


@dataclass(frozen=True, slots=True)
class Look:
    """A step in one glance. label: its state and for how long; note: what else; short_note: the same for narrow boxes."""

    label: Label
    note: str = ""
    short_note: str = ""
    share: float | None = None


def look(case: Case, step: Step) -> Look:
    """How `step` looks."""
    match step.status:
        case StepStatus.COMPLETED:
            return _by_hand(case, step) if step.managed_by == "person" else _done(case, step)
        case StepStatus.RUNNING | StepStatus.VERIFYING:
            return _running(case, step)
        case StepStatus.WAITING:
            return _waiting(case, step)
        case StepStatus.FAILED | StepStatus.INDETERMINATE:
            return _stopped(case, step)
        case StepStatus.PENDING:
            return _pending(case, step)
        case StepStatus.READY:
            return Look(label(step.status), "Next free worker")
        case _:
            return Look(label(step.status))


def picture(case: Case) -> Graph:
    """The picture of all steps, each leading to its details."""
    return layout([_drawn(case, step) for step in case.detail.steps])


def _drawn(case: Case, step: Step) -> GraphStep:
    seen = look(case, step)
    return GraphStep(
        key=step.step_id,
        title=step.title,
        label=seen.label,
        href=f"/requests/{case.detail.summary.request_id}?step={step.step_id}#step",
        needs=tuple(step.depends_on),
        note=seen.note,
        short_note=seen.short_note,
        share=seen.share,
        done=step.status in STEP_SATISFIED,
    )


def system(step: Step) -> str:
    """What runs a step: `Terraform`, `GitHub`, `By hand`."""
    return SYSTEMS.get(step.type, step.type)


def _said(code: str, words: str) -> Label:
    return replace(label(code), words=words)


def _done(case: Case, step: Step) -> Look:
    began, ended = case.began(step), step.completed_at
    took = in_time(ended - began) if began and ended else ""
    return Look(_said(step.status, f"Done{took}"), system(step), share=1.0)


def _by_hand(case: Case, step: Step) -> Look:
    ticket = case.last_ticket_of(step.step_id, TicketStatus.RESOLVED)
    who = (ticket.resolved_by if ticket else None) or "a person"
    seen = label(step.status, by=who)
    if ticket and ticket.resolved_at:
        seen = replace(seen, words=f"Done by {who}{in_time(ticket.resolved_at - ticket.created_at)}")
    if ticket and ticket.type == "fulfillment":
        return Look(seen, "By hand", share=1.0)
    return Look(seen, f"By hand after {plural(step.attempt, 'attempt')}", f"After {plural(step.attempt, 'attempt')}", 1.0)


def _running(case: Case, step: Step) -> Look:
    attempt = f", attempt {step.attempt}" if step.attempt > 1 else ""
    if step.status == StepStatus.VERIFYING:
        return Look(label(step.status), system(step) + attempt)
    return Look(_said(step.status, f"Running{_for(case, case.began(step))}"), system(step) + attempt)


def _waiting(case: Case, step: Step) -> Look:
    ticket = case.ticket_of(step.step_id)
    if ticket is not None:
        seen = label("awaiting_manual", who=case.viewer.holder(ticket), mine=case.viewer.moves(ticket))
        return Look(
            seen, f"By hand since {case.viewer.when(ticket.created_at)}", f"since {case.viewer.when(ticket.created_at)}"
        )
    if step.retry_at is not None:
        left = step.retry_at - case.viewer.now
        soon = f"in {coarse(left)}" if left.total_seconds() > 0 else "now"
        return Look(_said(step.status, f"Tries again {soon}"), f"Attempt {step.attempt} failed")
    return Look(label(step.status, who=system(step)), _for(case, case.began(step)).strip())


def _stopped(case: Case, step: Step) -> Look:
    began = case.began(step)
    stopped = case.happened(step.step_id, "step.failed", "step.indeterminate")
    if step.status == StepStatus.INDETERMINATE:
        seen = _said(step.status, "Outcome unknown")
    else:
        seen = _said(step.status, "Failed" + (in_time(stopped - began, "after") if began and stopped else ""))
    ticket = case.ticket_of(step.step_id)
    return Look(seen, *_with_whom(case, ticket)) if ticket else Look(seen, system(step))


def _with_whom(case: Case, ticket: Ticket) -> tuple[str, str]:
    since = case.viewer.when(ticket.claimed_at or ticket.created_at)
    if ticket.status == TicketStatus.CLAIMED:
        return f"With {case.viewer.holder(ticket)} since {since}", f"With {case.viewer.holder(ticket)}, {since}"
    return ticket.owner_team, ticket.owner_team


def _pending(case: Case, step: Step) -> Look:
    if case.detail.summary.ended:
        return Look(label(step.status))
    open_needs = [one.title for one in case.detail.steps if one.step_id in step.depends_on and one.status not in STEP_SATISFIED]
    if not open_needs:
        return Look(label(step.status))
    named = open_needs[0] if len(open_needs) == 1 else plural(len(open_needs), "step")
    return Look(label(step.status), f"Waits for {named}", f"After {named}")


def _for(case: Case, began: datetime | None) -> str:
    return f" for {coarse(case.viewer.now - began)}" if began else ""
