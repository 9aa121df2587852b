"""Many orders sent as one, and what became of them."""

from typing import Any

from flask import Blueprint

from app.api.correlation import caller
from app.api.endpoint import endpoint
from app.api.parts import cursors
from app.api.reading import idempotency_key
from app.api.shapes import batches as shapes
from app.errors import Fault, Invalid
from app.identity import current_person
from app.identity.guard import api_caller
from app.lifecycle.batches import files, sending
from app.queries import batches as queries
from app.reader import reader
from app.transaction import transaction

blueprint = Blueprint("batches", __name__)
TAG = "batches"


@blueprint.post("/requests/batch")
@api_caller
@endpoint(
    TAG,
    shapes.BatchShown,
    status=201,
    query=shapes.BatchQuery,
    body=shapes.BatchOrder,
    takes_key=True,
    takes_csv=True,
    refusals=[404, 409],
)
def create_batch(query: shapes.BatchQuery, body: dict[str, Any] | str) -> shapes.BatchShown:
    """Order many things at once: up to 500 rows, as JSON or as CSV.

    `all_or_nothing` takes every row or, when one has a fault, none, and tells the faults of all. `row_by_row` takes those that
    can be, and the answer says of each row what became of it. A row that is sent again under its key answers its request.
    """
    key = idempotency_key()
    batch = _of_csv(query, body) if isinstance(body, str) else _of_json(query, body)
    with transaction() as unit:
        batch_id = sending.send(unit, caller(), batch, key)
    return _shown(batch_id)


@blueprint.get("/batches")
@api_caller
@endpoint(TAG, shapes.BatchList, query=shapes.BatchesQuery)
def list_batches(query: shapes.BatchesQuery) -> shapes.BatchList:
    """Batches that the caller sent, newest first; administrators see those of everybody."""
    return shapes.BatchList.of(queries.listing(reader(), current_person(), query.limit, query.cursor, cursors()))


@blueprint.get("/batches/<batch_id>")
@api_caller
@endpoint(TAG, shapes.BatchShown)
def get_batch(batch_id: str) -> shapes.BatchShown:
    """One batch: what became of each row, and how its request stands now."""
    return _shown(batch_id)


def _of_json(query: shapes.BatchQuery, body: dict[str, Any]) -> sending.Batch:
    given = [name for name in shapes.BatchQuery.model_fields if getattr(query, name) is not None]
    if given:
        raise Invalid(faults=[Fault((name,), "unknown_field", "goes with a body of CSV only") for name in given])
    return sending.read(body)


def _of_csv(query: shapes.BatchQuery, body: str) -> sending.Batch:
    if query.entry is None:
        raise Invalid(faults=[Fault(("entry",), "required", "must name the bundle or item that the rows order")])
    offer = files.offer_of(reader(), query.entry, query.kind, query.version)
    return files.batch_of(offer, body, query.version, query.mode or "all_or_nothing").batch


def _shown(batch_id: str) -> shapes.BatchShown:
    return shapes.BatchShown.of_detail(queries.found(reader(), current_person(), batch_id))
