"""How each step of a request looks: the words and shapes of its box in the picture, of lists and of its own heading. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from app.core.statuses import STEP_SATISFIED, Activity, ManagedBy, RequestStatus, StepStatus, TicketStatus
from app.queries.shapes import Attempt, Step
from app.queries.tickets import Ticket
from app.web.filters import coarse, plain, plural
from app.web.labels import Label, label
from app.web.phrases import SYSTEMS, in_time, known, late
from app.web.requests.case import Case
from app.web.requests.graph import Graph, GraphStep, layout

UNDO_NOTES: Mapping[str, str] = {"wanted": "Is undone later", "kept": "Stays, a person said"}
"""What is said of a finished step of a request that is being rolled back, or was."""
MOST_SHARE = 0.95
"""How far the bar of a step comes while it runs: what takes longer than usual is not done."""


@dataclass(frozen=True, slots=True)
class Look:
    """A step in one glance. label: its state and for how long; note: what else; short_note: the same for narrow boxes."""

    label: Label
    note: str = ""
    short_note: str = ""
    share: float | None = None


def look(case: Case, step: Step) -> Look:
    """How `step` looks."""
    if step.activity == Activity.UNDO and step.status != StepStatus.ROLLED_BACK:
        return _being_undone(case, step)
    if step.activity == Activity.ADOPT:
        return Look(_said("running", "Being taken over"), f"By {system(step)}")
    match step.status:
        case StepStatus.COMPLETED:
            return _by_hand(case, step) if step.managed_by == ManagedBy.PERSON else _done(case, step)
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
        case StepStatus.SKIPPED:
            return _skipped(case, step)
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


@dataclass(frozen=True, slots=True)
class CheckRow:
    """One check in a line. system: with what it looks."""

    check: Step
    look: Look
    system: str


KINDS: Mapping[str, str] = {"preflight": "Before anything is built", "health": "After the last step"}
CHECK_WORDS: Mapping[str, str] = {
    StepStatus.COMPLETED: "As it should be",
    StepStatus.FAILED: "Does not hold",
    StepStatus.RUNNING: "Looking",
    StepStatus.VERIFYING: "Looking",
    StepStatus.WAITING: "Looks again soon",
    StepStatus.PENDING: "Not yet",
}


def checks(case: Case) -> list[dict[str, Any]]:
    """The checks in groups, as the `table` macro takes them: before the steps, and after them."""
    found = [
        {"title": title, "rows": [_check_row(case, one) for one in case.detail.checks if one.kind == kind]}
        for kind, title in KINDS.items()
    ]
    return [group for group in found if group["rows"]]


def _check_row(case: Case, check: Step) -> CheckRow:
    seen = look(case, check)
    plain_state = case.ticket_of(check.step_id) is None and check.managed_by != ManagedBy.PERSON
    if plain_state and check.status in CHECK_WORDS:
        seen = Look(_said(check.status, CHECK_WORDS[check.status]))
    return CheckRow(check, replace(seen, note=seen.note if not plain_state else ""), system(check))


def notes(attempt: Attempt, *, with_error: bool = True) -> list[str]:
    """What there is to say of an attempt besides how it ended: its error, what is known where nobody knows, what came late."""
    said = [str(attempt.error.get("message") or "")] if attempt.error and with_error else []
    said += [f"Known: {known(attempt.evidence)}"] if attempt.evidence else []
    said += [late(attempt.late_result)] if attempt.late_result else []
    return [plain(one) for one in said]


def system(step: Step) -> str:
    """What runs a step: `Terraform`, `GitHub`, `By hand`."""
    return SYSTEMS.get(step.type, step.type)


def _said(code: str, words: str) -> Label:
    return replace(label(code), words=words)


def _done(case: Case, step: Step) -> Look:
    began, ended = case.began(step), step.completed_at
    took = in_time(ended - began) if began and ended else ""
    ticket = case.last_ticket_of(step.step_id, TicketStatus.RESOLVED)
    adopted = ticket is not None and (ticket.resolution or {}).get("adopted")
    made = f"{system(step)}, made by {ticket.resolved_by}" if ticket and adopted else system(step)
    note = UNDO_NOTES.get(step.undo or "", made)
    return Look(_said(step.status, f"Done{took}"), note, share=1.0)


def _being_undone(case: Case, step: Step) -> Look:
    """A step that a roll back has reached."""
    if step.status == StepStatus.WAITING and case.ticket_of(step.step_id) is not None:
        return _waiting(case, step)
    if step.status in (StepStatus.RUNNING, StepStatus.WAITING):
        return Look(_said("rolling_back", "Being undone"), system(step))
    return Look(_said("ready", "Is undone next"), system(step))


def _skipped(case: Case, step: Step) -> Look:
    who = case.left_out_by(step)
    return Look(_said(step.status, f"Left out by {who}") if who else label(step.status))


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
    if case.detail.summary.status == RequestStatus.CANCELLING:
        return Look(_said(step.status, "Asked to stop"), system(step) + attempt)
    if step.status == StepStatus.VERIFYING:
        return Look(label(step.status), system(step) + attempt)
    began, known = case.began(step), case.usual(step)
    note = f"usually {coarse(known)}" if known is not None and step.attempt < 2 else system(step) + attempt
    share = min((case.viewer.now - began).total_seconds() / known, MOST_SHARE) if began and known else None
    return Look(_said(step.status, f"Running{_for(case, began)}"), note, share=share)


def _waiting(case: Case, step: Step) -> Look:
    ticket = case.ticket_of(step.step_id)
    if ticket is not None:
        seen = label("awaiting_manual", who=case.viewer.holder(ticket), mine=case.viewer.moves(ticket))
        since = f"since {case.viewer.when(ticket.created_at)}"
        return Look(seen, f"To undo {since}" if ticket.type == "undo" else f"By hand {since}", since)
    if step.retry_at is not None:
        left = step.retry_at - case.viewer.now
        soon = f"in {coarse(left)}" if left.total_seconds() > 0 else "now"
        return Look(_said(step.status, f"Tries again {soon}"), f"Attempt {step.attempt} failed")
    return Look(label(step.status, who=system(step)), _for(case, case.began(step)).strip())


def _stopped(case: Case, step: Step) -> Look:
    began = case.began(step)
    stopped = case.happened(step.step_id, "step.failed", "step.indeterminate")
    ticket = case.ticket_of(step.step_id)
    if step.status == StepStatus.INDETERMINATE and ticket is None:
        return Look(_said(step.status, "Finding out"), "what became of it")
    if step.status == StepStatus.INDETERMINATE:
        seen = _said(step.status, "Outcome unknown")
    else:
        seen = _said(step.status, "Failed" + (in_time(stopped - began, "after") if began and stopped else ""))
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
    if not open_needs and any(
        one.step_id in step.depends_on and one.status not in STEP_SATISFIED for one in case.detail.checks
    ):
        return Look(label(step.status), "Waits for the checks", "After the checks")
    if not open_needs:
        return Look(label(step.status))
    named = open_needs[0] if len(open_needs) == 1 else plural(len(open_needs), "step")
    return Look(label(step.status), f"Waits for {named}", f"After {named}")


def _open_needs(step: Step, others: Sequence[Step]) -> list[str]:
    return [one.title for one in others if one.step_id in step.depends_on and one.status not in STEP_SATISFIED]


def _for(case: Case, began: datetime | None) -> str:
    return f" for {coarse(case.viewer.now - began)}" if began else ""
