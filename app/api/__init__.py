"""Blueprints of `/api/v1`: schemas, endpoints, problem details."""

from flask import Blueprint, Flask, Response, request

from app import limits
from app.api import (
    approvals,
    batches,
    catalog,
    correlation,
    docs,
    drafts,
    live,
    operations,
    options,
    people,
    problems,
    queue,
    quotas,
    reading,
    receipt,
    requests,
    resource,
    steps,
    tickets,
    uploads,
)
from app.api.draining import drain
from app.api.parts import below_api


def init_app(app: Flask) -> None:
    """Give `app` its API: every call below `/api` is answered in JSON, whatever becomes of it."""
    app.before_request(problems.refuse_unrouted)
    app.after_request(_finish)
    app.register_blueprint(_v1())
    app.register_blueprint(docs.blueprint)
    app.register_blueprint(resource.blueprint)


def _v1() -> Blueprint:
    v1 = Blueprint("v1", __name__, url_prefix="/api/v1")
    problems.install(v1)
    v1.before_request(limits.count_call)
    v1.before_request(reading.refuse_unstorable_names)
    for part in (
        catalog,
        options,
        batches,
        receipt,
        drafts,
        requests,
        live,
        approvals,
        steps,
        tickets,
        queue,
        quotas,
        people,
        uploads,
        operations,
    ):
        v1.register_blueprint(part.blueprint)
    return v1


def _finish(response: Response) -> Response:
    """What every answer below `/api` carries, refusals of unknown paths and of unknown callers too."""
    if not below_api():
        return response
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["X-Content-Type-Options"] = "nosniff"
    if request.method == "OPTIONS" and response.status_code == 200:
        response.status_code = 204  # All that it says is in Allow.
        del response.headers["Content-Type"]
    if response.status_code >= 400:
        drain()
    return limits.say_so(correlation.say_so(response))
