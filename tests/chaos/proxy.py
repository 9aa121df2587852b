"""A small TCP proxy in front of a server, which can swallow everything, cut everything, or cut what is committing."""

import asyncio
import random
import re
import threading
from collections.abc import Coroutine
from contextlib import suppress
from enum import StrEnum
from typing import Any, TypeVar

T = TypeVar("T")
CHUNK = 65536
COMMIT = b"COMMIT\0"
"""As psycopg sends it: the text of a simple query, ended by NUL."""
COMMITS_ITSELF = b"stratus_advance("
"""A worker's call outside of any transaction: it is committed when it is answered."""
PREPARED = re.compile(rb"P.{4}(_pg3_\d+)\0[^\0]*stratus_advance\(", re.DOTALL)
"""From when on psycopg names such a call by a number only."""


class Mood(StrEnum):
    """What the proxy does with its connections."""

    HONEST = "honest"
    BLACK_HOLE = "black hole"
    """Takes everything and passes nothing on; new connections are taken too."""
    REFUSING = "refusing"
    """Closes every connection, the new ones at once."""
    CUTTING_COMMITS = "cutting commits"
    """Now and then a connection is cut when it commits: before the server hears of it, or before the client hears back."""


class Proxy:
    """Listens on a port of its own and forwards to `target`, as its mood is. Thread-safe from outside."""

    def __init__(self, loop: asyncio.AbstractEventLoop, target: int, seed: int, share: float = 0.15) -> None:
        self._loop, self._target, self._share = loop, target, share
        self._random = random.Random(seed)
        self._mood = Mood.HONEST
        self._open: set[asyncio.StreamWriter] = set()
        self.cuts = 0
        self._server = self._call(self._listen())

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.sockets[0].getsockname()[1])

    def become(self, mood: Mood) -> None:
        """Change the mood. Honest after a black hole cuts what was swallowed into: such a stream could not go on."""
        before, self._mood = self._mood, mood
        if mood == Mood.REFUSING or before == Mood.BLACK_HOLE:
            self._loop.call_soon_threadsafe(self._cut_all)

    def close(self) -> None:
        """Stop listening and cut everything."""
        self._call(self._shut())

    def _call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    async def _listen(self) -> asyncio.Server:
        return await asyncio.start_server(self._serve, "127.0.0.1", 0)

    async def _shut(self) -> None:
        self._server.close()
        self._cut_all()

    def _cut_all(self) -> None:
        for writer in list(self._open):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            if self._mood != Mood.REFUSING:
                await self._join(reader, writer)
        finally:
            self._open.discard(writer)
            writer.transport.abort()

    async def _join(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            back_reader, back_writer = await asyncio.open_connection("127.0.0.1", self._target)
            link = _Link(self, back_writer, writer)
            both = [asyncio.ensure_future(link.up(reader)), asyncio.ensure_future(link.down(back_reader))]
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for one in both:
                    one.cancel()
                back_writer.transport.abort()

    @property
    def swallows(self) -> bool:
        """Whether nothing is passed on."""
        return self._mood == Mood.BLACK_HOLE

    def fate(self) -> str | None:
        """What becomes of a commit that goes to the server: `lost`, `deaf`, or None for nothing."""
        if self._mood != Mood.CUTTING_COMMITS or self._random.random() >= self._share:
            return None
        self.cuts += 1
        return self._random.choice(("lost", "deaf"))


class _Link:
    """One connection through the proxy. It ends when either side's pump does."""

    def __init__(self, proxy: Proxy, server: asyncio.StreamWriter, client: asyncio.StreamWriter) -> None:
        self.proxy, self.server, self.client = proxy, server, client
        self.deaf = False
        self._known: set[bytes] = set()

    async def up(self, reader: asyncio.StreamReader) -> None:
        """Client to server."""
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                if self.proxy.swallows:
                    continue
                fate = self.proxy.fate() if self._commits(chunk) else None
                if fate == "lost":
                    return
                self.deaf = fate == "deaf"
                self.server.write(chunk)
                await self.server.drain()

    def _commits(self, chunk: bytes) -> bool:
        """Whether the server will commit when it gets this."""
        self._known |= {b"\0" + name + b"\0" for name in PREPARED.findall(chunk)}
        return COMMIT in chunk or COMMITS_ITSELF in chunk or any(name in chunk for name in self._known)

    async def down(self, reader: asyncio.StreamReader) -> None:
        """Server to client."""
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                if self.deaf:
                    return  # The server has committed; the client never hears of it.
                if not self.proxy.swallows:
                    self.client.write(chunk)
                    await self.client.drain()


class Proxies:
    """The proxies of one run, in one thread."""

    def __init__(self, seed: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxies", daemon=True)
        self._thread.start()
        self._seed = seed
        self.all: list[Proxy] = []

    def before(self, target: int) -> Proxy:
        """A new proxy in front of `target`."""
        proxy = Proxy(self._loop, target, self._seed + len(self.all))
        self.all.append(proxy)
        return proxy

    def close(self) -> None:
        """Close all of them and end the thread."""
        for proxy in self.all:
            proxy.close()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()
