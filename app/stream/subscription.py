"""Hears a channel of Redis (the RESP protocol, version 2): what the streams need of a client, and nothing besides.

The client library that everybody else uses holds thirteen megabytes, an eighth of what this process may take with three
thousand who watch.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from urllib.parse import SplitResult, unquote, urlsplit

CONNECT_SECONDS = 2.0
QUIET_SECONDS = 15.0
"""After so long without a word Redis is asked whether it is there, and given up when it says nothing for as long again."""
LONGEST = 1 << 20


class RedisAway(Exception):
    """Redis does not answer, or not as it should."""


async def heard(url: str, channel: str) -> AsyncIterator[bytes]:
    """What is published on `channel`, until the connection ends. url: as `REDIS_URL`. Raises RedisAway."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            reader, writer = await _connected(urlsplit(url))
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await _subscribe(reader, writer, urlsplit(url), channel)
            while True:
                said = await _next(reader, writer)
                if isinstance(said, list) and len(said) == 3 and said[0] == b"message" and isinstance(said[2], bytes):
                    yield said[2]
        finally:
            writer.close()
    except (OSError, EOFError, TimeoutError, ValueError) as error:
        raise RedisAway(str(error) or type(error).__name__) from error


async def _connected(url: SplitResult) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if url.scheme == "unix":
        return await asyncio.open_unix_connection(unquote(url.path))
    secure = ssl.create_default_context() if url.scheme == "rediss" else None
    return await asyncio.open_connection(url.hostname or "127.0.0.1", url.port or 6379, ssl=secure)


async def _subscribe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, url: SplitResult, channel: str) -> None:
    if url.password:
        who = [unquote(url.username)] if url.username else []
        writer.write(_command("AUTH", *who, unquote(url.password)))
        await _reply(reader)
    writer.write(_command("SUBSCRIBE", channel))


async def _next(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> object:
    try:
        return await asyncio.wait_for(_reply(reader), QUIET_SECONDS)
    except TimeoutError:
        writer.write(_command("PING"))
        return await asyncio.wait_for(_reply(reader), QUIET_SECONDS)


def _command(*words: str) -> bytes:
    parts = [f"${len(word.encode())}\r\n{word}\r\n" for word in words]
    return f"*{len(words)}\r\n{''.join(parts)}".encode()


async def _reply(reader: asyncio.StreamReader) -> object:
    """One reply. Raises ValueError for an error, and for what is none."""
    line = (await reader.readuntil(b"\r\n"))[:-2]
    kind, rest = line[:1], line[1:]
    if kind == b"*":
        return [await _reply(reader) for _ in range(min(int(rest), LONGEST))]
    if kind == b"$":
        size = int(rest)
        if size > LONGEST:
            raise ValueError("a reply that is too long")
        return (await reader.readexactly(size + 2))[:-2] if size >= 0 else None
    if kind not in (b"+", b":"):
        raise ValueError(line.decode(errors="replace")[:200])
    return rest
