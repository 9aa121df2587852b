"""What happened to a request, newest first: its numbered events as sentences. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from markupsafe import Markup

from app.queries.shapes import Event
from app.web.case import Case, ticket_link
from app.web.filters import sentence
from app.web.phrases import cause, in_time, listed

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


class _Teller:
    """Finds words for events: who is behind an actor's id, how long a step took."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.titles: Mapping[str, str] = {step.step_id: step.title for step in case.detail.steps}
        self.names = _names(case)

    def tell(self, event: Event) -> _Told | None:
        """The words for one event, None where it is no news."""
        family, _, what = event.kind.partition(".")
        match family:
            case "step":
                return self._step(event, what)
            case "ticket":
                return self._ticket(event, what)
            case "request":
                return self._request(event, what)
            case "outputs":
                return self._outputs(event, what)
            case _:
                return _Told("idle", "event", Markup("{}").format(sentence(event.kind.replace(".", " "))))

    def _step(self, event: Event, what: str) -> _Told | None:
        title = self.titles.get(event.step_id or "", event.step_id or "A step")
        match what:
            case "running":
                return _Told("idle", "event", Markup("{} started").format(title), starts=title)
            case "completed":
                return self._completed(event, title)
            case "failed":
                message = event.payload.get("message")
                words = (
                    Markup("{} failed: {}").format(title, cause(str(message))) if message else Markup("{} failed").format(title)
                )
                return _Told("failed", "failed", words)
            case "waiting":
                return _waiting(event, title)
            case "indeterminate":
                return _Told("failed", "unknown", Markup("Nobody can tell whether {} took effect").format(title))
            case "skipped":
                return _Told("idle", "skipped", Markup("{} was not needed").format(title))
            case "cancelled":
                return _Told("idle", "cancelled", Markup("{} was cancelled").format(title))
            case _:
                return None

    def _completed(self, event: Event, title: str) -> _Told | None:
        if event.payload.get("by"):
            return None  # the ticket's own line says it
        began = self._began(event)
        took = in_time(event.occurred_at - began) if began else ""
        return _Told("done", "done", Markup("{} done{}").format(title, took))

    def _began(self, ended: Event) -> datetime | None:
        """When the attempt that ended with an event began, if the events go back so far."""
        earlier = (
            one.occurred_at
            for one in self.case.events
            if one.number < ended.number and one.step_id == ended.step_id and one.kind == "step.running"
        )
        return next(earlier, None)

    def _ticket(self, event: Event, what: str) -> _Told | None:
        ticket_id = str(event.payload.get("ticket_id"))
        link, who = ticket_link(ticket_id), Markup("<b>{}</b>").format(self._who(event))
        match what:
            case "open" if event.payload.get("name"):
                words = Markup("Ticket {} opened for {}").format(link, str(event.payload.get("owner_team")))
                return _Told("person", "person", words)
            case "open":
                return _Told("person", "person", Markup("{} gave {} back to the queue").format(who, link))
            case "claimed":
                return _Told("person", "person", Markup("{} took {}").format(who, link))
            case "resolved":
                return _Told("done", "person-done", Markup("{} resolved {}").format(who, link))
            case "retried":
                return _Told("person", "undone", Markup("{} let the automation try again ({})").format(who, link))
            case "rejected":
                return _Told("failed", "rejected", Markup("{} said that {} cannot be done").format(who, link))
            case "comment":
                return _Told("idle", "event", Markup("{} wrote on {}").format(who, link))
            case _:
                return None

    def _request(self, event: Event, what: str) -> _Told | None:
        match what:
            case "submitted":
                return _Told("idle", "event", Markup("<b>{}</b> sent the request").format(self._who(event)))
            case "completed":
                return _Told("done", "done", Markup("Request done"))
            case "failed":
                return _Told("failed", "failed", Markup("Request failed"))
            case _:
                return None

    def _outputs(self, event: Event, what: str) -> _Told | None:
        if what != "failed":
            return None
        words = Markup("Outputs of {} could not be made: {}").format(
            str(event.payload.get("group")), cause(str(event.payload.get("message") or ""))
        )
        return _Told("failed", "failed", words)

    def _who(self, event: Event) -> str:
        return str(event.payload.get("by") or self.names.get(event.actor or "") or event.actor or "Somebody")


def _waiting(event: Event, title: str) -> _Told | None:
    """A wait is no news of its own, but that an attempt failed is."""
    if "retry_at" not in event.payload:
        return None
    return _Told("failed", "failed", Markup("An attempt of {} failed, it is tried again").format(title))


def _names(case: Case) -> dict[str, str]:
    """The names behind the ids that act in this request, as far as its rows tell them."""
    names = {case.viewer.person.user_id: case.viewer.person.name}
    names |= {one.claimed_by_user_id: one.claimed_by for one in case.tickets if one.claimed_by_user_id and one.claimed_by}
    names |= {one.actor: str(one.payload["by"]) for one in case.events if one.actor and one.payload.get("by")}
    names[case.detail.summary.requester_user_id] = case.detail.summary.requester_name
    return names
