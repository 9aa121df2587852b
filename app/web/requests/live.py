"""The live streams of a page: the twins of the API's, by session; the log of a step, to page through; tickets for sockets."""

from flask import Blueprint, Response, current_app, jsonify, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.errors import NotAllowed, SignInNeeded
from app.handover import handshake
from app.handover.door import STREAM_HEADERS, Door
from app.handover.message import Credential, Log, Watch
from app.identity import current_person, entry
from app.identity.forms import origin_of
from app.identity.guard import signed_in
from app.identity.parts import parts
from app.identity.sessions import Found
from app.identity.tickets import SECONDS
from app.queries import live, logs
from app.queries import requests as queries
from app.queries.live import Head
from app.reader import reader
from app.web.parts import settings
from app.web.requests.pages import shown_line

blueprint = Blueprint("live", __name__, url_prefix="/requests/<request_id>")


@blueprint.get("/stream")
@signed_in
def stream(request_id: str) -> ResponseReturnValue:
    """Events above `after` as they happen, and with `step` the lines of its newest log above `line`.

    204, which tells a browser not to ask again, once the request has ended and everything was told.
    """
    head = live.head(reader(), current_person(), request_id)
    after = request.headers.get("Last-Event-ID", type=int) or _number("after")
    if head.ended and head.last <= after:
        return Response(status=204)
    return _door().hand(Watch("sse", str(head.key), _credential(_session()), after, _log(head)), STREAM_HEADERS)


@blueprint.post("/ticket")
@signed_in
def ticket(request_id: str) -> ResponseReturnValue:
    """A ticket that opens the WebSocket of this request once."""
    live.head(reader(), current_person(), request_id)
    given = parts().tickets.give(_session().session_id, request_id)
    return jsonify({"ticket": given, "expires_in": SECONDS})


@blueprint.get("/ws")
@blueprint.get("/ws", websocket=True)
@signed_in
def watch(request_id: str) -> ResponseReturnValue:
    """The same events over a WebSocket, for a session that has a ticket. What a page of another site opens has none."""
    head = live.head(reader(), current_person(), request_id)
    accepted = handshake.accept(origin_of(settings().public_url))
    session = _session()
    if not parts().tickets.take(request.args.get("ticket", ""), session.session_id, request_id):
        raise NotAllowed("This ticket was used, or is too old. Ask for another one.")
    return _door().hand(Watch("websocket", str(head.key), _credential(session), _number("after")), accepted, 101)


@blueprint.get("/steps/<step_id>/log")
@signed_in
def log(request_id: str, step_id: str) -> ResponseReturnValue:
    """A log page by page, the newest lines first. Asked by a script, only the lines."""
    person = current_person()
    step = queries.step(reader(), person, request_id, step_id)
    attempt = request.args.get("attempt", type=int)
    found = logs.page(
        reader(),
        person,
        request_id,
        step_id,
        attempt,
        after=request.args.get("after", type=int),
        before=request.args.get("before", type=int),
    )
    given = {"step": step, "found": found, "lines": [shown_line(one, step) for one in found.lines]}
    if "HX-Request" in request.headers:
        page = make_response(render_template("requests/_lines.html", **given))
    else:
        it = queries.detail(reader(), person, request_id).summary
        text = url_for("requests.log_as_text", request_id=request_id, step_id=step_id, attempt=found.attempt)
        page = make_response(render_template("requests/log.html", it=it, text=text, **given))
    page.vary.add("HX-Request")
    return page


def _number(name: str) -> int:
    """A number of the address; what is none counts as 0, as if the page had nothing yet."""
    return max(request.args.get(name, 0, type=int), 0)


def _session() -> Found:
    """The session that the guard has let in, which may have ended since."""
    found = entry.current_session()
    if found is None:
        raise SignInNeeded
    return found


def _credential(session: Found) -> Credential:
    return Credential(user=str(session.known.person.id), session=str(session.session_id))


def _door() -> Door:
    found: Door = current_app.extensions["streams"]
    return found


def _log(head: Head) -> Log | None:
    """The log that the page shows, as long as its attempt goes on."""
    step_id = request.args.get("step", "")
    if not step_id:
        return None
    found = live.log_head(reader(), head.key, step_id, request.args.get("attempt", type=int))
    return Log(str(found.step), found.attempt, _number("line")) if found.goes_on else None
