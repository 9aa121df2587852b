"""What the words about where a request stands are made of: the panel, and sentences that several of them say. Pure."""

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from app.core.statuses import Activity, RequestStatus
from app.queries.shapes import Step
from app.queries.tickets import Ticket
from app.web.filters import coarse, duration
from app.web.labels import Label, label
from app.web.phrases import are, cause, listed
from app.web.requests.case import Case


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


def by_itself(case: Case, title: str, *rest: str, waits: tuple[tuple[str, str], ...]) -> Standing:
    """Something goes on without people."""
    seen = label(case.detail.summary.status)
    return Standing(seen, seen, title, "Nobody has to do anything.", paragraph(*rest), waits=waits)


def over(case: Case, title: str, *rest: str) -> Standing:
    """Nothing goes on any more."""
    seen = label(case.detail.summary.status)
    return Standing(seen, seen, title, "Nothing more happens here by itself.", paragraph(*rest), waits=took(case))


def kept(case: Case) -> str:
    """What is done already and what still goes on; of a request that is rolled back, what is taken back."""
    if case.detail.summary.status == RequestStatus.ROLLING_BACK:
        return taking_back(case)
    done, going = case.kept, case.going_on
    parts = [are(done, "kept")] if done else []
    parts += [f"{listed(going)} still {'runs' if len(going) == 1 else 'run'}"] if going else []
    return ", ".join(parts) + "." if parts else ""


def taking_back(case: Case) -> str:
    """What is undone now, and what after it."""
    steps = [one for one in case.detail.steps if one.undo == "wanted" and case.ticket_of(one.step_id) is None]
    now = [one.title for one in steps if one.activity == Activity.UNDO]
    later = [one.title for one in steps if one.activity != Activity.UNDO]
    parts = [are(now, "being undone")] if now else []
    parts += [f"{listed(later)} {'follows' if len(later) == 1 else 'follow'}"] if later else []
    return ", ".join(parts) + "." if parts else ""


def who_decided(case: Case, kind: str, did: str) -> str:
    """`Sarah cancelled it: we took another one.` kind: of the event that tells."""
    event = case.event(kind)
    if event is None:
        return ""
    why = f": {cause(str(event.payload['reason']))}" if event.payload.get("reason") else ""
    return f"{event.payload.get('by') or 'The catalog entry'} {did}{why}."


def since_it(case: Case, kind: str) -> tuple[tuple[str, str], ...]:
    """Since when a decision is carried out, as the panel shows it."""
    event = case.event(kind)
    return (("Since", since(case, event.occurred_at)),) if event else ()


def since(case: Case, at: datetime) -> str:
    """`10:36, 5 min`"""
    return f"{case.viewer.when_exactly(at)}, {coarse(case.viewer.now - at)}"


def usually(case: Case) -> tuple[tuple[str, str], ...]:
    """How long those usually take whom the request waits on, where that is known."""
    wait = case.detail.waiting_on
    return (("Usually takes them", coarse(wait.usual)),) if wait and wait.usual is not None else ()


def waits_on(case: Case) -> tuple[tuple[str, str], ...]:
    """Whom the request waits on, since when, and how long they usually take; empty where no person is waited for."""
    wait = case.detail.waiting_on
    return (("Waiting on", wait.who), ("Since", since(case, wait.since)), *usually(case)) if wait else ()


def usual_run(case: Case) -> tuple[tuple[str, str], ...]:
    """How long such a request usually takes, where that is known."""
    found = case.detail.forecast
    return (("Usually", coarse(found.usual)),) if found else ()


def took(case: Case) -> tuple[tuple[str, str], ...]:
    """How long a request took that has ended, and how much of that it waited for people."""
    summary = case.detail.summary
    if summary.completed_at is None:
        return ()
    waited = (("Of that, waiting on people", duration(case.waited)),) if case.tickets else ()
    whole = duration(summary.completed_at - summary.created_at)
    return (("Took", whole), *waited, ("Ended", case.viewer.when_exactly(summary.completed_at)))


def paragraph(*sentences: str | Markup) -> Markup:
    """Sentences one after the other, without the empty ones."""
    return Markup(" ").join(sentence for sentence in sentences if sentence)
