"""Says where a request stands: what happened in one plain sentence, whose move it is, what is kept, what to press. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from markupsafe import Markup

from app.core.statuses import RequestStatus, StepStatus, TicketStatus
from app.queries.shapes import Output, Step
from app.queries.tickets import Ticket
from app.web.case import Case, ticket_link
from app.web.filters import coarse, duration, is_link, plural, shorten
from app.web.labels import Label, label
from app.web.phrases import as_told, cause, failed, listed, who_said, whose


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
        retry=step if step and step.can_retry and case.may_retry(ticket) else None,
    )


def _panel(ticket: Ticket, *, mine: bool) -> Label:
    if ticket.type == "failure":
        return label("failed")
    return Label("yours", "yours", "") if mine else Label("person", "unknown" if ticket.type == "unknown" else "person", "")


def _what_happened(ticket: Ticket) -> str:
    if ticket.type == "unknown":
        return f"Nobody can tell yet whether {ticket.step_title} took effect"
    if ticket.type == "failure" and ticket.error:
        return f"{failed(ticket.step_title, ticket.step_type)}: {cause(str(ticket.error.get('message') or ''))}"
    return f"{ticket.step_title} is made by hand"


def _whose_move(case: Case, ticket: Ticket) -> str:
    viewer = case.viewer
    if viewer.has(ticket):
        return "It is your move."
    if viewer.moves(ticket):
        return f"It is {whose('your team')} move, and nobody has taken it yet."
    return f"It is {whose(ticket.claimed_by or ticket.owner_team)} move, not yours."


def _next_move(case: Case, ticket: Ticket) -> Markup:
    link = ticket_link(ticket.ticket_id)
    if case.viewer.has(ticket):
        return Markup("Ticket {} says what to do; once you resolve it, the request goes on by itself.").format(link)
    if ticket.claimed_by:
        sentence = Markup("{} works on ticket {}; when it is resolved, the request goes on by itself.")
        return sentence.format(ticket.claimed_by, link)
    if case.viewer.moves(ticket):
        return Markup("Ticket {} says what to do; when it is resolved, the request goes on by itself.").format(link)
    return Markup("Ticket {} is in their queue; when it is resolved, the request goes on by itself.").format(link)


def _kept(case: Case) -> str:
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
    summary, going = case.detail.summary, case.going_on
    queued = case.titles(StepStatus.READY)
    if going:
        title = f"{listed(going)} {'is' if len(going) == 1 else 'are'} running"
    elif queued:
        title = f"{listed(queued)} {'begins' if len(queued) == 1 else 'begin'} with the next free worker"
    else:
        title = f"{summary.title} goes on by itself"
    counted = f"{case.done} of {plural(len(case.detail.steps), 'step')} {'is' if case.done == 1 else 'are'} done"
    return Standing(
        label=label(summary.status),
        pill=label(summary.status),
        title=title,
        move="Nobody has to do anything.",
        rest=_paragraph(f"{counted}; the rest goes on by itself."),
        waits=(
            ("Sent", case.viewer.when_exactly(summary.created_at)),
            ("So far", coarse(case.viewer.now - summary.created_at)),
        ),
    )


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
    summary = case.detail.summary
    rejected = next((one for one in reversed(case.tickets) if one.status == TicketStatus.REJECTED), None)
    broken = next((one for one in case.detail.steps if one.status == StepStatus.FAILED), None)
    if rejected is not None:
        title = f"{rejected.step_title} cannot be done: {shorten((summary.failure or '').strip().rstrip('.'), 300)}"
        why = f"{rejected.resolved_by or 'Somebody'} of {rejected.owner_team} said so."
    elif broken is not None:
        title = f"{failed(broken.title, broken.type)}: {cause(str((broken.error or {}).get('message') or ''))}"
        why = "Its catalog entry hands such a failure to nobody."
    else:
        title, why = f"{summary.title} could not be finished", ""
    told = Told(who_said(broken.type), as_told(broken.error)) if broken and broken.error else None
    return Standing(
        label=label(summary.status),
        pill=label(summary.status),
        title=title,
        move="Nothing more happens here by itself.",
        rest=_paragraph(why, _kept(case), "Order it again once the reason is gone."),
        advice=str((((broken.error if broken else None) or {}).get("details") or {}).get("advice") or ""),
        waits=_took(case),
        told=told,
    )


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
}
"""What is said when no ticket is open. A state of a later part is said in the words of its label."""
