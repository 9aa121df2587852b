"""How news are written on the wire: server-sent events (WHATWG) and WebSocket frames (RFC 6455). Pure: bytes in, bytes out."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol


class Op(IntEnum):
    """Kinds of WebSocket frames."""

    TEXT = 0x1
    CLOSE = 0x8
    PING = 0x9
    PONG = 0xA


class Closing(IntEnum):
    """Why a WebSocket is closed (RFC 6455, section 7.4.1)."""

    DONE = 1000
    GOING_AWAY = 1001
    PROTOCOL = 1002
    UNSUPPORTED = 1003
    NOT_ALLOWED = 1008
    TRY_LATER = 1013


class BrokenFrame(Exception):
    """The client sent what is no frame, or none that this server takes."""

    def __init__(self, closing: Closing, reason: str) -> None:
        super().__init__(reason)
        self.closing, self.reason = closing, reason


class Wire(Protocol):
    """How one kind of stream writes what it tells."""

    def event(self, number: int, text: str) -> bytes:
        """An event: its number, and the JSON object of it in one line."""

    def line(self, number: int, text: str) -> bytes:
        """A line of a log."""

    def beat(self) -> bytes:
        """Something that says only: still there."""

    def bye(self, closing: Closing, reason: str) -> bytes:
        """The last words."""


@dataclass(frozen=True, slots=True)
class ServerSentEvents:
    """`id:` counts the events; where nothing but a log is told, its lines."""

    only_log: bool = False

    def event(self, number: int, text: str) -> bytes:
        """An event of the default type."""
        return f"id: {number}\ndata: {text}\n\n".encode()

    def line(self, number: int, text: str) -> bytes:
        """Beside events a line has a type of its own, and no id: the browser asks again after an event."""
        head = f"id: {number}\n" if self.only_log else "event: log\n"
        return f"{head}data: {text}\n\n".encode()

    def beat(self) -> bytes:
        """A comment."""
        return b":\n\n"

    def bye(self, closing: Closing, reason: str) -> bytes:  # noqa: ARG002  the body ends with the connection
        """Nothing: whoever asks again after the end is answered 204, which tells browsers to stop."""
        return b""


@dataclass(frozen=True, slots=True)
class WebSocket:
    """Text frames of one JSON object each."""

    def event(self, number: int, text: str) -> bytes:  # noqa: ARG002  the number is in the text
        """An event as one message."""
        return frame(Op.TEXT, text.encode())

    def line(self, number: int, text: str) -> bytes:  # noqa: ARG002  the number is in the text
        """A line as one message."""
        return frame(Op.TEXT, text.encode())

    def beat(self) -> bytes:
        """A ping, which the client has to answer."""
        return frame(Op.PING, b"")

    def bye(self, closing: Closing, reason: str) -> bytes:
        """A close frame; a reason is at most 123 bytes."""
        return frame(Op.CLOSE, struct.pack("!H", closing) + reason.encode()[:123])


def frame(op: Op, payload: bytes) -> bytes:
    """One whole, unmasked frame: servers do not mask."""
    first, size = 0x80 | op, len(payload)
    if size < 126:
        return struct.pack("!BB", first, size) + payload
    if size < 1 << 16:
        return struct.pack("!BBH", first, 126, size) + payload
    return struct.pack("!BBQ", first, 127, size) + payload


def take(heard: bytearray) -> tuple[Op, bytes] | None:
    """Take the next whole control frame off what a client sent; None until it is there.

    Clients have nothing to say here: raises BrokenFrame for messages, and for whatever is no masked control frame.
    """
    if len(heard) < 2:
        return None
    op, size = heard[0] & 0x0F, heard[1] & 0x7F
    if heard[0] & 0x70 or not heard[1] & 0x80:
        raise BrokenFrame(Closing.PROTOCOL, "frames of clients are masked and have no extensions")
    if op < Op.CLOSE:
        raise BrokenFrame(Closing.UNSUPPORTED, "this socket only tells; it takes no messages")
    if op > Op.PONG or size > 125 or not heard[0] & 0x80:
        raise BrokenFrame(Closing.PROTOCOL, "a control frame is whole and short")
    if len(heard) < 6 + size:
        return None
    mask, masked = heard[2:6], heard[6 : 6 + size]
    del heard[: 6 + size]
    return Op(op), bytes(byte ^ mask[place % 4] for place, byte in enumerate(masked))
