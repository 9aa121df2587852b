"""Gives a client's connection away, so that whoever waits for news costs no thread of the web server.

A view decides who may watch what, behind the guards of every other view. Its answer then sends the client's socket and a
message through a Unix socket; the other process writes the answer, head included. The web server goes on with a socket that
leads nowhere, and closes that.
"""

import os
import socket
import ssl
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from email.utils import formatdate
from http import HTTPStatus
from typing import TYPE_CHECKING

from flask import Response, request

from app.errors import Unavailable
from app.handover.message import LARGEST, Address, Watch, named

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

SOCKETS = ("gunicorn.socket", "werkzeug.socket")
"""Under which names servers give their applications the client's socket."""
STREAM_HEADERS = {
    "Content-Type": "text/event-stream; charset=utf-8",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}
"""Of server-sent events; the last one tells a proxy to pass them on as they come."""
PATIENCE_SECONDS = 0.5
HEAD_ROOM = 8 * 1024
"""What the head of an answer may add to a message."""
FRAMING = frozenset({"content-length", "transfer-encoding", "connection", "date"})
ONE_HOP = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade", "content-length"})


class Door:
    """The way to the streams' process. path: of its socket; empty where there is none."""

    def __init__(self, path: str) -> None:
        self.path = path

    def hand(self, watch: Watch, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
        """The answer that hands over the call that is served, with these headers besides those that every answer has.

        A HEAD gets the head alone, from here. Raises Unavailable when nobody takes it: the process is not there, or the server
        keeps its sockets, or TLS lies on it.
        """
        if request.method == "HEAD":
            return Response(status=status, headers=dict(headers or {}))
        if not self.path or _socket(request.environ) is None or len(watch.written()) > LARGEST - HEAD_ROOM:
            raise Unavailable("Live streams are not served here. Ask for the events from time to time instead.")
        return Handed(self._reached(), watch, status, headers or {})

    def _reached(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        connection.settimeout(PATIENCE_SECONDS)
        try:
            with named(self.path) as path:
                connection.connect(path)
        except OSError as error:
            connection.close()
            raise Unavailable("Live streams are away for a moment. Nothing is lost: ask for the events.") from error
        return connection


class Handed(Response):
    """An answer that the streams' process gives. door: a connection to it, closed with this answer."""

    def __init__(self, door: socket.socket, watch: Watch, status: int, headers: Mapping[str, str]) -> None:
        super().__init__(status=status)
        self.door, self.watch = door, watch
        self.headers.update(headers)
        self.call_on_close(door.close)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Send the client's connection off, with the head that this answer has by now."""
        client = _socket(environ)
        assert client is not None, "Door.hand has looked"
        socket.send_fds(self.door, [replace(self.watch, head=self._head()).written()], [client.fileno()])
        self.call_on_close(_lead_nowhere(client).close)
        start_response("200 OK", [("Connection", "close")])
        return _Nothing(self)

    def _head(self) -> str:
        """The head for the client, none for one that waits. The body of a stream ends with its connection."""
        if self.watch.way == "wait":
            return ""
        switching = self.status_code == HTTPStatus.SWITCHING_PROTOCOLS
        lines = [f"HTTP/1.1 {self.status_code} {HTTPStatus(self.status_code).phrase}", f"Date: {formatdate(usegmt=True)}"]
        lines += [f"{name}: {value}" for name, value in self.headers if name.lower() not in FRAMING]
        return "\r\n".join([*lines, f"Connection: {'Upgrade' if switching else 'close'}", "", ""])


class _Nothing:
    """The body that the web server writes to nobody."""

    def __init__(self, answer: Response) -> None:
        self.close = answer.close

    def __iter__(self) -> Iterator[bytes]:
        return iter(())


def _socket(environ: "WSGIEnvironment") -> socket.socket | None:
    """The client's socket, where it may be given away."""
    found = next((environ[name] for name in SOCKETS if name in environ), None)
    return found if isinstance(found, socket.socket) and not isinstance(found, ssl.SSLSocket) else None


def _lead_nowhere(client: socket.socket) -> socket.socket:
    """Put one end of a new pair in the place of the client's socket; answers the other, which swallows what is written.

    A server shuts its sockets down before it closes them, and that would reach the connection wherever it is held.
    """
    ours, theirs = socket.socketpair()
    with ours:
        os.dup2(ours.fileno(), client.fileno())
    theirs.shutdown(socket.SHUT_WR)
    return theirs


def replay(correlation_id: str) -> str:
    """The GET that is served once more: without `wait`, on a connection of its own, under the id of this call."""
    path, _, query = str(request.environ.get("RAW_URI") or request.full_path).partition("?")
    kept = "&".join(part for part in query.split("&") if part and not part.startswith("wait="))
    headers = {name: value for name, value in request.headers.items() if name.lower() not in ONE_HOP}
    headers |= {"X-Request-Id": correlation_id, "Connection": "close"}
    lines = [f"GET {path}{'?' if kept else ''}{kept} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""])


def own_address() -> Address:
    """Where the server that took this call listens; empty where it does not say."""
    found = _socket(request.environ)
    name = found.getsockname() if found is not None else ""
    return name if isinstance(name, str) else (name[0], name[1])
