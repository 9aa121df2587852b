"""A portal on a real port with a process of streams beside it (here: threads), and clients that know nothing of its code."""

import asyncio
import base64
import http.client
import json
import os
import socket
import struct
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from werkzeug.serving import make_server

from app.stream.server import Streams
from config import Settings

PATIENCE = 10.0


class StreamsThread:
    """The streams' server on a thread and a loop of its own. Restart it by making another one."""

    def __init__(self, settings: Settings, ask_seconds: float = 20.0) -> None:
        self.settings, self.ask_seconds = settings, ask_seconds
        self.ready = threading.Event()
        self.thread = threading.Thread(target=lambda: asyncio.run(self._serve()))
        self.thread.start()
        assert self.ready.wait(PATIENCE)
        while not Path(settings.stream_socket).exists():
            assert self.thread.is_alive()

    async def _serve(self) -> None:
        self.loop, self.stopping = asyncio.get_running_loop(), asyncio.Event()
        self.streams = Streams(self.settings, self.ask_seconds)
        self.ready.set()
        await self.streams.run(self.stopping)

    @property
    def clients(self) -> list[Any]:
        return list(self.streams.hub.follows)

    def stop(self) -> None:
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.stopping.set)
            self.thread.join(PATIENCE)


class ServedPortal:
    """`app` on a port of its own, and the streams that its settings name."""

    def __init__(self, app: Flask, ask_seconds: float = 20.0) -> None:
        self.app, self.ask_seconds = app, ask_seconds
        self.settings: Settings = app.config["SETTINGS"]
        self.server = make_server("127.0.0.1", 0, app, threaded=True)
        self.port: int = self.server.server_port
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()
        self.streams = StreamsThread(self.settings, ask_seconds)
        self.clients: list[Sse | WebSocket] = []

    def restart_streams(self) -> None:
        self.streams.stop()
        self.streams = StreamsThread(self.settings, self.ask_seconds)

    def sse(self, path: str, token: str = "", **headers: str) -> "Sse":
        self.clients.append(found := Sse(self.port, path, _with_token(token, headers)))
        return found

    def websocket(self, path: str, token: str = "", **headers: str) -> "WebSocket":
        self.clients.append(found := WebSocket(self.port, path, _with_token(token, headers)))
        return found

    def get(self, path: str, token: str = "", **headers: str) -> tuple[int, Any]:
        """One call on a connection of its own: the status, and the JSON if there is any."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", path, headers=_with_token(token, headers))
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, json.loads(body) if body[:1] == b"{" else None

    def stop(self) -> None:
        for client in self.clients:
            client.close()
        self.streams.stop()
        self.server.shutdown()
        self.thread.join(PATIENCE)
        self.server.server_close()


def _with_token(token: str, headers: dict[str, str]) -> dict[str, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return named | ({"Authorization": f"Bearer {token}"} if token else {})


class Connection:
    """A bare connection that has sent one GET. status: of the answer."""

    def __init__(self, port: int, path: str, headers: dict[str, str]) -> None:
        self.socket = socket.socket()
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)  # who reads late holds little
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", *(f"{name}: {value}" for name, value in headers.items())]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())
        self.stream = self.socket.makefile("rb")
        self.status = int((self.stream.readline() or b"- 0").split()[1])
        self.headers = dict(self._headers())

    def _headers(self) -> Any:
        while (line := self.stream.readline().strip()) != b"":
            name, _, value = line.decode().partition(": ")
            yield name.lower(), value

    def close(self) -> None:
        self.stream.close()
        self.socket.close()


@dataclass
class Said:
    """One server-sent event."""

    id: str = ""
    event: str = "message"
    data: dict[str, Any] = field(default_factory=dict)


class Sse(Connection):
    """Reads server-sent events as their standard says. comments: how many were heard."""

    comments = 0

    def next(self) -> Said | None:
        """The next event; None when the stream has ended."""
        said = Said()
        while line := self.stream.readline():
            key, _, value = line.decode().rstrip("\n").partition(":")
            value = value.removeprefix(" ")
            if line == b"\n" and said.data:
                return said
            self.comments += line.startswith(b":")
            if key == "data":
                said.data = json.loads(value)
            elif key in ("id", "event"):
                setattr(said, key, value)
        return None

    def take(self, number: int) -> list[dict[str, Any]]:
        """What the next so many events say."""
        return [said.data for said in (self.next() for _ in range(number)) if said is not None]

    def rest(self) -> list[dict[str, Any]]:
        """What all events say until the end of the stream."""
        return [said.data for said in iter(self.next, None)]


class WebSocket(Connection):
    """A WebSocket as RFC 6455 has it, seen from the client's side."""

    def __init__(self, port: int, path: str, headers: dict[str, str]) -> None:
        self.key = base64.b64encode(os.urandom(16)).decode()
        asked = {"Connection": "keep-alive, Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
        super().__init__(port, path, asked | {"Sec-WebSocket-Key": self.key} | headers)

    def send(self, op: int, payload: bytes = b"") -> None:
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        self.socket.sendall(struct.pack("!BB", 0x80 | op, 0x80 | len(payload)) + mask + masked)

    def next(self) -> tuple[int, bytes]:
        """Kind and payload of the next frame."""
        op, size = self.stream.read(2)
        assert op & 0x80
        assert size < 128
        if size >= 126:
            size = int.from_bytes(self.stream.read(2 if size == 126 else 8))
        return op & 0x0F, self.stream.read(size)

    def take(self, number: int) -> list[dict[str, Any]]:
        """The next so many messages, pings between them left out."""
        found: list[dict[str, Any]] = []
        while len(found) < number:
            op, payload = self.next()
            if op == 1:
                found.append(json.loads(payload))
        return found

    def rest(self) -> tuple[list[dict[str, Any]], int]:
        """All messages until the close frame, and its code."""
        found = []
        while True:
            op, payload = self.next()
            if op == 1:
                found.append(json.loads(payload))
            elif op == 8:
                return found, struct.unpack("!H", payload[:2])[0]
