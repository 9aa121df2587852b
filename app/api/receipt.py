"""The receipt of a request, for whoever has to show later what was ordered and what was done."""

from flask import Blueprint

from app.api.endpoint import endpoint
from app.api.shapes.receipt import Receipt
from app.extensions import db
from app.identity import current_person
from app.identity.guard import api_caller
from app.queries.receipt import receipt

blueprint = Blueprint("receipt", __name__)
TAG = "requests"


@blueprint.get("/requests/<request_id>/receipt")
@api_caller
@endpoint(TAG, Receipt)
def get_request_receipt(request_id: str) -> Receipt:
    """Everything about a request in one document with a digest: masked answers, sources, decisions, steps, outputs."""
    return Receipt(**receipt(db.session, current_person(), request_id))
