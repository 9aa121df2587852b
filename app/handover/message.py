"""What a web process tells the process of the live streams when it hands a connection over. Both sides import it."""

import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Literal, Self

LARGEST = 96 * 1024
"""Bytes of one message; most of it is the head of a call."""

Way = Literal["sse", "websocket", "wait"]
Address = str | tuple[str, int]
"""Where a server listens: a path, or host and port."""


@dataclass(frozen=True, slots=True)
class Credential:
    """What lets a client watch, as keys of rows. until: when it ends by itself, in Unix seconds."""

    user: str
    session: str | None = None
    token: str | None = None
    until: float | None = None


@dataclass(frozen=True, slots=True)
class Log:
    """The log of one attempt. step: the key of its row; after: the number of the last line that the client has."""

    step: str
    attempt: int
    after: int


@dataclass(frozen=True, slots=True)
class Watch:
    """What a client wants to be told of a request (the key of its row).

    after: the number of the last event that it has; None: nothing but the `log`. head: the answer up to its body. Of `wait`:
    `replay` is the call that is made in the client's name, at `address`, once something has changed or `seconds` are over.
    head and replay are text of latin-1.
    """

    way: Way
    request: str
    credential: Credential
    after: int | None = None
    log: Log | None = None
    head: str = ""
    seconds: float = 0.0
    replay: str = ""
    address: Address = ""

    def written(self) -> bytes:
        """The message."""
        return json.dumps(asdict(self), separators=(",", ":")).encode()

    @classmethod
    def read(cls, message: bytes) -> Self:
        """The watch in a message. Raises ValueError, TypeError or KeyError for what is none."""
        told = json.loads(message)
        uuid.UUID(told["request"])
        told["credential"] = Credential(**told["credential"])
        told["log"] = Log(**told["log"]) if told["log"] else None
        told["address"] = told["address"] if isinstance(told["address"], str) else tuple(told["address"])
        return cls(**told)


@contextmanager
def named(path: str) -> Iterator[str]:
    """A name of `path` that fits the address of a Unix socket (107 bytes), however deep it lies. Raises OSError."""
    folder, name = os.path.split(path)
    opened = os.open(folder or ".", os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{opened}/{name}"
    finally:
        os.close(opened)
