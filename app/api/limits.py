"""How many calls a caller may make in a minute; reads and writes are counted apart, in Redis, which may be away.

One counter a caller, kind and minute that starts with the first call: INCR and EXPIRE in one round trip.
"""

import logging
import time
from dataclasses import dataclass

from flask import Response, current_app, g, request
from redis import Redis
from redis.exceptions import RedisError

from app.errors import StratusError
from app.identity.guard import SAFE_METHODS
from config import Settings

log = logging.getLogger(__name__)

WINDOW_SECONDS = 60
PATIENCE_SECONDS = 0.2
PAUSE_SECONDS = 5
EXTENSION = "api_limits"


class TooManyCalls(StratusError):
    """You have made more calls than this API takes in a minute. Wait a little, then go on."""

    status = 429
    code = "rate_limited"

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands: `limit` calls a window, `used` so far, seconds to the next window."""

    limit: int
    used: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """The same, as headers."""
        return {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(self.limit - self.used, 0)),
            "RateLimit-Reset": str(self.reset),
            "RateLimit-Policy": f"{self.limit};w={WINDOW_SECONDS}",
        }


class Counters:
    """Counts in Redis. Where it does not answer, nothing is counted: everybody is let through, and it is asked again later."""

    def __init__(self, url: str) -> None:
        self.redis: Redis = Redis.from_url(url, socket_connect_timeout=PATIENCE_SECONDS, socket_timeout=PATIENCE_SECONDS)
        self.away_until = 0.0

    def count(self, key: str, limit: int) -> Standing | None:
        """Count one call under `key`; None when Redis is away. Cost: one round trip, at most 0.2 s once in 5 s."""
        if time.monotonic() < self.away_until:
            return None
        try:
            with self.redis.pipeline(transaction=False) as pipe:
                pipe.incr(key)
                pipe.expire(key, WINDOW_SECONDS, nx=True)
                pipe.ttl(key)
                used, _, left = pipe.execute()
        except RedisError as error:
            self.away_until = time.monotonic() + PAUSE_SECONDS
            log.warning("calls are not counted, Redis does not answer", extra={"error": str(error)})
            return None
        return Standing(limit, int(used), max(int(left), 1))


@dataclass(frozen=True, slots=True)
class Limits:
    """The counters with what is allowed a minute."""

    counters: Counters
    reads: int
    writes: int


def install(settings: Settings) -> Limits:
    """The limits of these settings. Does not ask Redis yet."""
    return Limits(Counters(settings.redis_url), settings.reads_per_minute, settings.writes_per_minute)


def count_call() -> None:
    """Count this call of a known caller. Raises TooManyCalls."""
    person = g.get("person")
    if person is None:
        return
    limits: Limits = current_app.extensions[EXTENSION]
    kind, limit = ("reads", limits.reads) if request.method in SAFE_METHODS else ("writes", limits.writes)
    g.standing = limits.counters.count(f"stratus:calls:{person.id}:{kind}", limit)
    if g.standing is not None and g.standing.used > g.standing.limit:
        raise TooManyCalls(g.standing.reset)


def say_so(response: Response) -> Response:
    """Tell the caller where they stand."""
    standing: Standing | None = g.get("standing")
    if standing is not None:
        response.headers.update(standing.headers)
    return response
