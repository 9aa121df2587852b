"""Reads away what a refused call still sends, so that the client gets to read its refusal.

A server that answers and closes while the client is still sending makes the kernel reset the connection, and the answer is
lost with it.
"""

from flask import request

MOST_BYTES = 16 * 1024 * 1024
PIECE = 64 * 1024


def drain() -> None:
    """Read and forget what is left of the body, up to 16 MiB; who sends more does not care for the answer."""
    left = min(_left(), MOST_BYTES)
    while left > 0:
        piece = request.environ["wsgi.input"].read(min(left, PIECE))
        if not piece:
            return
        left -= len(piece)


def _left() -> int:
    """How many bytes may be asked for: none of a body that was read, unless the server tells where it ends."""
    if request.environ.get("wsgi.input_terminated"):
        return MOST_BYTES
    return 0 if "stream" in vars(request) else request.content_length or 0
