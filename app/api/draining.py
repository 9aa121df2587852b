"""Reads away what a refused call still sends, so that the client gets to read its refusal.

A server that answers and closes while the client is still sending makes the kernel reset the connection, and the answer is
lost with it.
"""

from typing import IO

from flask import request

MOST_BYTES = 16 * 1024 * 1024
PIECE = 64 * 1024


def drain() -> None:
    """Read and forget the rest of the body, up to 16 MiB; who sends more has read the answer by then, or does not want it."""
    stream: IO[bytes] | None = request.environ.get("wsgi.input")
    left = min(request.content_length or 0, MOST_BYTES)
    while stream is not None and left > 0:
        piece = stream.read(min(left, PIECE))
        if not piece:
            return
        left -= len(piece)
