"""The OpenAPI description: what SpecTree read off the endpoints, completed by what follows from each route."""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from http import HTTPStatus
from typing import Any

from flask import current_app

from app.api.endpoint import BEARER, DESCRIPTION, MANNERS, Manner
from app.api.problems import MEDIA_TYPE
from app.api.reading import CSV, FILE_BODY, FILE_FORM
from app.identity.guard import API_CALLER, guard_of

REF = "#/components/schemas/"
OF_EVERY_CALL = (422, 500)
OF_CALLERS = (401, 403, 429, 503)
OF_BODIES = (400, 413, 415)
OF_NAMES = (404,)
PROBLEMS = (400, 401, 403, 404, 409, 412, 413, 415, 422, 429, 500, 503)
NAMES: Mapping[str, str] = {
    "name": "The identity of the entry, e.g. `postgres-database`.",
    "kind": "`item` or `bundle`.",
    "field": "The name of a field of the entry's own form.",
    "request_id": "E.g. `req-20250816-abc123`.",
    "step_id": "E.g. `step-002`.",
    "approval_id": "E.g. `APR-17`.",
    "ticket_id": "E.g. `TCK-1042`.",
    "batch_id": "E.g. `bat-20250816-abc123`.",
    "upload_id": "As a file that was sent is called, e.g. `upl-abcdefghjkmnpqrstuvw`.",
    "token_id": "As the list of tokens names it.",
    "draft_id": "As the list of drafts names it.",
    "template_id": "As the list of templates names it.",
}
HEADERS: Mapping[str, Mapping[str, Any]] = {
    "X-Request-ID": {
        "description": "The id of the call: the client's own, or one that was made.",
        "schema": {"type": "string"},
    },
    "RateLimit-Limit": {"description": "Calls of this kind that are allowed a minute.", "schema": {"type": "integer"}},
    "RateLimit-Remaining": {"description": "How many of them are left.", "schema": {"type": "integer"}},
    "RateLimit-Reset": {"description": "Seconds until all are there again.", "schema": {"type": "integer"}},
    "WWW-Authenticate": {"description": "How to call instead.", "schema": {"type": "string"}},
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    "ETag": {
        "description": "As If-None-Match it tells cheaply that nothing changed; that of a draft or template is for If-Match.",
        "schema": {"type": "string"},
    },
    "Location": {"description": "Where the new thing is.", "schema": {"type": "string"}},
}

A_FILE: Mapping[str, Any] = {
    "required": True,
    "content": {
        FILE_BODY: {"schema": {"type": "string", "format": "binary"}},
        FILE_FORM: {
            "schema": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
                "required": ["file"],
            }
        },
    },
}

STANDING = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def description() -> dict[str, Any]:
    """The OpenAPI 3.1 document of the app that serves the call, as plain JSON. Made once an app."""
    made: dict[str, Any] | None = current_app.extensions.get("openapi")
    if made is None:
        made = current_app.extensions["openapi"] = _complete(deepcopy(DESCRIPTION.spec))
    return made


def _complete(document: dict[str, Any]) -> dict[str, Any]:
    guards = {view.__name__: guard_of(view) for view in current_app.view_functions.values()}
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for_callers = guards[operation["operationId"]] == API_CALLER
            operation["security"] = [{BEARER: []}] if for_callers else []
            _complete_answers(operation, _refusals(path, method, for_callers=for_callers))
            _complete_media(operation, MANNERS[operation["operationId"]])
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    parameter["description"] = NAMES[parameter["name"]]
    document["paths"] = dict(sorted(document["paths"].items()))
    document["components"]["headers"] = deepcopy(dict(HEADERS))
    document["components"]["responses"] = {f"Problem{status}": _problem(status) for status in PROBLEMS}
    document["components"]["schemas"] = _used(document)
    _drop_titles(document)
    document["security"] = [{BEARER: []}]
    return document


def _complete_media(operation: dict[str, Any], manner: Manner) -> None:
    """What it takes and answers besides JSON."""
    if manner.streams:
        operation["responses"]["200"]["content"] = {"text/event-stream": {"schema": {"type": "string"}}}
    for media in manner.texts:
        operation["responses"]["200"]["content"][media] = {"schema": {"type": "string"}}
    if manner.takes_csv:
        operation["requestBody"]["content"][CSV] = {"schema": {"type": "string"}}
    if manner.may_be_empty:
        operation["requestBody"]["required"] = False
    if manner.takes_file:
        operation["requestBody"] = deepcopy(dict(A_FILE))


def _refusals(path: str, method: str, *, for_callers: bool) -> list[int]:
    """What a route may answer because of what it is."""
    found = [*OF_EVERY_CALL]
    found += OF_CALLERS if for_callers else ()
    found += OF_BODIES if method not in ("get", "head") else ()
    found += OF_NAMES if "{" in path else ()
    return found


def _complete_answers(operation: dict[str, Any], refusals: list[int]) -> None:
    answers = operation["responses"]
    told = [status for status in PROBLEMS if status in refusals or str(status) in answers]
    answers |= {str(status): {"$ref": f"#/components/responses/Problem{status}"} for status in told}
    tagged = "304" in answers or MANNERS[operation["operationId"]].revised
    names = ["X-Request-ID", *(STANDING if operation["security"] else ()), *(["ETag"] if tagged else ())]
    for status in ("200", "201", "204", "304"):
        if status in answers:
            more = ["Location"] if status == "201" else []
            answers[status]["headers"] = _headers(*names, *more)
    operation["responses"] = dict(sorted(answers.items()))


def _problem(status: int) -> dict[str, Any]:
    more = {401: ("WWW-Authenticate",), 429: (*STANDING, "Retry-After"), 503: ("Retry-After",)}.get(status, ())
    return {
        "description": HTTPStatus(status).phrase,
        "headers": _headers("X-Request-ID", *more),
        "content": {MEDIA_TYPE: {"schema": {"$ref": f"{REF}Problem"}}},
    }


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _used(document: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas that something refers to: those of parameters stand in the parameters."""
    schemas: Mapping[str, Any] = document["components"]["schemas"]
    found: set[str] = set()
    waiting = [*_references(document["paths"]), "Problem"]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _references(schemas[name])
    return {name: schemas[name] for name in sorted(found)}


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        reference = value.get("$ref")
        if isinstance(reference, str) and reference.startswith(REF):
            yield reference.removeprefix(REF)
        for one in value.values():
            yield from _references(one)
    elif isinstance(value, list):
        for one in value:
            yield from _references(one)


def _drop_titles(value: Any) -> None:
    """Pydantic writes each name once more, as a title in capitals; it says nothing. A property called `title` stays."""
    if isinstance(value, dict):
        if isinstance(value.get("title"), str) and "version" not in value:
            del value["title"]
        for one in value.values():
            _drop_titles(one)
    elif isinstance(value, list):
        for one in value:
            _drop_titles(one)
