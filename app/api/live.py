"""Live streams of the API: a request's events as they happen, over server-sent events or a WebSocket, and a log as it grows."""

from flask import Blueprint, Response

from app.api.endpoint import endpoint
from app.api.parts import settings
from app.api.reading import last_event_id
from app.api.shapes import live as shapes
from app.api.waiting import credential, door
from app.handover import handshake
from app.handover.door import STREAM_HEADERS
from app.handover.message import Log, Watch
from app.identity import current_person
from app.identity.forms import origin_of
from app.identity.guard import api_caller
from app.queries import live
from app.reader import reader

blueprint = Blueprint("live", __name__, url_prefix="/requests/<request_id>")
TAG = "requests"


@blueprint.get("/stream")
@api_caller
@endpoint(TAG, None, query=shapes.StreamQuery, streams=True)
def stream_request(request_id: str, query: shapes.StreamQuery) -> Response:
    """Server-sent events: each is a `RequestEvent` under its number, and the stream ends after the one that ends the request.

    Comments come every 15 seconds. Whoever was cut off asks again with `Last-Event-ID`, or `after`. 204: it has ended, and
    nothing more comes unless somebody resumes or rolls it back.
    """
    head = live.head(reader(), current_person(), request_id)
    after = last_event_id(query.after)
    if head.ended and head.last <= after:
        return Response(status=204)
    return door().hand(Watch("sse", str(head.key), credential(), after), STREAM_HEADERS)


@blueprint.get("/ws")
@blueprint.get("/ws", websocket=True)
@api_caller
@endpoint(TAG, None, status=101, query=shapes.StreamQuery, refusals=[400])
def watch_request(request_id: str, query: shapes.StreamQuery) -> Response:
    """A WebSocket: each message is a `RequestEvent`; closed with 1000 after the event that ends the request.

    The client has to answer pings and sends nothing else. 1001: the portal restarts; 1008: ask again, the access has ended.
    """
    head = live.head(reader(), current_person(), request_id)
    accepted = handshake.accept(origin_of(settings().public_url))
    return door().hand(Watch("websocket", str(head.key), credential(), query.after), accepted, 101)


@blueprint.get("/steps/<step_id>/logs/stream")
@api_caller
@endpoint(TAG, None, query=shapes.LogStreamQuery, streams=True)
def stream_step_log(request_id: str, step_id: str, query: shapes.LogStreamQuery) -> Response:
    """Server-sent events: each is a `LogLine` under its number, and the stream ends with the attempt.

    Whoever was cut off asks again with `Last-Event-ID`, or `after`. 204: the attempt is over, and all of its lines were told.
    """
    head = live.head(reader(), current_person(), request_id)
    log = live.log_head(reader(), head.key, step_id, query.attempt)
    after = last_event_id(query.after)
    found = live.lines(reader(), {(log.step, log.attempt): after}, 1)[log.step, log.attempt]
    if found.ended and not found.lines:
        return Response(status=204)
    watch = Watch("sse", str(head.key), credential(), log=Log(str(log.step), log.attempt, after))
    return door().hand(watch, STREAM_HEADERS)
