"""One-time tickets that open a WebSocket from a page: a browser sends no header of ours with it, and no secret in an address.

A ticket is good for one session, one request and half a minute, once. Only its hash is kept, in Redis: losing that costs a
client another way of being told, never more.
"""

import secrets
import uuid

from redis import Redis
from redis.exceptions import RedisError

from app.errors import Unavailable
from app.identity.tokens import digest

SECONDS = 30
PATIENCE_SECONDS = 0.5
PREFIX = "stratus:ticket:"


class Tickets:
    """The tickets of one portal. url: of its Redis, which is not asked before it is needed."""

    def __init__(self, url: str) -> None:
        self._redis: Redis = Redis.from_url(url, socket_connect_timeout=PATIENCE_SECONDS, socket_timeout=PATIENCE_SECONDS)

    def give(self, session_id: uuid.UUID, request_id: str) -> str:
        """A new ticket for a session to watch a request. Raises Unavailable when Redis does not answer."""
        ticket = secrets.token_urlsafe(32)
        try:
            self._redis.set(PREFIX + digest(ticket), _purpose(session_id, request_id), ex=SECONDS)
        except RedisError as error:
            raise Unavailable("No ticket can be given right now. The same is told by the stream of the page.") from error
        return ticket

    def take(self, ticket: str, session_id: uuid.UUID, request_id: str) -> bool:
        """Use a ticket up; False when it was never given for this, was used, or is too old. Raises Unavailable."""
        try:
            kept = self._redis.getdel(PREFIX + digest(ticket))
        except RedisError as error:
            raise Unavailable("No ticket can be checked right now. The same is told by the stream of the page.") from error
        return bool(kept == _purpose(session_id, request_id).encode())


def _purpose(session_id: uuid.UUID, request_id: str) -> str:
    return f"{session_id} {request_id}"
