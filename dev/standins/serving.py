"""Serves a stand-in on loopback, a thread a request, without a line of log per request."""

import socket
from threading import Thread
from typing import Self

from flask import Flask, request
from werkzeug.serving import WSGIRequestHandler, make_server

HOST = "127.0.0.1"


class _Quiet(WSGIRequestHandler):
    """Errors are still told; requests are not: a stand-in is polled."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Says nothing."""


def serve(app: Flask, port: int) -> None:
    """Serve until the process is stopped."""
    make_server(HOST, port, app, threaded=True, request_handler=_Quiet).serve_forever()


class Running:
    """A stand-in in a thread of this process: `with Running(app) as server: server.url`. Port 0 takes a free one."""

    def __init__(self, app: Flask, port: int = 0) -> None:
        self._server = make_server(HOST, port, app, threaded=True, request_handler=_Quiet)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.port)

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def hang_up() -> None:
    """Cut the connection of the current request: whoever called learns nothing."""
    connection: socket.socket = request.environ["werkzeug.socket"]
    connection.shutdown(socket.SHUT_RDWR)
