"""Requests: order, look ahead, look at what became of it, decide what becomes of it."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response

from app.api import outputs, waiting
from app.api.correlation import caller
from app.api.endpoint import endpoint
from app.api.parts import cursors, settings, streamed
from app.api.reading import CSV, idempotency_key, wants_csv
from app.api.shapes import requests as shapes
from app.api.shapes.decisions import FromStep, Reason
from app.api.shapes.validation import Validation
from app.extensions import db
from app.identity import current_person
from app.identity.guard import api_caller
from app.lifecycle import decide
from app.lifecycle.orders.ahead import look_ahead
from app.lifecycle.orders.looking_up import lookups
from app.lifecycle.orders.preparing import prepare
from app.lifecycle.orders.submit import submit
from app.lifecycle.revealing import Revealed, reveal
from app.queries import live, request_lists
from app.queries import requests as queries
from app.queries.forecast import of_entry
from app.queries.request_export import export
from app.reader import reader
from app.transaction import transaction

blueprint = Blueprint("requests", __name__, url_prefix="/requests")
TAG = "requests"


@blueprint.post("")
@api_caller
@endpoint(TAG, shapes.RequestCreated, status=201, body=shapes.Order, takes_key=True, refusals=[409])
def create_request(body: dict[str, Any]) -> shapes.RequestCreated:
    """Order a bundle or an item.

    Every fault is told at once and nothing is written unless there is none. With an `Idempotency-Key` the same order may be
    sent again: the answer is the request that the first one made.
    """
    key = idempotency_key()
    with transaction() as unit:
        made = submit(unit, caller(), body, key)
    return shapes.RequestCreated.of(made)


@blueprint.post("/validate")
@api_caller
@endpoint(TAG, Validation, body=shapes.Order)
def validate_request(body: dict[str, Any]) -> Validation:
    """See what an order would come to, without ordering: faults, versions, defaults and fixed values, the plan of steps.

    Answers 200 whatever is wrong with the order, once it can be read.
    """
    who = caller()
    prepared = prepare(reader(), who, body)
    offer = prepared.offer
    known = of_entry(reader(), offer.kind, offer.name) if offer else None
    return Validation.of(prepared, look_ahead(prepared, who, body, lookups(reader())), known)


@blueprint.get("")
@api_caller
@endpoint(TAG, shapes.RequestList, query=shapes.RequestsQuery, texts=[CSV])
def list_requests(query: shapes.RequestsQuery) -> shapes.RequestList | Response:
    """Requests that the caller may see, newest first: page by page, or all of them as CSV."""
    zone = ZoneInfo(settings().timezone)
    if query.format == "csv" or (query.format is None and wants_csv()):
        return streamed(export(db.engine, current_person(), query.filters(zone), zone), CSV)
    page = request_lists.listing(reader(), current_person(), query.filters(zone), query.limit, query.cursor, cursors())
    return shapes.RequestList.of(page)


@blueprint.get("/<request_id>")
@api_caller
@endpoint(TAG, shapes.RequestDetail, query=shapes.DetailQuery)
def get_request(request_id: str, query: shapes.DetailQuery) -> shapes.RequestDetail | Response:
    """One request with its steps and outputs. With `wait` it is answered as soon as it changes."""
    if query.wait:
        head = live.head(reader(), current_person(), request_id)
        handed = waiting.until_news(head, head.last if query.after is None else query.after, query.wait)
        if handed is not None:
            return handed
    return _shown(request_id)


@blueprint.get("/<request_id>/outputs")
@api_caller
@endpoint(TAG, shapes.RequestOutputs, query=shapes.OutputsQuery, texts=["text/plain"])
def get_request_outputs(request_id: str, query: shapes.OutputsQuery) -> shapes.RequestOutputs | Response:
    """The outputs so far, of all or of one item; sensitive ones masked unless the team that asked wants them revealed."""
    kept = queries.outputs(reader(), current_person(), request_id)
    clear = _revealed(request_id, query.item) if query.reveal else {}
    return outputs.answer(request_id, kept, query, clear)


@blueprint.get("/<request_id>/events")
@api_caller
@endpoint(TAG, shapes.RequestEventList, query=shapes.EventsQuery)
def list_request_events(request_id: str, query: shapes.EventsQuery) -> shapes.RequestEventList | Response:
    """What happened, numbered without holes, oldest first. With `wait` it is answered as soon as there is something."""
    head = live.head(reader(), current_person(), request_id)
    handed = waiting.until_news(head, query.after, query.wait)
    if handed is not None:
        return handed
    news = live.news(reader(), {head.key: query.after}, query.limit + 1)[head.key]
    return shapes.RequestEventList.of(request_id, news, query)


@blueprint.post("/<request_id>/cancel")
@api_caller
@endpoint(TAG, shapes.RequestDetail, body=Reason, refusals=[409])
def cancel_request(request_id: str, body: Reason) -> shapes.RequestDetail:
    """Stop it: what has not begun never does, what runs is asked to end, and finished steps keep what they made.

    For the team that asked and administrators. One that is being cancelled, or was, stays as it is.
    """
    with transaction() as unit:
        decide.cancel(unit, caller(), request_id, body.reason)
    return _shown(request_id)


@blueprint.post("/<request_id>/retry")
@api_caller
@endpoint(TAG, shapes.RequestDetail, body=FromStep, may_be_empty=True, refusals=[409])
def retry_request(request_id: str, body: FromStep) -> shapes.RequestDetail:
    """Run every failed step again that the caller may: their own team's request, or steps that their team owns.

    With `from_step` that step and everything that stands on it run again, where those of them that are done are declared
    repeatable. Everything else that is done keeps what it made: `kept_steps` says how many, `again_steps` how many run again.
    """
    with transaction() as unit:
        if body.from_step is None:
            decide.retry(unit, caller(), request_id)
        else:
            decide.retry_from(unit, caller(), request_id, body.from_step)
    return _shown(request_id)


@blueprint.post("/<request_id>/resume")
@api_caller
@endpoint(TAG, shapes.RequestDetail, refusals=[409])
def resume_request(request_id: str) -> shapes.RequestDetail:
    """Let a failed or cancelled request go on with what it has not done. For the team that asked and administrators."""
    with transaction() as unit:
        decide.resume(unit, caller(), request_id)
    return _shown(request_id)


@blueprint.post("/<request_id>/rollback")
@api_caller
@endpoint(TAG, shapes.RequestDetail, body=Reason, refusals=[409])
def roll_back_request(request_id: str, body: Reason) -> shapes.RequestDetail:
    """Take back what it made, the newest first; what no machine can take back becomes a ticket.

    For the team that asked and administrators, once it has ended. One that is being rolled back, or was, stays as it is.
    """
    with transaction() as unit:
        decide.rollback(unit, caller(), request_id, body.reason)
    return _shown(request_id)


def _revealed(request_id: str, group: str | None) -> Revealed:
    with transaction() as unit:
        return reveal(unit, caller(), request_id, group=group)


def _shown(request_id: str) -> shapes.RequestDetail:
    person = current_person()
    return shapes.RequestDetail.of(queries.detail(reader(), person, request_id), person)
