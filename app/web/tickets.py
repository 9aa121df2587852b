"""Pages of the manual queue: what waits for people, and one ticket with all that is needed to finish it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Self

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app.core.access import Person
from app.core.statuses import TICKET_OPEN, StepStatus, TicketStatus
from app.errors import Conflict, Invalid
from app.extensions import db
from app.identity import current_person
from app.identity.guard import signed_in
from app.lifecycle import tickets as work
from app.queries import catalog, requests
from app.queries import tickets as queries
from app.queries.paging import DEFAULT_LIMIT
from app.queries.tickets import Ticket
from app.transaction import Unit, transaction
from app.web.case import Case
from app.web.filters import sentence
from app.web.labels import Label, label
from app.web.parts import caller, cursors
from app.web.phrases import blocks, cause, listed
from app.web.reading import case_of, viewer
from app.web.requests import shown_line
from app.web.ticket_form import OutputsForm, answers, blank, posted
from app.web.views_fields import Choice, FieldView

blueprint = Blueprint("queue", __name__)

ENDED = tuple(sorted(frozenset(TicketStatus) - TICKET_OPEN))
STATUSES: Mapping[str, tuple[str, ...]] = {
    "": tuple(sorted(TICKET_OPEN)),
    "open": (TicketStatus.OPEN,),
    "claimed": (TicketStatus.CLAIMED,),
    "ended": ENDED,
}
"""What the address says -> the statuses that are shown; nothing said shows all that waits."""
SAME_WORDS_WITHIN = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the queue shows, as its address says it."""

    status: str
    owner: str
    mine: bool
    cursor: str | None

    @classmethod
    def read(cls, args: Mapping[str, str]) -> Self:
        """The choice in an address; a status that there is not shows all that waits."""
        status = args.get("status", "")
        return cls(
            status if status in STATUSES else "",
            args.get("owner", ""),
            bool(args.get("mine")),
            args.get("cursor"),
        )

    @property
    def filters(self) -> queries.Filters:
        """The same for the query: only what the person's teams own."""
        return queries.Filters(STATUSES[self.status], self.owner or None, mine=self.mine, workable=True)

    @property
    def plain(self) -> bool:
        """Whether nothing is narrowed down."""
        return not (self.status or self.owner or self.mine)

    def href(self, **changes: Any) -> str:
        """The address of the same list with changes, from its beginning unless `cursor` is given."""
        said = {"status": self.status, "owner": self.owner, "mine": "1" if self.mine else "", **changes}
        return url_for("queue.listing", **{key: value for key, value in said.items() if value})


@blueprint.get("/queue")
@signed_in
def listing() -> ResponseReturnValue:
    """What waits for the person's teams, the oldest first."""
    person, chosen = current_person(), Chosen.read(request.args)
    works = queries.works_tickets(db.session, person)
    try:
        page = queries.queue(db.session, person, chosen.filters, DEFAULT_LIMIT, chosen.cursor, cursors())
    except Invalid:  # a cursor of yesterday, or of another list: begin anew
        return redirect(chosen.href())
    waiting = queries.waiting_for(db.session, person)
    return render_template(
        "tickets/queue.html",
        chosen=chosen,
        works=works,
        waiting=waiting,
        rows=[_row(one, person) for one in page.items],
        next_page=chosen.href(cursor=page.next_cursor) if page.next_cursor else "",
        tabs=_tabs(chosen, waiting),
        selects=_selects(chosen, person),
    )


def _row(ticket: Ticket, person: Person) -> dict[str, Any]:
    about = (ticket.error or {}).get("details") or {}
    why = about.get("error_code") or (cause(str(ticket.error["message"])) if ticket.error else "Manual task")
    return {"it": ticket, "why": why, "mine": ticket.claimed_by_user_id == person.user_id}


def _tabs(chosen: Chosen, waiting: int) -> list[dict[str, Any]]:
    def tab(words: str, status: str, *, mine: bool = False, count: int | None = None) -> dict[str, Any]:
        here = (chosen.status, chosen.mine) == (status, mine)
        return {"words": words, "href": chosen.href(status=status, mine="1" if mine else ""), "here": here, "count": count}

    return [
        tab("Open", "", count=waiting),
        tab("Unclaimed", "open"),
        tab("Mine", "", mine=True),
        tab("Ended", "ended"),
    ]


def _selects(chosen: Chosen, person: Person) -> list[FieldView]:
    """Which team: offered where there are several. Administrators work the tickets of all that own something."""
    teams = {one.value for one in catalog.owner_facets(db.session, catalog.Filters())} if person.is_admin else person.teams
    if len(teams) < 2:
        return []
    choices = [Choice("", "All my teams" if not person.is_admin else "All teams"), *(Choice(one, one) for one in sorted(teams))]
    return [FieldView("owner", "filter-owner", "Team", "select", value=chosen.owner, choices=choices)]


@blueprint.get("/queue/<ticket_id>")
@signed_in
def show(ticket_id: str) -> ResponseReturnValue:
    """One ticket."""
    return _page(_ticket(ticket_id))


def _ticket(ticket_id: str) -> Ticket:
    return queries.ticket(db.session, current_person(), ticket_id)


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


def _page(ticket: Ticket, said: Said | None = None, status: int = 200) -> ResponseReturnValue:
    person, case = current_person(), case_of(ticket.request_id)
    step = requests.step(db.session, person, ticket.request_id, ticket.step_id)
    attempt, lines = requests.log(db.session, person, ticket.request_id, ticket.step_id)
    details = (ticket.error or {}).get("details") or {}
    said = said or Said()
    page = render_template(
        "tickets/ticket.html",
        it=ticket,
        who=viewer(),
        step=step,
        details=details,
        heading=_heading(ticket),
        look=_look(ticket),
        codes=_codes(ticket, details),
        todo=blocks(ticket.instructions),
        inputs=_inputs(ticket.inputs),
        attempt=attempt,
        lines=[shown_line(one, step) for one in lines],
        comments=queries.comments(db.session, person, ticket.ticket_id),
        earlier=[one for one in case.tickets if one.step_id == ticket.step_id and one.ticket_id != ticket.ticket_id],
        after=_after(case, ticket),
        said=said,
        outputs=said.outputs or blank(ticket) if ticket.open and ticket.workable else None,
        may_retry=case.may_retry(ticket),
        **_text_fields(ticket, said),
    )
    return page, status


def _text_fields(ticket: Ticket, said: Said) -> dict[str, FieldView]:
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


def _heading(ticket: Ticket) -> str:
    if ticket.type == "unknown":
        return f"Nobody can tell yet whether {ticket.step_title} took effect"
    if ticket.error:
        why = cause(str(ticket.error.get("message") or ""))
        return why[:1].upper() + why[1:]
    return f"{ticket.step_title} is made by hand"


def _look(ticket: Ticket) -> Label:
    """The panel of what went wrong; once the ticket has ended it is history."""
    if not ticket.open:
        return Label("idle", "event", "")
    if ticket.type == "failure":
        return label("failed")
    yours = viewer().moves(ticket)
    return Label("yours" if yours else "person", "unknown" if ticket.type == "unknown" else "yours" if yours else "person", "")


def _codes(ticket: Ticket, details: Mapping[str, Any]) -> list[tuple[str, Markup]]:
    """What names the failure for those who look it up."""
    kind = (ticket.error or {}).get("type")
    pairs = [
        ("Step", ticket.step_name),
        ("Resource", details.get("resource")),
        ("Code", details.get("error_code")),
        ("Kind", kind),
    ]
    return [(term, Markup('<span class="mono">{}</span>').format(value)) for term, value in pairs if value]


def _inputs(inputs: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The rendered template as names and values: the variables of a module or the inputs of a workflow first."""
    values = [pair for key in ("variables", "inputs") if isinstance(inputs.get(key), Mapping) for pair in inputs[key].items()]
    return values + [
        (key, value) for key, value in inputs.items() if not isinstance(value, Mapping) or key not in ("variables", "inputs")
    ]


def _after(case: Case, ticket: Ticket) -> str:
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


def _act(ticket_id: str, act: Callable[[Unit], None], already: TicketStatus | None = None) -> ResponseReturnValue:
    """Do one thing to a ticket and show it. Whoever comes second is told who was faster; a second click of one's own is not.

    already: the status in which a second click of the same person finds the ticket.
    """
    try:
        with transaction() as unit:
            act(unit)
    except Conflict as error:
        ticket = _ticket(ticket_id)
        if already is None or (ticket.status, ticket.resolved_by) != (already, current_person().name):
            return _page(ticket, Said(notice=sentence(error.message)), 409)
    return _to(ticket_id)


def _to(ticket_id: str, anchor: str | None = None) -> ResponseReturnValue:
    return redirect(url_for("queue.show", ticket_id=ticket_id, _anchor=anchor), 303)


@blueprint.post("/queue/<ticket_id>/claim")
@signed_in
def claim(ticket_id: str) -> ResponseReturnValue:
    """Take a ticket."""
    return _act(ticket_id, lambda unit: work.claim(unit, caller(), ticket_id))


@blueprint.post("/queue/<ticket_id>/release")
@signed_in
def release(ticket_id: str) -> ResponseReturnValue:
    """Give a ticket back to the queue."""
    return _act(ticket_id, lambda unit: work.release(unit, caller(), ticket_id))


@blueprint.post("/queue/<ticket_id>/retry")
@signed_in
def retry(ticket_id: str) -> ResponseReturnValue:
    """Let the automation try again."""
    return _act(ticket_id, lambda unit: work.retry(unit, caller(), ticket_id), TicketStatus.RETRIED)


@blueprint.post("/queue/<ticket_id>/resolve")
@signed_in
def resolve(ticket_id: str) -> ResponseReturnValue:
    """Finish the step with the outputs that were typed; what is wrong with them stands beside the fields."""
    ticket, note = _ticket(ticket_id), _text("note")
    given = answers(ticket, request.form)
    try:
        return _act(
            ticket_id,
            lambda unit: work.resolve(unit, caller(), ticket_id, given, note.strip() or None),
            TicketStatus.RESOLVED,
        )
    except Invalid as error:
        return _page(ticket, Said(outputs=posted(ticket, request.form, error.faults), note=note), 422)


@blueprint.post("/queue/<ticket_id>/reject")
@signed_in
def reject(ticket_id: str) -> ResponseReturnValue:
    """End the request, with a reason that the requester reads."""
    ticket, reason = _ticket(ticket_id), _text("reason")
    try:
        return _act(ticket_id, lambda unit: work.reject(unit, caller(), ticket_id, reason), TicketStatus.REJECTED)
    except Invalid as error:
        said = sentence(error.faults[0].message)
        return _page(ticket, Said(ending="reject", reason=reason, reason_error=said), 422)


@blueprint.post("/queue/<ticket_id>/comments")
@signed_in
def comment(ticket_id: str) -> ResponseReturnValue:
    """Write on a ticket. The same words from the same person within a minute are a second click."""
    ticket, text = _ticket(ticket_id), _text("text")
    who = viewer()
    before = queries.comments(db.session, who.person, ticket_id)
    last = before[-1] if before else None
    if last and (last.author, last.text) == (who.person.name, text) and who.now - last.created_at < SAME_WORDS_WITHIN:
        return _to(ticket_id, "comments")
    try:
        with transaction() as unit:
            work.comment(unit, caller(), ticket_id, text)
    except Invalid as error:
        return _page(ticket, Said(comment=text, comment_error=sentence(f"A comment {error.faults[0].message}")), 422)
    return _to(ticket_id, "comments")


def _text(name: str) -> str:
    """A posted text with the line ends of a document; the one character that the database cannot hold is left out."""
    return request.form.get(name, "").replace("\r\n", "\n").replace("\x00", "")
