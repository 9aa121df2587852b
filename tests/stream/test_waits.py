"""Calls that have waited are made again, at a web server that may be away for a moment."""

import asyncio
import socket

from app.handover.message import Credential, Watch
from app.stream import waits
from app.stream.waits import Waits
from dev import ports

ANSWER = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok"


def answered(port: int, *, after: float | None = 0.0, seconds: float = 10) -> bytes:
    """What a client hears whose call is made again at a web server that comes up so many seconds later, or never."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    call = "GET /x HTTP/1.1\r\n\r\n"
    watch = Watch("wait", "r", Credential("u"), 0, replay=call, address=("127.0.0.1", port))

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readuntil(b"\r\n\r\n") == call.encode()
        writer.write(ANSWER)
        await writer.drain()
        writer.close()

    async def run() -> None:
        all_of_them = Waits()
        all_of_them.answer(watch, ours)
        if after is not None:
            await asyncio.sleep(after)
            async with await asyncio.start_server(serve, "127.0.0.1", port):
                await all_of_them.finish(seconds)
        await all_of_them.finish(seconds)

    asyncio.run(run())
    with theirs:
        return b"".join(iter(lambda: theirs.recv(65536), b""))


def test_a_web_server_that_is_being_restarted_is_waited_for():
    assert answered(ports.choose(), after=0.5) == ANSWER


def test_a_client_is_told_to_ask_again_when_no_web_server_comes(monkeypatch):
    monkeypatch.setattr(waits, "TRIES", 2)
    said = answered(ports.choose(), after=None)
    assert said.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert b"Retry-After: 5\r\n" in said
