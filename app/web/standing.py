"""Says where a request stands: what happened in one plain sentence, whose move it is, what is kept, what to press. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlsplit

from markupsafe import Markup

from app.core.statuses import Activity, RequestStatus, StepStatus, TicketStatus
from app.queries.shapes import Output, Step
from app.queries.tickets import Ticket
from app.web.case import Case, ticket_link
from app.web.filters import coarse, duration, is_link, plural, shorten
from app.web.labels import Label, label
from app.web.phrases import as_told, cause, failed, listed, who_said, whose
from app.web.presses import in_panel


@dataclass(frozen=True, slots=True)
class Told:
    """What a machine said, word for word, and the heading over it."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """An output that can be opened: the first name of its host, and its address."""

    words: str
    href: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What the panel of a request says.

    label: how the panel looks; pill: the state beside the title. title: what happened, the failed thing first. move: whose
    move it is, one sentence. rest: what happens next and what is kept. advice: what the catalog says about such a failure.
    waits: term and value. ticket: the one that the panel is about; retry: the step that the viewer may run again; link: an
    output to open.
    """

    label: Label
    pill: Label
    title: str
    move: str
    rest: Markup
    advice: str = ""
    waits: tuple[tuple[str, str], ...] = ()
    told: Told | None = None
    ticket: Ticket | None = None
    retry: Step | None = None
    link: Link | None = None


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
        rest=_paragraph(_next_move(case, ticket), _kept(case), _also(others)),
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
        return (
            f"{ticket.step_title} could not be undone: {why}" if ticket.error else f"{ticket.step_title} must be undone by hand"
        )
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


def _kept(case: Case) -> str:
    if case.detail.summary.status == RequestStatus.ROLLING_BACK:
        return _taking_back(case)
    kept, going = case.kept, case.going_on
    parts = [f"{listed(kept)} {'is' if len(kept) == 1 else 'are'} kept"] if kept else []
    parts += [f"{listed(going)} still {'runs' if len(going) == 1 else 'run'}"] if going else []
    return ", ".join(parts) + "." if parts else ""


def _also(others: list[Ticket]) -> Markup:
    if not others:
        return Markup()
    each = [Markup("{} ({})").format(one.step_title, ticket_link(one.ticket_id)) for one in others]
    return Markup("Also waiting on people: {}.").format(Markup(", ").join(each))


def _waits(case: Case, ticket: Ticket) -> tuple[tuple[str, str], ...]:
    whom = f"{ticket.claimed_by}, {ticket.owner_team}" if ticket.claimed_by else ticket.owner_team
    waits = [("Waiting on", whom), ("Since", _since(case, ticket.created_at))]
    if ticket.due_at:
        waits.append(("Due", case.viewer.when_exactly(ticket.due_at)))
    return tuple(waits)


def _since(case: Case, at: datetime) -> str:
    return f"{case.viewer.when_exactly(at)}, {coarse(case.viewer.now - at)}"


def _moving(case: Case) -> Standing:
    summary = case.detail.summary
    counted = f"{case.done} of {plural(len(case.detail.steps), 'step')} {'is' if case.done == 1 else 'are'} done"
    title, rest = _what_moves(case)
    return _by_itself(
        case,
        title,
        rest or f"{counted}; the rest goes on by itself.",
        waits=(
            ("Sent", case.viewer.when_exactly(summary.created_at)),
            ("So far", coarse(case.viewer.now - summary.created_at)),
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
        return f"{listed(going)} {'is' if len(going) == 1 else 'are'} running", ""
    if queued:
        return f"{listed(queued)} {'begins' if len(queued) == 1 else 'begin'} with the next free worker", ""
    if checking := case.checking:
        when = "that all is well" if case.done == len(case.detail.steps) else "before anything is built"
        return f"Checking {when}: {listed(checking)}", ""
    return f"{summary.title} goes on by itself", ""


LOST = "The worker was lost before it answered. Nothing is run again before we know; if nobody can tell, a person is asked."


def _by_itself(case: Case, title: str, rest: str, waits: tuple[tuple[str, str], ...]) -> Standing:
    seen = label(case.detail.summary.status)
    return Standing(seen, seen, title, "Nobody has to do anything.", _paragraph(rest), waits=waits)


def _cancelling(case: Case) -> Standing:
    going = [*case.going_on, *case.found_out]
    stopping = (
        f"{listed(going)} {'is' if len(going) == 1 else 'are'} asked to stop; it ends once nothing runs any more."
        if going
        else ""
    )
    kept = case.kept
    stays = f"{listed(kept)} {'is' if len(kept) == 1 else 'are'} kept." if kept else ""
    rest = " ".join(part for part in (_decided(case, "request.cancel", "cancelled it"), stopping, stays) if part)
    return _by_itself(case, f"{case.detail.summary.title} is being cancelled", rest, _so_far(case, "request.cancel"))


def _cancelled(case: Case) -> Standing:
    decided = _decided(case, "request.cancel", "cancelled it")
    return _over(case, f"{case.detail.summary.title} was cancelled", decided, _kept(case))


def _rolling_back(case: Case) -> Standing:
    decided = _decided(case, "request.rollback", "asked for it")
    rest = f"{decided} {_taking_back(case)}".strip()
    return _by_itself(case, f"{case.detail.summary.title} is being rolled back", rest, _so_far(case, "request.rollback"))


def _taking_back(case: Case) -> str:
    """What is undone now, and what after it."""
    steps = [one for one in case.detail.steps if one.undo == "wanted" and case.ticket_of(one.step_id) is None]
    now = [one.title for one in steps if one.activity == Activity.UNDO]
    later = [one.title for one in steps if one.activity != Activity.UNDO]
    parts = [f"{listed(now)} {'is' if len(now) == 1 else 'are'} being undone" if now else ""]
    parts += [f"{listed(later)} {'follows' if len(later) == 1 else 'follow'}" if later else ""]
    said = ", ".join(part for part in parts if part)
    return f"{said}." if said else ""


def _rolled_back(case: Case) -> Standing:
    decided = _decided(case, "request.rollback", "asked for it")
    return _over(case, f"{case.detail.summary.title} was rolled back", decided, "What it had made is gone.")


def _over(case: Case, title: str, *rest: str) -> Standing:
    seen = label(case.detail.summary.status)
    return Standing(seen, seen, title, "Nothing more happens here by itself.", _paragraph(*rest), waits=_took(case))


def _decided(case: Case, kind: str, did: str) -> str:
    """`Sarah cancelled it: we took another one.`"""
    event = case.event(kind)
    if event is None:
        return ""
    why = f": {cause(str(event.payload['reason']))}" if event.payload.get("reason") else ""
    return f"{event.payload.get('by') or 'The catalog entry'} {did}{why}."


def _so_far(case: Case, kind: str) -> tuple[tuple[str, str], ...]:
    event = case.event(kind)
    return (("Since", _since(case, event.occurred_at)),) if event else ()


def _completed(case: Case) -> Standing:
    summary = case.detail.summary
    return Standing(
        label=label(summary.status),
        pill=label(summary.status),
        title=f"{summary.title} is ready",
        move="",
        rest=_paragraph(_all_done(case), _by_whom(case)),
        waits=_took(case),
        link=next((_link(one) for one in case.detail.outputs if _opens(one)), None),
    )


def _opens(output: Output) -> bool:
    return not output.sensitive and output.name.endswith("url") and is_link(output.value)


def _link(output: Output) -> Link:
    return Link(str(urlsplit(output.value).hostname).partition(".")[0], output.value)


def _all_done(case: Case) -> str:
    steps, skipped = case.detail.steps, case.titles(StepStatus.SKIPPED)
    if skipped:
        return f"{plural(len(steps) - len(skipped), 'step is', 'steps are')} done, {listed(skipped)} was not needed."
    return {1: "Its one step is done.", 2: "Both steps are done."}.get(len(steps), f"All {len(steps)} steps are done.")


def _by_whom(case: Case) -> str:
    hands: dict[str, list[str]] = {}
    for step in case.detail.steps:
        if step.managed_by == "person":
            ticket = case.last_ticket_of(step.step_id, TicketStatus.RESOLVED)
            hands.setdefault((ticket.resolved_by if ticket else None) or "A person", []).append(step.title)
    if not hands:
        return "Everything ran by itself."
    made = listed([f"{who} made {listed(titles)}" for who, titles in hands.items()])
    alone = sum(map(len, hands.values())) == len(case.detail.steps)
    return f"{made} by hand{'' if alone else ', the rest ran by itself'}."


def _took(case: Case) -> tuple[tuple[str, str], ...]:
    summary = case.detail.summary
    if summary.completed_at is None:
        return ()
    waited = (("Of that, waiting on people", duration(case.waited)),) if case.tickets else ()
    took = duration(summary.completed_at - summary.created_at)
    return (("Took", took), *waited, ("Ended", case.viewer.when_exactly(summary.completed_at)))


def _failed(case: Case) -> Standing:
    broken = next((one for one in case.detail.steps if one.status == StepStatus.FAILED), None)
    title, why = _why_failed(case, broken)
    told = Told(who_said(broken.type), as_told(broken.error)) if broken and broken.error else None
    after = "" if in_panel(case) else "Order it again once the reason is gone."
    found = _over(case, title, why, _kept(case), after)
    advice = str((((broken.error if broken else None) or {}).get("details") or {}).get("advice") or "")
    return replace(found, advice=advice, told=told)


def _why_failed(case: Case, broken: Step | None) -> tuple[str, str]:
    summary, stays = case.detail.summary, case.stays
    reason = shorten((summary.failure or "").strip().rstrip("."), 300)
    rejected = next((one for one in reversed(case.tickets) if one.status == TicketStatus.REJECTED and one.resolved_by), None)
    if stays:
        who = rejected.resolved_by if rejected else "A person"
        return f"{summary.title} could not be rolled back whole: {listed(stays)} {_stay(stays)}", f"{who} said so: {reason}."
    if summary.failure and rejected is not None:
        return f"{rejected.step_title} cannot be done: {reason}", f"{rejected.resolved_by} of {rejected.owner_team} said so."
    if summary.failure:
        return f"{summary.title} was ended: {reason}", "What had not begun was cancelled."
    if broken is not None:
        why = cause(str((broken.error or {}).get("message") or ""))
        return f"{failed(broken.title, broken.type)}: {why}", "Its catalog entry hands such a failure to nobody."
    return f"{summary.title} could not be finished", ""


def _stay(titles: Sequence[str]) -> str:
    return "stays" if len(titles) == 1 else "stay"


def _otherwise(case: Case) -> Standing:
    summary = case.detail.summary
    seen = label(summary.status)
    return Standing(
        seen, seen, f"{summary.title}: {seen.words[:1].lower()}{seen.words[1:]}", "", _paragraph(_kept(case)), waits=_took(case)
    )


def _paragraph(*sentences: str | Markup) -> Markup:
    return Markup(" ").join(sentence for sentence in sentences if sentence)


BY_STATUS: Mapping[str, Callable[[Case], Standing]] = {
    RequestStatus.SUBMITTED: _moving,
    RequestStatus.IN_PROGRESS: _moving,
    RequestStatus.COMPLETED: _completed,
    RequestStatus.FAILED: _failed,
    RequestStatus.CANCELLING: _cancelling,
    RequestStatus.CANCELLED: _cancelled,
    RequestStatus.ROLLING_BACK: _rolling_back,
    RequestStatus.ROLLED_BACK: _rolled_back,
}
"""What is said when no ticket is open. A state of a later part is said in the words of its label."""
