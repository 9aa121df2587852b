"""An outside system that answers by a script, over real sockets: for what a well-behaved stand-in never does."""

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Answer:
    """What to answer next. `raw`: these bytes and nothing else, then the end. `before`: called before anything is sent."""

    status: int = 200
    body: object = None
    headers: dict | None = None
    raw: bytes | None = None
    before: object = None

    @property
    def content(self):
        if self.body is None:
            return b""
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@dataclass
class Call:
    """What came."""

    method: str
    path: str
    headers: dict
    body: bytes


class _Handler(BaseHTTPRequestHandler):
    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        self.server.calls.append(Call(self.command, self.path, dict(self.headers), self.rfile.read(length)))
        script = self.server.script
        answer = script.pop(0) if len(script) > 1 else script[0]
        if answer.before:
            answer.before()
        if answer.raw is not None:
            self.wfile.write(answer.raw)
            self.close_connection = True
            return
        self.send_response(answer.status)
        for name, value in {"Content-Length": str(len(answer.content)), **(answer.headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.content)

    do_GET = do_PUT = do_POST = answer  # noqa: N815 -- the names that http.server calls

    def log_message(self, *_):
        """Says nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """A client that hung up is what some tests are about."""


@contextmanager
def scripted(*answers):
    """A server on loopback: `server.url`, `server.calls`. The last answer is given for ever."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.script, server.calls = list(answers), []
    server.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
