"""One client's connection: told things without ever being waited for, listened to only to notice that it is gone.

There are thousands of them, so each is one small object on its bare socket. What is told to many is one bytes object for all;
a client that does not read keeps the little that was handed to it, and is told the rest once it has read that.
"""

import asyncio
import json
import socket
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus

from app.handover.message import Watch
from app.stream.frames import BrokenFrame, Closing, Op, ServerSentEvents, WebSocket, Wire, frame, take

FULL_BYTES = 64 * 1024
"""How much a client may leave unread before it is told nothing more."""
KERNEL_BYTES = 64 * 1024
"""How much the kernel keeps for it besides; by itself it would take megabytes for each."""
MOST_HEARD = 4096
"""How many bytes a client may say between two beats: pongs, at most."""
STUCK_SECONDS = 30.0
"""A client that reads nothing for so long, or answers no ping, is gone."""
LINGER_SECONDS = 2.0
"""How long a client that was told all has to close its side, so that nothing on its way is cut off."""
RETRY_SECONDS = 5

SSE, SSE_LOG, WEBSOCKET = ServerSentEvents(), ServerSentEvents(only_log=True), WebSocket()


class Client:
    """A connection that was handed over. `drained` is called when it can be told things again, `gone` once when it ends."""

    __slots__ = ("_heard", "_loop", "_outbox", "_said", "closing", "drained", "gone", "moved_at", "pending", "sock", "watch")

    def __init__(self, sock: socket.socket, watch: Watch, gone: "Callable[[Client], None]") -> None:
        self.sock, self.watch, self.gone = sock, watch, gone
        self.drained: Callable[[Client], None] = _nothing
        self._loop = asyncio.get_running_loop()
        self._outbox: deque[bytes] | None = None
        self._heard: bytearray | None = None
        self._said = 0
        self.pending = 0
        self.closing = False
        self.moved_at = time.monotonic()
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BYTES)
        if sock.family in (socket.AF_INET, socket.AF_INET6):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, int(STUCK_SECONDS * 1000))
        self._loop.add_reader(sock, self._hear)

    @property
    def wire(self) -> Wire:
        """How this client is written to."""
        if self.watch.way == "websocket":
            return WEBSOCKET
        return SSE_LOG if self.watch.after is None else SSE

    @property
    def full(self) -> bool:
        """Whether it has to read before it is told more."""
        return self.pending >= FULL_BYTES

    def tell(self, data: bytes) -> None:
        """Send `data`, now or as soon as the client reads."""
        if self.closing or not data:
            return
        if self._outbox is None:
            data = self._send(data)
            if not data:
                return
            self._outbox = deque()
            self._loop.add_writer(self.sock, self._flush)
        self._outbox.append(data)
        self.pending += len(data)

    def beat(self) -> None:
        """Show the client that we are there, and look whether it is."""
        self._said = 0
        silent = time.monotonic() - self.moved_at > STUCK_SECONDS
        if silent and (self._outbox is not None or self.watch.way == "websocket"):
            self.drop()
        elif self._outbox is None and self.watch.way != "wait":
            self.tell(self.wire.beat())

    def end(self, closing: Closing, reason: str) -> None:
        """Say good-bye, and close once the client has read it."""
        if self.closing:
            return
        self.tell(self.wire.bye(closing, reason))
        self.closing = True
        if self._outbox is None:
            self._finish()

    def drop(self) -> None:
        """Close at once."""
        if self.sock.fileno() == -1:
            return
        self.release().close()

    def release(self) -> socket.socket:
        """Let go of the socket without closing it; whoever asks has it."""
        self._loop.remove_reader(self.sock)
        self._loop.remove_writer(self.sock)
        self.closing = True
        self._outbox, self.pending = None, 0
        sock, self.sock = self.sock, _closed()
        self.gone(self)
        return sock

    def _send(self, data: bytes) -> bytes:
        """Send what the kernel takes; answers the rest."""
        try:
            sent = self.sock.send(data)
        except BlockingIOError:
            return data
        except OSError:
            self.drop()
            return b""
        if self.watch.way != "websocket":  # a WebSocket shows that it is there by its pongs
            self.moved_at = time.monotonic()
        return data[sent:]

    def _flush(self) -> None:
        while self._outbox:
            data = self._outbox.popleft()
            left = self._send(data)
            if self._outbox is None:
                return  # it was dropped
            self.pending -= len(data) - len(left)
            if left:
                self._outbox.appendleft(left)
                return
        self._outbox = None
        self._loop.remove_writer(self.sock)
        if self.closing:
            self._finish()
        else:
            self.drained(self)

    def _finish(self) -> None:
        with suppress(OSError):
            self.sock.shutdown(socket.SHUT_WR)
        self._loop.call_later(LINGER_SECONDS, self.drop)

    def _hear(self) -> None:
        try:
            data = self.sock.recv(MOST_HEARD)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        self._said += len(data)
        if not data or self._said > MOST_HEARD:
            self.drop()
        elif self.watch.way == "websocket" and not self.closing:
            self._answer(data)

    def _answer(self, data: bytes) -> None:
        """Answer pings and a close; anything else that a client says ends it."""
        self.moved_at = time.monotonic()
        heard = self._heard = (self._heard or bytearray()) + data
        try:
            while not self.closing and (taken := take(heard)) is not None:
                op, payload = taken
                if op == Op.PING:
                    self.tell(frame(Op.PONG, payload))
                elif op == Op.CLOSE:
                    self.end(Closing.DONE, "")
        except BrokenFrame as error:
            self.end(error.closing, error.reason)
        if not heard:
            self._heard = None


def _nothing(_client: Client) -> None:
    """Nobody waits for this client to read."""


_CLOSED = socket.socket()
_CLOSED.close()


def _closed() -> socket.socket:
    return _CLOSED


def refuse(sock: socket.socket, status: HTTPStatus, code: str, detail: str) -> None:
    """Answer a connection that cannot be taken with problem details of the API, without waiting, and close it."""
    problem = {"type": f"/api/problems#{code}", "title": status.phrase, "status": status, "detail": detail, "code": code}
    body = json.dumps(problem).encode()
    head = (
        f"HTTP/1.1 {status} {status.phrase}\r\nContent-Type: application/problem+json\r\nContent-Length: {len(body)}\r\n"
        f"Retry-After: {RETRY_SECONDS}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n"
    )
    with sock, suppress(OSError):
        sock.setblocking(False)
        sock.send(head.encode() + body)
