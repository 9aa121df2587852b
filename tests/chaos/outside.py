"""A strict system outside: it remembers every call by its idempotency key, and may be told to misbehave.

`/once/…` takes effect whenever it is called: calling it twice is what nobody may do. `/many/…` knows a key again and takes
effect once; with another body the same key is refused. `/look/…` changes nothing. Answers carry a value and a secret token.
"""

import json
import random
import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG_SECONDS = 8.0
"""Longer than any step of the chaos catalog waits."""
HUGE = 3_000_000
BEHAVIOURS = ("slow", "hang", "500 before", "500 after", "429", "malformed", "huge", "reset before", "reset after")
UNDO = "/undo/"
"""Part of the path of every call that takes something back."""
REFUSED = frozenset({"429", "500 before", "reset before"})
"""What happens before anything takes effect."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call that came. effect: it took effect now; behaviour: how it was answered, `well` for properly."""

    at: float
    path: str
    key: str
    body: str
    effect: bool
    behaviour: str
    authorization: str


@dataclass
class Outside:
    """The system: what it was told, what it saw. `on_call` is told of each call before it is worked on."""

    seed: int
    token: str
    share: float = 0.0
    behaviours: tuple[str, ...] = BEHAVIOURS
    pauses: tuple[float, ...] = (0.0,)
    """How long it works on a call: one of these."""
    on_call: Callable[[str, str], None] | None = None
    calls: list[Call] = field(default_factory=list)
    _effects: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _counted: int = 0
    _server: ThreadingHTTPServer | None = None

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    def start(self) -> "Outside":
        """Serve on a free port of loopback until `stop`."""
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"outside": self}))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), name="outside", daemon=True).start()
        return self

    def stop(self) -> None:
        """Stop serving."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()

    @property
    def url(self) -> str:
        """Its base URL."""
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def misbehave(self, share: float, *behaviours: str) -> None:
        """Answer this share of calls in one of these ways; 0 behaves well again."""
        self.share, self.behaviours = share, behaviours or BEHAVIOURS

    def chosen(self) -> str:
        """How the next call is answered."""
        with self._lock:
            return self._random.choice(self.behaviours) if self._random.random() < self.share else "well"

    def pause(self) -> float:
        """How long the next call is worked on, in seconds."""
        with self._lock:
            return self._random.choice(self.pauses)

    def take(self, path: str, key: str, body: str, behaviour: str, authorization: str) -> int:
        """Work on a call, unless it is turned away; answers the status."""
        with self._lock:
            seen = self._effects.get(key)
            again = path.startswith("/many/") and seen is not None
            changes = not path.startswith("/look/") and behaviour not in REFUSED
            effect = changes and not again
            if effect:
                self._effects[key] = body
            self.calls.append(Call(time.time(), path, key, body, effect, behaviour, authorization))
        return 422 if again and seen != body else 200

    def oddities(self) -> int:
        """How many calls were answered otherwise than well since this was asked last."""
        with self._lock:
            found = sum(call.behaviour != "well" for call in self.calls[self._counted :])
            self._counted = len(self.calls)
        return found

    def has_happened(self, step: str) -> bool:
        """Whether a call of this step (its primary key) took effect: what a person sees who looks."""
        with self._lock:
            mine = [call for call in self.calls if call.key.startswith(f"{step}:")]
        return any(call.effect and UNDO not in call.path for call in mine)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A caller was killed while it was answered: that is what this is for."""


class _Handler(BaseHTTPRequestHandler):
    outside: Outside

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_GET(self) -> None:
        self._serve()

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
        key, outside = self.headers.get("Idempotency-Key", ""), self.outside
        if outside.on_call is not None:
            outside.on_call(self.path, key)
        behaviour = outside.chosen()
        status = outside.take(self.path, key, body, behaviour, self.headers.get("Authorization", ""))
        time.sleep(outside.pause())
        self._answer(behaviour, status)

    def _answer(self, behaviour: str, status: int) -> None:
        if behaviour == "slow":
            time.sleep(1.0)
        if behaviour == "hang":
            time.sleep(HANG_SECONDS)
        if behaviour.startswith("reset"):
            return self._reset()
        if behaviour == "malformed":
            self.wfile.write(b"HTTP/1.1 two hundred\r\n\x00\xff\r\n\r\n{")
            self.close_connection = True
            return None
        if behaviour.startswith("500"):
            return self._reply(500, {"error": "told to fail"})
        if behaviour == "429":
            return self._reply(429, {"error": "come again"}, {"Retry-After": "1"})
        filler = {"filler": "x" * HUGE} if behaviour == "huge" else {}
        return self._reply(status, {"value": f"made of {self.path}", "token": self.outside.token} | filler)

    def _reply(self, status: int, content: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        for name, value in (
            {"Content-Type": "application/json", "Content-Length": str(len(body))} | dict(headers or {})
        ).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _reset(self) -> None:
        """Cut the connection as a crash would: the caller gets a reset, not an end."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
        """Says nothing."""

    def finish(self) -> None:
        """The base class would write to what was reset."""
        try:
            super().finish()
        except (OSError, ValueError):
            self.close_connection = True
