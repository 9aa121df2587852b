"""How deep and how old the engine's queue is, for those who keep it going."""

from flask import Blueprint

from app.api.endpoint import endpoint
from app.api.shapes import queue as shapes
from app.identity import current_person
from app.identity.guard import api_caller
from app.queries import queue
from app.reader import reader

blueprint = Blueprint("queue", __name__)
TAG = "operations"


@blueprint.get("/queue")
@api_caller
@endpoint(TAG, shapes.Load, refusals=[403])
def get_queue() -> shapes.Load:
    """How many steps wait for a worker and since when, how busy the workers are, and what waits for its time or for people.

    For members of platform teams and administrators.
    """
    return shapes.Load.of(queue.load(reader(), current_person()))
