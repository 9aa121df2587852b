"""Calls over HTTP as cheap as can be, since the bench shares two cores with what it measures: one socket, one text a call."""

import socket
import threading
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Call:
    """One call, written out. `status` is what it must be answered with."""

    text: bytes
    status: int = 200

    @classmethod
    def get(cls, path: str, token: str = "") -> Self:
        """A read."""
        return cls(_text("GET", path, token, b""))

    @classmethod
    def post(cls, path: str, body: bytes, token: str = "") -> Self:
        """A write of JSON, answered with 201."""
        return cls(_text("POST", path, token, body), 201)


class Line:
    """One connection that is kept open."""

    def __init__(self, url: str) -> None:
        self.where = (urlsplit(url).hostname or "127.0.0.1", urlsplit(url).port or 80)
        self.socket = self._open()

    def send(self, call: Call) -> bytes:
        """The body of the answer. Raises RuntimeError on another status."""
        self.socket.sendall(call.text)
        head, _, body = self._until_blank().partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 %d " % call.status):
            raise RuntimeError(f"answered {head[:40]!r}: {body[:300]!r}")
        lower = head.lower()
        length = int(lower.partition(b"content-length: ")[2].partition(b"\r\n")[0])
        while len(body) < length:
            body += self.socket.recv(65536)
        if b"connection: close" in lower:
            self.socket.close()
            self.socket = self._open()
        return body

    def _until_blank(self) -> bytes:
        seen = b""
        while b"\r\n\r\n" not in seen:
            more = self.socket.recv(65536)
            if not more:
                raise RuntimeError("the connection was closed")
            seen += more
        return seen

    def _open(self) -> socket.socket:
        made = socket.create_connection(self.where, timeout=30)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.socket.close()


def rate(url: str, call: Call, number: int, lines: int = 4) -> float:
    """Answers a second when `lines` callers at once make `number` calls together."""
    broken: list[Exception] = []

    def work() -> None:
        try:
            with Line(url) as line:
                for _ in range(max(1, number // lines)):
                    line.send(call)
        except (RuntimeError, OSError) as error:
            broken.append(error)

    callers = [threading.Thread(target=work) for _ in range(lines)]
    began = time.perf_counter()
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    if broken:
        raise RuntimeError("a call went wrong") from broken[0]
    return max(1, number // lines) * lines / (time.perf_counter() - began)


def _text(method: str, path: str, token: str, body: bytes) -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", "Accept: application/json"]
    head += [f"Authorization: Bearer {token}"] if token else []
    head += ["Content-Type: application/json", f"Content-Length: {len(body)}"] if body else []
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body
