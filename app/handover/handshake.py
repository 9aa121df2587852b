"""The server's side of opening a WebSocket (RFC 6455, section 4.2). What is sent over it afterwards is written elsewhere."""

import base64
import binascii
import hashlib

from flask import request

from app.errors import Malformed, NotAllowed

MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def accept(origin: str) -> dict[str, str]:
    """The headers that accept the handshake which is served.

    origin: of the portal's own pages; a browser on another site says another one. Raises Malformed and NotAllowed.
    """
    headers = request.headers
    given = headers.get("Origin")
    if given is not None and given != origin:
        raise NotAllowed("A page of another site may not watch in your name.")
    upgrades = "upgrade" in headers.get("Connection", "").lower() and headers.get("Upgrade", "").lower() == "websocket"
    if not upgrades or headers.get("Sec-WebSocket-Version") != "13":
        raise Malformed("This address speaks WebSocket, version 13. The same is told by …/stream and …/events.")
    digest = hashlib.sha1(_key(headers.get("Sec-WebSocket-Key", "")) + MAGIC.encode(), usedforsecurity=False).digest()
    return {"Upgrade": "websocket", "Sec-WebSocket-Accept": base64.b64encode(digest).decode()}


def _key(text: str) -> bytes:
    try:
        fits = len(base64.b64decode(text, validate=True)) == 16
    except (binascii.Error, ValueError):
        fits = False
    if not fits:
        raise Malformed("Sec-WebSocket-Key must be 16 bytes in base64.")
    return text.encode()
