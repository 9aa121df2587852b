"""What the page of one ticket says: headings, codes, inputs, what follows, and the fields of its small forms. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from app.core.statuses import StepStatus
from app.queries.tickets import Ticket
from app.web.case import Case, Viewer
from app.web.labels import Label, label
from app.web.phrases import cause, listed
from app.web.ticket_form import OutputsForm
from app.web.views_fields import FieldView


@dataclass(frozen=True, slots=True)
class Said:
    """What comes back with a page after a form was refused: a notice, what was typed, and which way of ending was picked."""

    notice: str = ""
    outputs: OutputsForm | None = None
    ending: str = "resolve"
    note: str = ""
    reason: str = ""
    reason_error: str = ""
    comment: str = ""
    comment_error: str = ""


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
            help=f"{ticket.requester_name} reads this. What is done is kept; what has not started is cancelled.",
            value=said.reason,
            errors=_errors(said.reason_error),
            required=True,
        ),
    }


def _errors(said: str) -> tuple[str, ...]:
    return (said,) if said else ()


def heading(ticket: Ticket) -> str:
    """What is the matter, as a heading: the cause with a capital."""
    if ticket.type == "unknown":
        return f"Nobody can tell yet whether {ticket.step_title} took effect"
    if ticket.error:
        why = cause(str(ticket.error.get("message") or ""))
        return why[:1].upper() + why[1:]
    return f"{ticket.step_title} is made by hand"


def look(ticket: Ticket, who: Viewer) -> Label:
    """The panel of what went wrong; once the ticket has ended it is history."""
    if not ticket.open:
        return Label("idle", "event", "")
    if ticket.type == "failure":
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
