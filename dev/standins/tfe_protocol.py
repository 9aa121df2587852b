"""How the HCP Terraform stand-in speaks JSON:API: documents in, documents and error objects out, lists in pages."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from flask import Response, abort, request

from dev.standins.tfe_shapes import page_of

MEDIA_TYPE = "application/vnd.api+json"
LARGEST_PAGE = 100


def answer(data: Any, status: int = 200, **beside: Any) -> Response:
    """A document."""
    return Response(json.dumps({"data": data, **beside}), status=status, content_type=MEDIA_TYPE)


def refusal(status: int, detail: str = "") -> Response:
    """An error object; HCP Terraform's own have a title and perhaps a detail."""
    error = {"status": str(status), "title": HTTPStatus(status).phrase.lower()} | ({"detail": detail} if detail else {})
    return Response(json.dumps({"errors": [error]}), status=status, content_type=MEDIA_TYPE)


def listed(items: Sequence[Any], shape: Any) -> Response:
    """The page of a list that `page[number]` and `page[size]` ask for."""
    number, size = request.args.get("page[number]", 1, int), request.args.get("page[size]", 20, int)
    if number < 1 or size < 1:
        abort(400, "page[number] and page[size] begin at 1")
    page, beside = page_of(items, number, min(size, LARGEST_PAGE), request.url)
    return answer([shape(one) for one in page], **beside)


def attributes_of(kind: str) -> dict[str, Any]:
    """The attributes of the document that was sent, which must be of this type."""
    data = _data()
    if data.get("type") != kind:
        abort(422, f"data.type must be {kind}")
    attributes = data.get("attributes", {})
    if not isinstance(attributes, dict):
        abort(422, "data.attributes must be an object")
    return attributes


def related(name: str, kind: str) -> str | None:
    """The id that the document which was sent relates itself to."""
    relation = (_data().get("relationships") or {}).get(name)
    if relation is None:
        return None
    data = relation.get("data") or {}
    if data.get("type") != kind or not isinstance(data.get("id"), str):
        abort(422, f"data.relationships.{name}.data must be the type and id of {kind}")
    return str(data["id"])


def text(attributes: dict[str, Any], name: str, default: str | None = None) -> str:
    """A text among attributes."""
    value = attributes.get(name, default)
    if not isinstance(value, str):
        abort(422, f"{name} must be a text")
    return value


def flag(attributes: dict[str, Any], name: str, default: bool) -> bool:
    """True or false among attributes."""
    value = attributes.get(name, default)
    if not isinstance(value, bool):
        abort(422, f"{name} must be true or false")
    return value


def _data() -> dict[str, Any]:
    """The primary data of the document that was sent."""
    try:
        data = json.loads(request.get_data())["data"]
    except (ValueError, KeyError, TypeError):
        abort(400, "no JSON:API document")
    if not isinstance(data, dict):
        abort(422, "data must be one resource object")
    return data
