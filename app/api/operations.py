"""For those who run the portal and those who write for it: health, and the JSON Schemas of catalog documents."""

from flask import Blueprint

from app.api.endpoint import endpoint
from app.api.parts import settings
from app.api.problems import NotReady
from app.api.shapes import operations as shapes
from app.catalog.json_schema import MODELS
from app.errors import NotFound
from app.extensions import db
from app.identity.guard import api_caller, public
from app.ops import health
from config import HERE

blueprint = Blueprint("operations", __name__)
TAG = "operations"


@blueprint.get("/health/live")
@public
@endpoint(TAG, shapes.Alive)
def get_liveness() -> shapes.Alive:
    """The process answers. Says nothing of what it needs."""
    return shapes.Alive(status="alive")


@blueprint.get("/health/ready")
@public
@endpoint(TAG, shapes.Ready, refusals=[503])
def get_readiness() -> shapes.Ready:
    """Orders can be taken and built: migrated, catalog synced, workers alive, and what `READINESS_URLS` names answers.

    Answers 503 with the parts otherwise.
    """
    return _ready()


@blueprint.get("/health")
@public
@endpoint(TAG, shapes.Ready, refusals=[503])
def get_health() -> shapes.Ready:
    """The same as `/health/ready`."""
    return _ready()


@blueprint.get("/schemas/<kind>")
@api_caller
@endpoint(TAG, shapes.JsonSchema, revalidates=True)
def get_schema(kind: str) -> shapes.JsonSchema:
    """The JSON Schema of one kind of catalog document, for editors: `item`, `bundle` or `quotas`."""
    if kind not in MODELS:
        raise NotFound(f"There is no kind {kind}; there is {', '.join(MODELS)}.")
    return shapes.JsonSchema(MODELS[kind].model_json_schema())


def _ready() -> shapes.Ready:
    """Raises NotReady with the parts when one of them is not well."""
    wanted = settings()
    parts = health.ready(db.engine, HERE / "migrations" / "versions", wanted.readiness_urls, wanted.ready_workers)
    if any(part.problem for part in parts):
        raise NotReady(parts)
    return shapes.Ready.of(parts)
