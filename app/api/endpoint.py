"""One decorator makes an endpoint of a view: it parses what the view takes, answers what it gives, and describes both.

A view takes names of its path, and `query` and `body` where it declares them; it gives a model. SpecTree keeps the
description; it neither validates nor runs anything while calls are served.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypedDict, Unpack
from zoneinfo import ZoneInfo

from flask import Response, request
from pydantic import BaseModel, Field
from spectree import Response as Answers
from spectree import SecurityScheme, SpecTree
from spectree.models import SecureType, SecuritySchemeData
from werkzeug.http import quote_etag

from app.api import reading
from app.api.parts import settings
from app.api.reading import Query
from app.api.shapes.common import Problem
from app.core.shapes import Shape
from app.identity.guard import SAFE_METHODS

_NAMED: dict[str, type] = {}


def _named(model: type) -> str:
    """The name of a schema: the model's own. Raises ValueError when two models would share one."""
    if _NAMED.setdefault(model.__name__, model) is not model:
        raise ValueError(f"two models of the API are called {model.__name__}: their descriptions would mix")
    return model.__name__


View = Callable[..., BaseModel | Response | None]


class Unusual(TypedDict, total=False):
    """What may be unusual of an endpoint (see `Manner`)."""

    takes_key: bool
    revalidates: bool
    revised: bool
    takes_match: bool
    streams: bool
    texts: Sequence[str]
    takes_csv: bool
    takes_file: bool
    may_be_empty: bool


@dataclass(frozen=True, slots=True)
class Manner:
    """How an endpoint is served besides JSON in, JSON out.

    takes_key: the same call under an `Idempotency-Key` is answered the same again. revalidates: answers carry an ETag and may
    be 304. revised: the `revision` that it answers is its ETag. takes_match: it changes only what `If-Match` names. streams: it
    answers server-sent events, or 204 when nothing more comes. texts: media types that it answers besides JSON, when the query
    asks for them. takes_csv: a body of CSV is taken too, and given to the view as text. takes_file: the body is a file, which
    the view reads by itself. may_be_empty: no body is as good as an empty object.
    """

    takes_key: bool = False
    revalidates: bool = False
    revised: bool = False
    takes_match: bool = False
    streams: bool = False
    texts: Sequence[str] = ()
    takes_csv: bool = False
    takes_file: bool = False
    may_be_empty: bool = False

    @property
    def header(self) -> type[BaseModel] | None:
        """The header of its own that it takes."""
        kinds = ((self.takes_key, KeyHeader), (self.takes_match, MatchHeader), (self.streams, LastEventHeader))
        return next((model for holds, model in kinds if holds), None)

    @property
    def answers(self) -> dict[str, type[BaseModel] | None]:
        """What it answers besides, by `HTTP_` and the status."""
        kinds = ((self.takes_match, 412, Problem), (self.revalidates, 304, None), (self.streams, 204, None))
        return {f"HTTP_{status}": model for holds, status, model in kinds if holds}


MANNERS: dict[str, Manner] = {}
"""Of every endpoint, by the name of its view, which is its operation id."""

BEARER = "bearer"
DESCRIPTION = SpecTree(
    "flask",
    mode="strict",
    annotations=False,
    title="Stratus",
    version="1",
    description="Order what platform teams offer, watch it being built, and finish by hand what needs a person.",
    naming_strategy=_named,
    nested_naming_strategy=lambda _parent, child: child,
    validation_error_model=Problem,
    security_schemes=[
        SecurityScheme(
            name=BEARER,
            data=SecuritySchemeData(
                type=SecureType.HTTP,
                scheme="bearer",
                description="A personal access token, or an access token of the sign-in provider for this API's audience.",
            ),
        )
    ],
)


class KeyHeader(BaseModel):
    """The header that makes a repeated call answer what the first one made."""

    key: str | None = Field(
        default=None,
        alias=reading.KEY_HEADER,
        min_length=1,
        max_length=200,
        pattern=r"^[\x21-\x7e]+$",
        description="Send the same key with the same body again: nothing is made twice, the answer is that of the first call.",
    )


class MatchHeader(BaseModel):
    """The header that lets a call change only what was read."""

    match: str | None = Field(
        default=None, alias="If-Match", max_length=200, description="The ETag of what was read; 412 when it was changed since."
    )


class LastEventHeader(BaseModel):
    """The header with which browsers go on with a stream that was cut off."""

    last: int | None = Field(
        default=None, alias="Last-Event-ID", ge=0, description="The number of the last event that the client has."
    )


def endpoint(
    tag: str,
    answer: type[BaseModel] | None,
    *,
    status: int = 200,
    query: type[Query] = Query,
    body: type[BaseModel] | None = None,
    refusals: Sequence[int] = (),
    **unusual: Unpack[Unusual],
) -> Callable[[View], Callable[..., Response]]:
    """Serve and describe a view under `tag`.

    answer: what it gives; None for an empty answer. body: what it takes; a `Shape` is parsed, any other model only describes
    and the view gets the JSON object as it is, for a use case that tells all faults at once. refusals: statuses that it answers
    besides those that `api.openapi` derives from its route. unusual: see `Manner`.
    """
    manner = Manner(**unusual)

    def decorate(view: View) -> Callable[..., Response]:
        MANNERS[view.__name__] = manner
        described = DESCRIPTION.validate(
            query=None if query is Query else query,
            json=body,
            headers=manner.header,
            resp=Answers(**{f"HTTP_{status}": answer}, **{f"HTTP_{code}": Problem for code in refusals}, **manner.answers),
            tags=[tag],
            operation_id=view.__name__,
            skip_validation=True,
        )(view)

        @wraps(described)
        def served(**given: Any) -> Response:
            asked = reading.query(query)
            if query is not Query:
                given["query"] = asked
            if body is not None:
                given["body"] = _sent(body, manner)
            elif request.method not in SAFE_METHODS and not manner.takes_file:
                reading.no_body()
            return _written(view(**given), status, revalidates=manner.revalidates)

        return served

    return decorate


def _sent(body: type[BaseModel], manner: Manner) -> Any:
    """The body of this call, as its view takes it."""
    if manner.takes_csv and request.mimetype == reading.CSV:
        return reading.text()
    if manner.may_be_empty and not request.get_data():
        return body()
    return reading.body(body) if issubclass(body, Shape) else reading.json_object()


def _written(answer: BaseModel | Response | None, status: int, *, revalidates: bool) -> Response:
    if answer is None:
        return Response(status=status)
    if isinstance(answer, Response):
        return answer
    response = Response(as_text(answer), status, mimetype="application/json")
    response.headers.update(headers_of(vars(answer), status))
    if revalidates:
        response.headers["Cache-Control"] = "private, no-cache"
        response.add_etag()
        response.make_conditional(request)
    return response


def as_text(answer: BaseModel) -> str:
    """An answer as it is sent."""
    return answer.model_dump_json(exclude_unset=True, by_alias=True, context={"zone": ZoneInfo(settings().timezone)})


def headers_of(answer: Mapping[str, Any], status: int) -> dict[str, str]:
    """What headers say of an answer: where something new is, and the revision as ETag where it has one."""
    place = {"Location": answer["href"]} if status == 201 and answer.get("href") else {}
    return place | ({"ETag": quote_etag(str(answer["revision"]))} if "revision" in answer else {})
