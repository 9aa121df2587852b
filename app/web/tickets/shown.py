"""What the page of one ticket says: headings, codes, inputs, what follows, and the fields of its small forms. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from app.core.statuses import RequestStatus, StepStatus, TicketStatus
from app.queries.tickets import Ticket
from app.web.filters import plain, shown, words
from app.web.labels import Label, label
from app.web.phrases import cause, listed, to_check, whose
from app.web.requests.case import Case, Viewer
from app.web.tickets.adoption_form import AdoptionForm
from app.web.tickets.form import OutputsForm
from app.web.views_fields import FieldView


@dataclass(frozen=True, slots=True)
class Said:
    """What comes back with a page after a form was refused: a notice, what was typed, and which way of ending was picked."""

    notice: str = ""
    outputs: OutputsForm | None = None
    adoption: AdoptionForm | None = None
    ending: str = "resolve"
    note: str = ""
    reason: str = ""
    reason_error: str = ""
    comment: str = ""
    comment_error: str = ""


REASON_HELP: Mapping[str, str] = {
    "failure": "{} reads this. What is done is kept; what has not started is cancelled.",
    "undo": "{} reads this. What the step had made stays as it is.",
}


def text_fields(ticket: Ticket, said: Said) -> dict[str, FieldView]:
    """The fields of the three forms that are no output."""
    everybody = f"{ticket.requester_name} and the team"
    return {
        "comment_field": FieldView(
            "text",
            "comment",
            f"Write to {everybody}",
            "textarea",
            value=said.comment,
            errors=_errors(said.comment_error),
            required=True,
            rows=2,
        ),
        "note_field": FieldView("note", "note", f"Note for {ticket.requester_name}", "textarea", value=said.note, rows=2),
        "reason_field": FieldView(
            "reason",
            "reason",
            "Reason",
            "textarea",
            help=REASON_HELP.get(ticket.type, REASON_HELP["failure"]).format(ticket.requester_name),
            value=said.reason,
            errors=_errors(said.reason_error),
            required=True,
        ),
    }


def _errors(said: str) -> tuple[str, ...]:
    return (said,) if said else ()


def heading(ticket: Ticket) -> str:
    """What is the matter, as a heading: the cause with a capital."""
    why = cause(str(ticket.error.get("message") or "")) if ticket.error else ""
    if ticket.type == "unknown":
        return f"Nobody can tell yet whether {ticket.step_title} took effect"
    if ticket.type == "undo":
        return f"{ticket.step_title} could not be undone: {why}" if why else f"{ticket.step_title} is to be undone by hand"
    return why[:1].upper() + why[1:] if why else f"{ticket.step_title} is made by hand"


def about(ticket: Ticket) -> str:
    """What there is to say below the heading."""
    if ticket.error:
        return plain(str(ticket.error.get("message") or ""))
    if ticket.type == "undo":
        return "The request is rolled back, and no machine can take this step back."
    return f"No automation does this step: it is {whose('a person')} work by design."


def to_find_out(ticket: Ticket) -> list[tuple[str, str]]:
    """What a person checks who is to say whether a step took effect: at what to look, then what is known. Else nothing."""
    evidence = (ticket.error or {}).get("details") or {}
    if ticket.type != "unknown":
        return []
    look_at = ("Check", f"{to_check(ticket.step_type, evidence)}.")
    return [look_at, *((words(key), shown(value)) for key, value in evidence.items() if value not in (None, "", {}))]


def ending(case: Case, ticket: Ticket) -> str:
    """How it ended, as a heading."""
    title, undo = ticket.step_title, ticket.type == "undo"
    if case.ended_with_request(ticket):
        return f"{ticket.request_title} was ended, and with it this ticket"
    step = case.step(ticket.step_id)
    if (ticket.resolution or {}).get("adopted"):
        return f"{title} was made by hand, and Terraform has taken it over"
    if ticket.status == TicketStatus.RESOLVED and step is not None and case.left_out_by(step):
        return f"{title} was left out"
    return {
        TicketStatus.RESOLVED: f"{title} was undone by hand" if undo else f"{title} was finished by hand",
        TicketStatus.RETRIED: "The automation was tried again",
        TicketStatus.REJECTED: f"{title} stays" if undo else f"{title} cannot be done",
    }.get(TicketStatus(ticket.status), ticket.title)


def adoption_told(ticket: Ticket) -> tuple[str, str]:
    """Why what a person made was not taken over, with its title; or what is left for the next run. Else nothing."""
    if ticket.open and ticket.adoption and (error := ticket.adoption.get("error")):
        return "Terraform could not take it over", plain(str(error["message"]))
    pending = (ticket.resolution or {}).get("pending") or ()
    if pending:
        return "Taken over; this is left for the next run of Terraform", "; ".join(
            f"{one['action']} {one['resource']}" for one in pending
        )
    return "", ""


@dataclass(frozen=True, slots=True)
class Way:
    """One way in which a ticket ends: what a person says by it, what follows, and the words of its button."""

    title: str
    help: str
    button: str


def ways(case: Case, ticket: Ticket, *, asks: bool) -> dict[str, Way]:
    """The ways in which the ticket can end: `resolve`, `retry`, `reject`. asks: whether outputs are entered."""
    enter = "Enter the outputs that the next steps need." if asks else "Nothing needs to be entered."
    told = ticket.requester_name
    if ticket.type == "undo":
        return {
            "resolve": Way(
                "It is gone", "What the step had made is removed. Nothing needs to be entered.", "Resolve and go on"
            ),
            "retry": Way("I removed the cause", "Let the automation undo it again.", "Retry the undo"),
            "reject": Way("It stays", f"The request ends as not rolled back whole, and {told} reads why.", "Let it stay"),
        }
    cancelling = case.detail.summary.status == RequestStatus.CANCELLING
    if ticket.type == "unknown":
        no = Way("It did not take effect", f"The request ends as cancelled, and {told} reads this.", "Say that it did not")
        end = Way("It cannot be done", f"End the request and tell {told} why.", "Reject and end the request")
        return {
            "resolve": Way("It took effect", enter, "Resolve and go on"),
            "retry": Way("It did not take effect", "Run the automation again.", "Retry automation"),
            "reject": no if cancelling else end,
        }
    return {
        "resolve": Way("I did it by hand", enter, "Resolve and go on"),
        "retry": Way("I removed the cause", "Run the automation again.", "Retry automation"),
        "reject": Way("It cannot be done", f"End the request and tell {told} why.", "Reject and end the request"),
    }


def look(ticket: Ticket, who: Viewer) -> Label:
    """The panel of what went wrong; once the ticket has ended it is history."""
    if not ticket.open:
        return Label("idle", "event", "")
    if ticket.type == "failure" or (ticket.type == "undo" and ticket.error):
        return label("failed")
    yours = who.moves(ticket)
    return Label("yours" if yours else "person", "unknown" if ticket.type == "unknown" else "yours" if yours else "person", "")


def codes(ticket: Ticket, details: Mapping[str, Any]) -> list[tuple[str, Markup]]:
    """What names the failure for those who look it up."""
    kind = (ticket.error or {}).get("type")
    pairs = [
        ("Step", ticket.step_name),
        ("Resource", details.get("resource")),
        ("Code", details.get("error_code")),
        ("Kind", kind),
    ]
    return [(term, Markup('<span class="mono">{}</span>').format(value)) for term, value in pairs if value]


def inputs(rendered: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The rendered template as names and values: the variables of a module or the inputs of a workflow first."""
    inner = [key for key in ("variables", "inputs") if isinstance(rendered.get(key), Mapping)]
    first = [pair for key in inner for pair in rendered[key].items()]
    return first + [(key, value) for key, value in rendered.items() if key not in inner]


def after(case: Case, ticket: Ticket) -> str:
    """What resolving leads to: `Connections runs next. EKS app and Redis are kept.`"""
    if case.winds_down:
        return "The request goes on being rolled back." if ticket.type == "undo" else "The request ends as cancelled."
    open_steps = {one.step_id for one in case.detail.steps if one.status not in (StepStatus.COMPLETED, StepStatus.SKIPPED)}
    next_steps = [
        one.title
        for one in case.detail.steps
        if one.status == StepStatus.PENDING and open_steps.intersection(one.depends_on) == {ticket.step_id}
    ]
    kept = case.kept
    return " ".join(
        [
            f"{listed(next_steps)} {'runs' if len(next_steps) == 1 else 'run'} next." if next_steps else "",
            f"{listed(kept)} {'is' if len(kept) == 1 else 'are'} kept." if kept else "",
        ]
    ).strip()
