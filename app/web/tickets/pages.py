"""Pages of the manual queue: what waits for people, and one ticket with all that is needed to finish it."""

from collections.abc import Callable
from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.statuses import TicketStatus
from app.errors import Conflict, Invalid
from app.identity import current_person
from app.identity.guard import signed_in
from app.lifecycle import tickets as work
from app.queries import adoption, requests
from app.queries import tickets as queries
from app.queries.paging import DEFAULT_LIMIT
from app.queries.tickets import Ticket
from app.reader import reader
from app.transaction import Unit, transaction
from app.web.filters import sentence
from app.web.parts import caller, cursors
from app.web.phrases import blocks
from app.web.requests.pages import shown_line
from app.web.requests.plans import plan_of
from app.web.requests.reading import case_of, viewer
from app.web.requests.steps_shown import notes
from app.web.tickets import adoption_form
from app.web.tickets import listing as queue_list
from app.web.tickets import shown as ticket_shown
from app.web.tickets.form import answers, blank, posted

blueprint = Blueprint("queue", __name__)

SAME = {one: {one} for one in TicketStatus} | {TicketStatus.RESOLVED: {TicketStatus.RESOLVED, TicketStatus.ADOPTING}}
"""In which states a second click finds a ticket that the first one ended, or handed to a worker."""
SAME_WORDS_WITHIN = timedelta(minutes=1)


@blueprint.get("/queue")
@signed_in
def listing() -> ResponseReturnValue:
    """What waits for the person's teams, the oldest first."""
    person, chosen = current_person(), queue_list.Chosen.read(request.args)
    works = queries.works_tickets(reader(), person)
    try:
        page = queries.queue(reader(), person, chosen.filters, DEFAULT_LIMIT, chosen.cursor, cursors())
    except Invalid:  # a cursor of yesterday, or of another list: begin anew
        return redirect(chosen.href())
    waiting = queries.waiting_for(reader(), person)
    return render_template(
        "tickets/queue.html",
        chosen=chosen,
        works=works,
        waiting=waiting,
        rows=[queue_list.row(one, person) for one in page.items],
        next_page=chosen.href(cursor=page.next_cursor) if page.next_cursor else "",
        tabs=queue_list.tabs(chosen, waiting),
        selects=queue_list.selects(chosen, person),
    )


@blueprint.get("/queue/<ticket_id>")
@signed_in
def show(ticket_id: str) -> ResponseReturnValue:
    """One ticket."""
    return _page(_ticket(ticket_id))


def _ticket(ticket_id: str) -> Ticket:
    return queries.ticket(reader(), current_person(), ticket_id)


def _page(ticket: Ticket, said: ticket_shown.Said | None = None, status: int = 200) -> ResponseReturnValue:
    person, case = current_person(), case_of(ticket.request_id)
    step = requests.step(reader(), person, ticket.request_id, ticket.step_id)
    attempt, lines = requests.log(reader(), person, ticket.request_id, ticket.step_id)
    details = (ticket.error or {}).get("details") or {}
    said = said or ticket_shown.Said()
    outputs = (said.outputs or blank(ticket)) if ticket.open and ticket.workable else None
    adopts = outputs is not None and adoption_form.is_offered(ticket)
    page = render_template(
        "tickets/ticket.html",
        adoption=(said.adoption or adoption_form.drawn(ticket, _known(ticket))) if adopts else None,
        adoption_told=ticket_shown.adoption_told(ticket),
        it=ticket,
        who=case.viewer,
        step=step,
        details=details,
        heading=ticket_shown.heading(ticket),
        look=ticket_shown.look(ticket, case.viewer),
        codes=ticket_shown.codes(ticket, details),
        todo=blocks(ticket.instructions),
        inputs=ticket_shown.inputs(ticket.inputs),
        attempt=attempt,
        lines=[shown_line(one, step) for one in lines],
        comments=queries.comments(reader(), person, ticket.ticket_id),
        earlier=[one for one in case.tickets if one.step_id == ticket.step_id and one.ticket_id != ticket.ticket_id],
        after=ticket_shown.after(case, ticket),
        said=said,
        outputs=outputs,
        about=ticket_shown.about(ticket),
        to_find_out=ticket_shown.to_find_out(ticket),
        ending=ticket_shown.ending(case, ticket),
        ways=ticket_shown.ways(case, ticket, asks=bool(outputs and outputs.fields)),
        notes={one.number: notes(one, with_error=False) for one in step.attempts},
        may_retry=(may_retry := case.may_retry(ticket)),
        plan=plan_of(case, step, ticket.ticket_id) if may_retry and ticket.type != "undo" else None,
        **ticket_shown.text_fields(ticket, said),
    )
    return page, status


def _act(ticket_id: str, act: Callable[[Unit], None], already: TicketStatus | None = None) -> ResponseReturnValue:
    """Do one thing to a ticket and show it. Whoever comes second is told who was faster; a second click of one's own is not.

    already: the status in which a second click of the same person finds the ticket.
    """
    try:
        with transaction() as unit:
            act(unit)
    except Conflict as error:
        ticket = _ticket(ticket_id)
        by = (ticket.adoption or {}).get("by") if ticket.status == TicketStatus.ADOPTING else ticket.resolved_by
        if already is None or ticket.status not in SAME[already] or by != current_person().name:
            return _page(ticket, ticket_shown.Said(notice=sentence(error.message)), 409)
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
    given, adopt = answers(ticket, request.form), adoption_form.posted(request.form)
    if request.form.get("do"):  # one more row, and nothing is decided
        rows = adoption_form.drawn(ticket, _known(ticket), request.form)
        return _page(ticket, ticket_shown.Said(outputs=posted(ticket, request.form, ()), adoption=rows, note=note))
    try:
        return _act(
            ticket_id,
            lambda unit: work.resolve(unit, caller(), ticket_id, given, note.strip() or None, adopt),
            TicketStatus.RESOLVED,
        )
    except Invalid as error:
        rows = adoption_form.refused(request.form, _known(ticket), error.faults)
        outputs = posted(ticket, request.form, error.faults)
        return _page(ticket, ticket_shown.Said(outputs=outputs, adoption=rows, note=note), 422)


def _known(ticket: Ticket) -> list[str]:
    return adoption.known_addresses(reader(), ticket.ticket_id)


@blueprint.post("/queue/<ticket_id>/reject")
@signed_in
def reject(ticket_id: str) -> ResponseReturnValue:
    """End the request, with a reason that the requester reads."""
    ticket, reason = _ticket(ticket_id), _text("reason")
    try:
        return _act(ticket_id, lambda unit: work.reject(unit, caller(), ticket_id, reason), TicketStatus.REJECTED)
    except Invalid as error:
        said = sentence(error.faults[0].message)
        return _page(ticket, ticket_shown.Said(ending="reject", reason=reason, reason_error=said), 422)


@blueprint.post("/queue/<ticket_id>/comments")
@signed_in
def comment(ticket_id: str) -> ResponseReturnValue:
    """Write on a ticket. The same words from the same person within a minute are a second click."""
    ticket, text = _ticket(ticket_id), _text("text")
    who = viewer()
    before = queries.comments(reader(), who.person, ticket_id)
    last = before[-1] if before else None
    if last and (last.author, last.text) == (who.person.name, text) and who.now - last.created_at < SAME_WORDS_WITHIN:
        return _to(ticket_id, "comments")
    try:
        with transaction() as unit:
            work.comment(unit, caller(), ticket_id, text)
    except Invalid as error:
        return _page(
            ticket, ticket_shown.Said(comment=text, comment_error=sentence(f"A comment {error.faults[0].message}")), 422
        )
    return _to(ticket_id, "comments")


def _text(name: str) -> str:
    """A posted text with the line ends of a document; the one character that the database cannot hold is left out."""
    return request.form.get(name, "").replace("\r\n", "\n").replace("\x00", "")
