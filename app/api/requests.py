"""Requests: order, look ahead, look at what became of it."""

from typing import Any

from flask import Blueprint

from app.api.correlation import caller
from app.api.endpoint import endpoint
from app.api.parts import cursors
from app.api.reading import idempotency_key
from app.api.shapes import requests as shapes
from app.extensions import db
from app.identity import current_person
from app.identity.guard import api_caller
from app.lifecycle.submit import prepare, submit
from app.queries import requests as queries
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
@endpoint(TAG, shapes.Validation, body=shapes.Order)
def validate_request(body: dict[str, Any]) -> shapes.Validation:
    """See what an order would come to, without ordering: faults, versions, defaults and fixed values, the plan of steps.

    Answers 200 whatever is wrong with the order, once it can be read.
    """
    return shapes.Validation.of(prepare(db.session.connection(), caller(), body))


@blueprint.get("")
@api_caller
@endpoint(TAG, shapes.RequestList, query=shapes.RequestsQuery)
def list_requests(query: shapes.RequestsQuery) -> shapes.RequestList:
    """Requests that the caller may see, newest first."""
    page = queries.listing(db.session, current_person(), query.filters, query.limit, query.cursor, cursors())
    return shapes.RequestList.of(page)


@blueprint.get("/<request_id>")
@api_caller
@endpoint(TAG, shapes.RequestDetail)
def get_request(request_id: str) -> shapes.RequestDetail:
    """One request with its steps and outputs."""
    return shapes.RequestDetail.of(queries.detail(db.session, current_person(), request_id))


@blueprint.get("/<request_id>/outputs")
@api_caller
@endpoint(TAG, shapes.RequestOutputs)
def get_request_outputs(request_id: str) -> shapes.RequestOutputs:
    """The outputs so far, sensitive ones masked."""
    outputs = queries.outputs(db.session, current_person(), request_id)
    return shapes.RequestOutputs(request_id=request_id, outputs=dict(outputs))


@blueprint.get("/<request_id>/events")
@api_caller
@endpoint(TAG, shapes.RequestEventList, query=shapes.EventsQuery)
def list_request_events(request_id: str, query: shapes.EventsQuery) -> shapes.RequestEventList:
    """What happened, numbered without holes, oldest first."""
    found = queries.events(db.session, current_person(), request_id, query.after, query.limit + 1)
    return shapes.RequestEventList.of(request_id, found, query)
