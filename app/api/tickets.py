"""The manual queue: what waits for people, and the ways in which they end it."""

from flask import Blueprint, Response

from app.api.correlation import caller
from app.api.endpoint import endpoint
from app.api.once import once
from app.api.parts import cursors
from app.api.shapes import tickets as shapes
from app.identity import current_person
from app.identity.guard import api_caller
from app.lifecycle import tickets
from app.queries import tickets as queries
from app.reader import reader
from app.transaction import Unit, transaction

blueprint = Blueprint("tickets", __name__, url_prefix="/tickets")
TAG = "manual work"


@blueprint.get("")
@api_caller
@endpoint(TAG, shapes.TicketList, query=shapes.TicketsQuery)
def list_tickets(query: shapes.TicketsQuery) -> shapes.TicketList:
    """Tickets of requests that the caller may see, oldest first."""
    return shapes.TicketList.of(queries.queue(reader(), current_person(), query.filters, query.limit, query.cursor, cursors()))


@blueprint.get("/<ticket_id>")
@api_caller
@endpoint(TAG, shapes.Ticket)
def get_ticket(ticket_id: str) -> shapes.Ticket:
    """One ticket with all that is needed to finish its step."""
    return _shown(ticket_id)


@blueprint.post("/<ticket_id>/claim")
@api_caller
@endpoint(TAG, shapes.Ticket, refusals=[409])
def claim_ticket(ticket_id: str) -> shapes.Ticket:
    """Take a ticket, so that others see who is at it. Taking one's own again changes nothing."""
    with transaction() as unit:
        tickets.claim(unit, caller(), ticket_id)
    return _shown(ticket_id)


@blueprint.post("/<ticket_id>/release")
@api_caller
@endpoint(TAG, shapes.Ticket, refusals=[409])
def release_ticket(ticket_id: str) -> shapes.Ticket:
    """Give a ticket back to the queue."""
    with transaction() as unit:
        tickets.release(unit, caller(), ticket_id)
    return _shown(ticket_id)


@blueprint.get("/<ticket_id>/comments")
@api_caller
@endpoint(TAG, shapes.CommentList)
def list_ticket_comments(ticket_id: str) -> shapes.CommentList:
    """What was written on a ticket, oldest first."""
    return shapes.CommentList.of(ticket_id, queries.comments(reader(), current_person(), ticket_id))


@blueprint.post("/<ticket_id>/comments")
@api_caller
@endpoint(TAG, shapes.Comment, status=201, body=shapes.CommentText, takes_key=True, refusals=[409])
def create_ticket_comment(ticket_id: str, body: shapes.CommentText) -> shapes.Comment | Response:
    """Write on a ticket; whoever sees its request may."""

    def write(unit: Unit) -> shapes.Comment:
        tickets.comment(unit, caller(), ticket_id, body.text)
        # Read before the commit: until then the request's lock keeps anybody else from writing a later one.
        return shapes.Comment.of(queries.comments(reader(), current_person(), ticket_id)[-1])

    return once(write)


@blueprint.post("/<ticket_id>/resolve")
@api_caller
@endpoint(TAG, shapes.Ticket, body=shapes.Resolution, refusals=[409])
def resolve_ticket(ticket_id: str, body: shapes.Resolution) -> shapes.Ticket:
    """Complete the ticket's step with outputs that were made by hand; the request goes on with them.

    With `adopt` the ticket is `adopting` until a worker has imported what is named into Terraform's state. What cannot be
    imported, or would be destroyed or replaced, is said in `adoption.error` of the same ticket, which is open again then.
    """
    adopt = [one.model_dump() for one in body.adopt]
    with transaction() as unit:
        tickets.resolve(unit, caller(), ticket_id, body.outputs, body.comment, adopt)
    return _shown(ticket_id)


@blueprint.post("/<ticket_id>/retry-automation")
@api_caller
@endpoint(TAG, shapes.Ticket, refusals=[409])
def retry_ticket_automation(ticket_id: str) -> shapes.Ticket:
    """Let the automation run again instead. A new failure opens a new ticket."""
    with transaction() as unit:
        tickets.retry(unit, caller(), ticket_id)
    return _shown(ticket_id)


@blueprint.post("/<ticket_id>/reject")
@api_caller
@endpoint(TAG, shapes.Ticket, body=shapes.Rejection, refusals=[409])
def reject_ticket(ticket_id: str, body: shapes.Rejection) -> shapes.Ticket:
    """Say that it cannot be done: the request fails, and what has not started is cancelled."""
    with transaction() as unit:
        tickets.reject(unit, caller(), ticket_id, body.reason)
    return _shown(ticket_id)


def _shown(ticket_id: str) -> shapes.Ticket:
    return shapes.Ticket.of(queries.ticket(reader(), current_person(), ticket_id))
