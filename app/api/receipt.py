"""The receipt of a request, for whoever has to show later what was ordered and what was done."""

from flask import Blueprint

from app.api.endpoint import endpoint
from app.api.shapes.receipt import Receipt
from app.identity import current_person
from app.identity.guard import api_caller
from app.queries.receipt import receipt
from app.reader import reader

blueprint = Blueprint("receipt", __name__)
TAG = "requests"


@blueprint.get("/requests/<request_id>/receipt")
@api_caller
@endpoint(TAG, Receipt)
def get_request_receipt(request_id: str) -> Receipt:
    """Everything about a request in one document with a digest: masked answers, sources, decisions, steps, outputs."""
    return Receipt(**receipt(reader(), current_person(), request_id))
