"""Every error of the API as problem details (RFC 9457), made in this one place.

What a client may read is a StratusError's own sentence, or the sentence of its kind. Anything else that is raised becomes
`internal_error` and tells nothing; it is in the log with the call's id.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from flask import Blueprint, Response, request
from pydantic_core import to_json
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, NotFound, default_exceptions
from werkzeug.routing import RequestRedirect

from app.api.correlation import request_id
from app.api.parts import below_api
from app.errors import SignInNeeded, StratusError, Unavailable
from app.ops.health import Part

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
PAGE = "/api/problems"


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem. title: a sentence that is true of every problem of its kind."""

    status: int
    title: str


KINDS: Mapping[str, Kind] = {
    "malformed": Kind(400, "The body or the request line cannot be read."),
    "unauthenticated": Kind(401, "The call carries no access token."),
    "invalid_token": Kind(401, "The access token is unknown, revoked, expired, or not for this API."),
    "token_suspended": Kind(401, "The sign-in provider has not confirmed the teams of the token's holder lately."),
    "forbidden": Kind(403, "The caller may see this, but not do it."),
    "insufficient_scope": Kind(403, "The access token was made for less than this."),
    "sign_in_refused": Kind(403, "The sign-in provider does not say who the token's holder is."),
    "not_found": Kind(404, "There is nothing here, or nothing that the caller may see."),
    "method_not_allowed": Kind(405, "This address does not take that method; the header Allow names those it takes."),
    "conflict": Kind(409, "The call does not go with how things stand now."),
    "idempotency_key_reused": Kind(409, "The Idempotency-Key was used for another call."),
    "changed": Kind(409, "The order was changed since the caller looked at it; look again, then decide."),
    "newer_draft": Kind(409, "It was saved meanwhile; read it again, and send the change with its new revision."),
    "shown_once": Kind(409, "The call was made before, and its answer held a secret that is shown once."),
    "precondition_failed": Kind(
        412, "It is not as the header If-Match says; read it again, and send the change with its ETag."
    ),
    "too_many": Kind(409, "There are as many as one person may have."),
    "too_large": Kind(413, "The body is larger than this server takes."),
    "unsupported_media_type": Kind(415, "The body is not sent as application/json."),
    "invalid": Kind(422, "Some values cannot be accepted; `errors` names each of them."),
    "rate_limited": Kind(429, "The caller has made more calls than are allowed in a minute."),
    "internal_error": Kind(500, "Something went wrong here. It is in the log under the call's request_id."),
    "unavailable": Kind(503, "A part that the portal needs does not answer right now; nothing was lost."),
    "not_ready": Kind(503, "The portal cannot take orders yet; `parts` says what is missing."),
}

OF_STATUS: Mapping[int, str] = {
    400: "malformed",
    401: "unauthenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    409: "conflict",
    412: "precondition_failed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid",
    429: "rate_limited",
    503: "unavailable",
}
"""Which kind an HTTP error of the server library is; any other one below 500 is a malformed call."""


class NotReady(Unavailable):
    """The portal cannot take orders yet."""

    code = "not_ready"

    def __init__(self, parts: Sequence[Part]) -> None:
        super().__init__()
        self.parts = parts


def install(blueprint: Blueprint) -> None:
    """Answer every error under `blueprint` with problem details.

    Each status is named by itself: a handler of the whole portal for a status would win over one here for all of them.
    """
    blueprint.register_error_handler(Exception, unexpected)
    blueprint.register_error_handler(StratusError, stratus_error)
    blueprint.register_error_handler(HTTPException, http_error)
    for status in default_exceptions:
        blueprint.register_error_handler(status, http_error)
    blueprint.register_error_handler(DBAPIError, database_error)
    blueprint.register_error_handler(PoolTimeout, database_error)


def refuse_unrouted() -> Response | None:
    """The answer to a path below `/api` that no route takes, None for every other call.

    Nothing is led on either: a path with an empty name in it would be taken for another one without it.
    """
    error = request.routing_exception
    if error is None or not below_api():
        return None
    return http_error(NotFound() if isinstance(error, RequestRedirect) else error)


def stratus_error(error: StratusError) -> Response:
    """A refusal in our own words."""
    code = error.code if error.code in KINDS else type(error).code
    if error.status == 500 or code not in KINDS:
        return unexpected(error)
    parts = [asdict(part) for part in error.parts] if isinstance(error, NotReady) else []
    faults = [fault.as_json() for fault in error.faults]
    response = problem(code, _sentence(error.message), errors=faults, parts=parts)
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, SignInNeeded):
        reason = "" if code == "unauthenticated" else ', error="invalid_token"'
        response.headers["WWW-Authenticate"] = f'Bearer realm="stratus"{reason}'
    return response


def http_error(error: HTTPException) -> Response:
    """What the server library refuses by itself: an unknown path, a method, a body that is too large."""
    status = error.code or 500
    if status >= 500 and status != 503:
        return unexpected(error)
    code = OF_STATUS.get(status, "malformed")
    response = problem(code, KINDS[code].title, status=status)
    allowed = dict(error.get_headers()).get("Allow")
    if allowed:
        response.headers["Allow"] = allowed
    return response


def database_error(error: DBAPIError | PoolTimeout) -> Response:
    """PostgreSQL is away or too busy; any other complaint of it is a bug of ours."""
    lost = isinstance(error, OperationalError | InterfaceError | PoolTimeout) or error.connection_invalidated
    if not lost:
        return unexpected(error)
    log.warning("database does not answer", extra={"request_id": request_id(), "error": str(error)})
    return stratus_error(Unavailable())


def unexpected(error: Exception) -> Response:
    """A bug. The client learns the id under which it is in the log."""
    log.error("unexpected error", exc_info=error, extra={"request_id": request_id(), "path": request.path})
    return problem("internal_error", KINDS["internal_error"].title)


def problem(code: str, detail: str, *, status: int | None = None, **members: Any) -> Response:
    """Problem details of one kind. Members that are empty are left out."""
    kind = KINDS[code]
    body = {
        "type": f"{PAGE}#{code}",
        "title": kind.title,
        "status": status or kind.status,
        "detail": detail,
        "instance": request.path,
        "request_id": request_id(),
        "code": code,
    }
    body |= {name: value for name, value in members.items() if value}
    return Response(to_json(body, fallback=str), status or kind.status, mimetype=MEDIA_TYPE)


def _sentence(text: str) -> str:
    """`text` with a capital letter and a full stop: most refusals are written to stand in the middle of a page's sentence."""
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "!", "?", "…")) else ".")
