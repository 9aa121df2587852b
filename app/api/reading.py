"""Reads what a call sends: the JSON body, the query, the idempotency key. Whatever is wrong with them is told here.

Malformed is what no JSON reader can make sense of (400); what can be read and not accepted is Invalid (422).
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_origin

from flask import request
from pydantic import BaseModel, ConfigDict, ValidationError

from app.core import json_text
from app.core.json_text import NotJson, shown, storable
from app.core.shapes import Shape, shape_faults
from app.errors import Fault, Invalid, Malformed, NotFound, WrongMediaType

KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
KEY_HEADER = "Idempotency-Key"
REVISION = re.compile(r"[1-9][0-9]{0,9}", re.ASCII)
CSV = "text/csv"
FILE_BODY = "application/octet-stream"
FILE_FORM = "multipart/form-data"

S = TypeVar("S", bound=Shape)
Q = TypeVar("Q", bound="Query")


class Nothing(Shape):
    """An empty object."""


class Query(BaseModel):
    """Base of the parameters that a URL may carry. Unknown ones are faults.

    Only lists may be given more than once; `?tags=a,b` and `?tags=a&tags=b` are the same.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)


def json_object() -> dict[str, Any]:
    """The body as an object. Raises WrongMediaType, Malformed, Invalid, and RequestEntityTooLarge from the server."""
    if request.mimetype != "application/json":
        raise WrongMediaType
    document = _parsed(_text(request.get_data()))
    faults = list(_unstorable(document))
    if not isinstance(document, dict):
        faults.append(Fault((), "type", "must be a JSON object"))
    if faults:
        raise Invalid(faults=faults)
    return dict(document)


def text() -> str:
    """The body as text. Raises Malformed for what is not UTF-8, Invalid for what no database keeps."""
    read = _text(request.get_data())
    if not storable(read):
        raise Invalid(faults=list(_unstorable(read)))
    return read


def body(shape: type[S]) -> S:
    """The body as `shape`. Raises as `json_object` does, and Invalid with every fault of its shape."""
    return shaped(shape, json_object())


def no_body() -> None:
    """For calls that take none: an empty object is as good. Raises as `body` does."""
    if request.get_data():
        body(Nothing)


def shaped(shape: type[S], document: Mapping[str, Any]) -> S:
    """`document` as `shape`. Raises Invalid with every fault at once."""
    try:
        return shape.model_validate(document)
    except ValidationError as error:
        raise Invalid(faults=shape_faults(shape, error, document)) from error


def query(shape: type[Q]) -> Q:
    """The parameters of the URL as `shape`. Raises Invalid with every fault at once, unknown parameters among them."""
    given: dict[str, Any] = {}
    faults: list[Fault] = []
    for name, values in request.args.lists():
        if not all(storable(text) for text in (name, *values)):
            faults.append(Fault((shown(name),), "characters", "must not hold characters that no text can have"))
        elif _is_list(shape, name):
            given[name] = [part for value in values for part in value.split(",") if part]
        else:
            given[name] = values[0]
            if len(values) > 1 and name in shape.model_fields:
                faults.append(Fault((name,), "repeated", "is given more than once"))
    try:
        read = shape.model_validate(given)
    except ValidationError as error:
        faults += shape_faults(shape, error, given)
    if faults:
        raise Invalid(faults=faults)
    return read


def idempotency_key() -> str | None:
    """The client's key, None when it sends none. Raises Invalid for one that is empty, too long or not plain."""
    key = request.headers.get(KEY_HEADER)
    if key is not None and not KEY.fullmatch(key):
        fault = Fault((KEY_HEADER,), "format", "must be 1 to 200 visible ASCII characters", {"max_length": 200})
        raise Invalid(faults=[fault])
    return key


def revisions() -> frozenset[int] | None:
    """The revisions that `If-Match` names; None where it is not sent, or takes any.

    Weak and strange tags are those of no revision.
    """
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return None
    return frozenset(int(tag) for tag in request.if_match.as_set() if REVISION.fullmatch(tag))


def revision_known(sent: int | None) -> int | None:
    """The revision that a body names. Raises Invalid where neither it nor `If-Match` says what was read."""
    if sent is None and "If-Match" not in request.headers:
        message = "must be sent, or the ETag of what was read as If-Match"
        raise Invalid(faults=[Fault(("revision",), "required", message)])
    return sent


def wants_csv() -> bool:
    """Whether the call asks for CSV rather than JSON."""
    return request.accept_mimetypes.best_match(["application/json", CSV], default="application/json") == CSV


def last_event_id(after: int) -> int:
    """Where a stream goes on: behind the event that `Last-Event-ID` names, else behind `after`. Raises Invalid."""
    text = request.headers.get("Last-Event-ID", "")
    if not text:
        return after
    if not (text.isascii() and text.isdigit() and int(text[:11]) < 2**31):
        raise Invalid(faults=[Fault(("Last-Event-ID",), "format", "must be the number of an event")])
    return int(text)


def refuse_unstorable_names() -> None:
    """A name in the path that no text can be names nothing. Raises NotFound."""
    for value in (request.view_args or {}).values():
        if isinstance(value, str) and not storable(value):
            raise NotFound


def _is_list(shape: type[Query], name: str) -> bool:
    field = shape.model_fields.get(name)
    return field is not None and get_origin(field.annotation) is tuple


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"The body is not UTF-8 text: see byte {error.start}.") from error


def _parsed(text: str) -> Any:
    try:
        return json_text.read(text)
    except NotJson as error:
        raise Malformed(f"The body {error}.") from error


def _unstorable(document: Any) -> Iterator[Fault]:
    """Every text in `document` that cannot be kept, keys included. Depth is bounded by now."""
    words = "must not hold the character U+0000, nor half of a surrogate pair"
    stack: list[tuple[tuple[str | int, ...], Any]] = [((), document)]
    while stack:
        path, value = stack.pop()
        if isinstance(value, str) and not storable(value):
            yield Fault(path, "characters", words)
        elif isinstance(value, list):
            stack += [((*path, index), one) for index, one in enumerate(value)]
        elif isinstance(value, dict):
            if not all(storable(key) for key in value):
                yield Fault(path, "characters", f"has a key that {words}")
            stack += [((*path, key), one) for key, one in value.items() if storable(key)]
