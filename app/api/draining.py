"""Reads away what a refused call still sends, so that the client gets to read its refusal.

A server that answers and closes while the client is still sending makes the kernel reset the connection, and the answer is
lost with it.
"""

from flask import request

MOST_BYTES = 16 * 1024 * 1024
PIECE = 64 * 1024


def drain() -> None:
    """Read and forget a body that nobody has read, up to 16 MiB; who sends more does not care for the answer.

    A body that was read is left alone: some servers would wait for more of it.
    """
    if "stream" in vars(request):
        return
    left = min(request.content_length or 0, MOST_BYTES)
    while left > 0:
        piece = request.environ["wsgi.input"].read(min(left, PIECE))
        if not piece:
            return
        left -= len(piece)
