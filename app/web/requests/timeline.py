"""What happened to a request, newest first: its numbered events as sentences. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from markupsafe import Markup

from app.core.approvals import Approver
from app.core.statuses import Activity
from app.queries.shapes import Event
from app.queries.tickets import Ticket
from app.web.filters import plural, sentence
from app.web.phrases import cause, in_time, listed
from app.web.requests.case import Case, ticket_link

TOGETHER = timedelta(seconds=60)
"""Steps that start within this time of each other are told in one line."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line. tone, glyph: as in a Label; key: the number of its newest event."""

    key: int
    at: datetime
    tone: str
    glyph: str
    text: Markup


@dataclass(frozen=True, slots=True)
class _Told:
    """What one event says; `starts` is the step that begins with it."""

    tone: str
    glyph: str
    text: Markup
    starts: str = ""


def timeline(case: Case) -> list[Entry]:
    """The lines, newest first. What is no news for people (a step became ready, a status followed from another) is left out."""
    teller = _Teller(case)
    told = [(event, said) for event in case.events if (said := teller.tell(event)) is not None]
    return list(_merged(told))


def _merged(told: Sequence[tuple[Event, _Told]]) -> Iterable[Entry]:
    """Neighbours that tell of starts become one line, oldest name first."""
    position = 0
    while position < len(told):
        event, said = told[position]
        group = [(event, said)]
        while said.starts and position + len(group) < len(told):
            earlier, before = told[position + len(group)]
            if not before.starts or event.occurred_at - earlier.occurred_at > TOGETHER:
                break
            group.append((earlier, before))
        text = said.text
        if len(group) > 1:
            names = list(dict.fromkeys(one.starts for _, one in reversed(group)))
            text = Markup("{} started").format(listed(names))
        yield Entry(event.number, event.occurred_at, said.tone, said.glyph, text)
        position += len(group)


SAID: Mapping[str, tuple[str, str, Markup]] = {
    "request.submitted": ("idle", "event", Markup("{who} sent the request")),
    "request.queued": ("idle", "queued", Markup("It waits for its turn")),
    "request.admitted": ("idle", "event", Markup("Its turn has come")),
    "request.completed": ("done", "done", Markup("Request done")),
    "request.failed": ("failed", "failed", Markup("Request failed")),
    "request.cancel": ("person", "cancelled", Markup("{who} cancelled the request{why}")),
    "request.cancelled": ("idle", "cancelled", Markup("Request cancelled")),
    "request.timeout": ("failed", "late", Markup("It took longer than a request may take")),
    "request.resumed": ("person", "undone", Markup("{who} let it go on, {kept} kept")),
    "request.resumed again": ("person", "undone", Markup("{who} let {again} run again, {kept} kept")),
    "request.rollback": ("person", "undone", Markup("{who} had it rolled back{why}")),
    "request.rollback by itself": ("idle", "undone", Markup("It is rolled back{why}")),
    "request.rolled_back": ("idle", "undone", Markup("Request rolled back")),
    "step.running": ("idle", "event", Markup("{title} started")),
    "step.running undo": ("idle", "undone", Markup("{title} is being undone")),
    "step.ready again": ("idle", "event", Markup("{title} is run again{why}")),
    "step.completed": ("done", "done", Markup("{title} done{took}")),
    "step.stays": ("person", "person", Markup("{title} stays")),
    "step.failed": ("failed", "failed", Markup("{title} failed{why}")),
    "step.waiting again": ("failed", "failed", Markup("An attempt of {title} failed, it is tried again")),
    "step.indeterminate": ("failed", "unknown", Markup("Nobody knows yet what became of {title}")),
    "step.skipped": ("idle", "skipped", Markup("{title} was not needed")),
    "step.skipped by": ("person", "skipped", Markup("{who} left out {title}{why}")),
    "step.cancelled": ("idle", "cancelled", Markup("{title} was cancelled{why}")),
    "step.rolled_back": ("idle", "undone", Markup("{title} was undone")),
    "step.undo": ("idle", "undone", Markup("The undo of {title} is tried again")),
    "ticket.open": ("person", "person", Markup("Ticket {ticket} opened for {team}")),
    "ticket.adopting": ("person", "person", Markup("{who} lets Terraform take over what was made ({ticket})")),
    "ticket.adopted": ("done", "done", Markup("Terraform took over what was made ({ticket})")),
    "ticket.not adopted": ("failed", "failed", Markup("What was made could not be taken over, {ticket} is open again")),
    "ticket.released": ("person", "person", Markup("{who} gave {ticket} back to the queue")),
    "ticket.claimed": ("person", "person", Markup("{who} took {ticket}")),
    "ticket.resolved": ("done", "person-done", Markup("{who} resolved {ticket}")),
    "ticket.resolved undo": ("done", "person-done", Markup("{who} undid {about} ({ticket})")),
    "ticket.retried": ("person", "undone", Markup("{who} let the automation try again ({ticket})")),
    "ticket.rejected": ("failed", "rejected", Markup("{who} said that {ticket} cannot be done")),
    "ticket.rejected undo": ("person", "person", Markup("{who} let {about} stay ({ticket})")),
    "ticket.ended": ("idle", "event", Markup("Ticket {ticket} ended with the request")),
    "ticket.comment": ("idle", "event", Markup("{who} wrote on {ticket}")),
    "request.revised": ("idle", "event", Markup("{who} changed the order")),
    "approval.asked": ("person", "person", Markup("{asked} must agree")),
    "approval.voted": ("done", "person-done", Markup("{who} agreed, {votes}")),
    "approval.approved": ("done", "person-done", Markup("{who} agreed for {whom}")),
    "approval.rejected": ("failed", "rejected", Markup("{who} said no{why}")),
    "approval.rejected by itself": ("failed", "late", Markup("{asked} did not agree in time")),
    "approval.sent_back": ("person", "undone", Markup("{who} sent it back{why}")),
    "approval.reminded": ("person", "late", Markup("A reminder went to {whom}")),
    "approval.escalated": ("person", "late", Markup("{asked} did not agree in time: {to} may agree as well")),
    "approval.question": ("person", "person", Markup("{who} asked something")),
    "approval.answer": ("idle", "event", Markup("{who} answered")),
    "plan.asked": ("idle", "event", Markup("{who} asked what running {title} again would change")),
    "plan.made": ("idle", "event", Markup("It was seen what running {title} again would change")),
    "plan.failed": ("idle", "event", Markup("It could not be seen what running {title} again would change")),
    "outputs.failed": ("failed", "failed", Markup("Outputs of {group} could not be made{why}")),
}
"""What an event says: tone, glyph, words. What is not here is no news for people; see `_Teller.key` for those of two kinds."""
MACHINES = ("worker:", "system")
FAMILIES = frozenset({"request", "step", "ticket", "outputs", "approval", "plan"})


class _Teller:
    """Finds words for events: what exactly happened, who is behind an actor's id, how long a step took."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.steps = {step.step_id: step for step in (*case.detail.steps, *case.detail.checks)}
        self.tickets = {ticket.ticket_id: ticket for ticket in case.tickets}
        self.names = _names(case)
        self.rollback = case.event("request.rollback")

    def tell(self, event: Event) -> _Told | None:
        """The words for one event, None where it is no news."""
        family, _, what = event.kind.partition(".")
        if family not in FAMILIES:
            return _Told("idle", "event", Markup("{}").format(sentence(event.kind.replace(".", " "))))
        key = f"{family}.{self._key(family, what, event)}"
        if key not in SAID:
            return None
        tone, glyph, words = SAID[key]
        names = self._names_in(event)
        return _Told(tone, glyph, words.format(**names), starts=names["title"] if key == "step.running" else "")

    def _key(self, family: str, what: str, event: Event) -> str:
        """What happened, more exactly than the event's kind; a word that `SAID` does not have where it is no news."""
        match family:
            case "step":
                return self._step(what, event)
            case "ticket":
                return self._ticket(what, event)
            case "request" if what == "rollback" and not event.payload.get("by"):
                return "rollback by itself"
            case "approval" if what == "rejected" and not event.payload.get("by"):
                return "rejected by itself"
            case "request" if what == "resumed" and event.payload.get("again"):
                return "resumed again"
            case _:
                return what

    def _step(self, what: str, event: Event) -> str:
        payload, step = event.payload, self.steps.get(event.step_id or "")
        taking_back = self.rollback is not None and event.number > self.rollback.number
        match what:
            case "completed" | "cancelled" if step and step.undo == "kept" and taking_back:
                return "stays"
            case "completed" | "rolled_back" if payload.get("by"):
                return "told by its ticket"
            case "failed" | "indeterminate" | "waiting" if payload.get("activity") == Activity.ADOPT:
                return "told by its ticket"
            case "running" if payload.get("activity") == "undo":
                return "running undo"
            case "ready" if payload.get("reason"):
                return "ready again"
            case "waiting" if "retry_at" in payload:
                return "waiting again"
            case "skipped" if payload.get("by"):
                return "skipped by"
            case _:
                return what

    def _ticket(self, what: str, event: Event) -> str:
        about = self.tickets.get(str(event.payload.get("ticket_id")))
        undo = " undo" if about and about.type == "undo" else ""
        machine = about is not None and about.adoption is not None and (event.actor or "").startswith(MACHINES)
        match what:
            case "open" | "claimed" if machine and not event.payload.get("name"):
                return "not adopted"
            case "resolved" if machine:
                return "adopted"
            case "open" if not event.payload.get("name"):
                return "released"
            case "resolved" if self._left_out(event):
                return "told by its step"
            case "retried" if about and self._resumed(event, about):
                return "told by its request"
            case "rejected" if about and self.case.ended_with_request(about):
                return "ended"
            case "resolved" | "rejected":
                return what + undo
            case _:
                return what

    def _left_out(self, event: Event) -> bool:
        """Whether a ticket was resolved by leaving its step out, which the next event tells."""
        return any(one.number == event.number + 1 and one.kind == "step.skipped" for one in self.case.events)

    def _resumed(self, event: Event, about: Ticket) -> bool:
        """Whether a ticket ended by letting its step run again, which the next event of that kind tells."""
        later = [one for one in self.case.events if one.number > event.number and one.kind == "request.resumed"]
        return bool(later) and later[-1].actor == event.actor and about.step_id in later[-1].payload.get("again", ())

    def _names_in(self, event: Event) -> dict[str, str]:
        """What the words may speak of."""
        payload = event.payload
        ticket_id = str(payload.get("ticket_id"))
        about = self.tickets.get(ticket_id)
        because = payload.get("reason") or payload.get("message")
        return {
            "title": self._title(event.step_id or "A step"),
            "who": Markup("<b>{}</b>").format(self._who(event)),
            "why": f": {cause(str(because))}" if because else "",
            "took": self._took(event),
            "ticket": ticket_link(ticket_id),
            "team": str(payload.get("owner_team")),
            "about": about.step_title if about else "it",
            "again": listed([self._title(str(one)) for one in payload.get("again") or ()]),
            "kept": plural(int(payload.get("kept") or 0), "finished step"),
            "group": str(payload.get("group")),
            "asked": _capital(_approver(payload.get("asked"))),
            "whom": _approver(payload.get("asked")),
            "to": _approver(payload.get("to")),
            "votes": f"{payload.get('votes')} of {payload.get('count')}",
        }

    def _title(self, step_id: str) -> str:
        step = self.steps.get(step_id)
        return step.title if step else step_id

    def _took(self, ended: Event) -> str:
        """` in 2 min`: how long the attempt took that ended with an event, if the events go back so far."""
        if ended.kind != "step.completed":
            return ""
        earlier = (
            one.occurred_at
            for one in self.case.events
            if one.number < ended.number and one.step_id == ended.step_id and one.kind == "step.running"
        )
        began = next(earlier, None)
        return in_time(ended.occurred_at - began) if began else ""

    def _who(self, event: Event) -> str:
        return str(event.payload.get("by") or self.names.get(event.actor or "") or event.actor or "Somebody")


def _approver(key: Any) -> str:
    """Whom an approval asks, as people say it."""
    return Approver.of(str(key)).words if key else ""


def _capital(words: str) -> str:
    """Names of teams stay as they are written."""
    return f"The {words.removeprefix('the ')}" if words.startswith("the ") else words


def _names(case: Case) -> dict[str, str]:
    """The names behind the ids that act in this request, as far as its rows tell them."""
    names = {case.viewer.person.user_id: case.viewer.person.name}
    names |= {one.claimed_by_user_id: one.claimed_by for one in case.tickets if one.claimed_by_user_id and one.claimed_by}
    names |= {one.actor: str(one.payload["by"]) for one in case.events if one.actor and one.payload.get("by")}
    names[case.detail.summary.requester_user_id] = case.detail.summary.requester_name
    return names
