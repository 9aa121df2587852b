"""How many calls a person may make in a minute; each kind of call is counted apart, in Redis, which may be away.

One counter a caller, kind and minute that starts with the first call. A process takes a hundredth of the limit at once, ten
calls at most, and counts those by itself: nobody gets more than the limit, and with several processes somebody may get less, by
what the others have taken and not used.
"""

import logging
import math
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

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
EXTENSION = "limits"
PART = 100
LARGEST_BLOCK = 10
MOST_BLOCKS = 10_000
"""More callers than that are looked through for those whose minute is over."""
Kind = Literal["reads", "writes", "choices"]


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


@dataclass(slots=True)
class Block:
    """Calls that this process has taken. last: the number of the last of them; left: how many are not used; ends: monotonic."""

    last: int
    left: int
    ends: float

    def next(self, limit: int, now: float) -> Standing:
        """Use one."""
        self.left -= 1
        return Standing(limit, self.last - self.left, max(math.ceil(self.ends - now), 1))


class Counters:
    """Counts in Redis, block by block.

    Where it does not answer, nothing is counted: everybody is let through, and it is asked again later.
    """

    def __init__(self, url: str) -> None:
        self.redis: Redis = Redis.from_url(url, socket_connect_timeout=PATIENCE_SECONDS, socket_timeout=PATIENCE_SECONDS)
        self.away_until = 0.0
        self.lock = threading.Lock()
        self.blocks: dict[str, Block] = {}

    def count(self, key: str, limit: int) -> Standing | None:
        """Count one call under `key`; None when Redis is away. Cost: a round trip a block, at most 0.2 s once in 5 s."""
        now = time.monotonic()
        with self.lock:  # also while Redis is asked: two threads that took a block each would waste one
            block = self.blocks.get(key)
            if block is None or not block.left or now >= block.ends:
                block = self._taken(key, max(1, min(limit // PART, LARGEST_BLOCK)), now)
            return None if block is None else block.next(limit, now)

    def _taken(self, key: str, size: int, now: float) -> Block | None:
        if now < self.away_until:
            return None
        try:
            with self.redis.pipeline(transaction=False) as pipe:
                pipe.incrby(key, size)
                pipe.expire(key, WINDOW_SECONDS, nx=True)
                pipe.pttl(key)
                last, _, left_ms = pipe.execute()
        except RedisError as error:
            self.away_until = time.monotonic() + PAUSE_SECONDS
            log.warning("calls are not counted, Redis does not answer", extra={"error": str(error)})
            return None
        self._forget_old(now)
        self.blocks[key] = Block(int(last), size, now + int(left_ms) / 1000)
        return self.blocks[key]

    def _forget_old(self, now: float) -> None:
        if len(self.blocks) > MOST_BLOCKS:
            self.blocks = {key: block for key, block in self.blocks.items() if now < block.ends}


@dataclass(frozen=True, slots=True)
class Limits:
    """The counters with what is allowed a minute, by kind of call."""

    counters: Counters
    allowed: Mapping[Kind, int]


def install(settings: Settings) -> Limits:
    """The limits of these settings: whoever fills in a form searches choices as often as a program may read.

    Does not ask Redis yet.
    """
    reads, writes = settings.reads_per_minute, settings.writes_per_minute
    return Limits(Counters(settings.redis_url), {"reads": reads, "writes": writes, "choices": reads})


def count_call() -> None:
    """Count this call of the API by its method, where it is known whose it is. Raises TooManyCalls."""
    if g.get("person") is not None:
        count("reads" if request.method in SAFE_METHODS else "writes")


def count(kind: Kind) -> None:
    """Count a call of the person who is known. Raises TooManyCalls."""
    limits: Limits = current_app.extensions[EXTENSION]
    g.standing = limits.counters.count(f"stratus:calls:{g.person.id}:{kind}", limits.allowed[kind])
    if g.standing is not None and g.standing.used > g.standing.limit:
        raise TooManyCalls(g.standing.reset)


def say_so(response: Response) -> Response:
    """Tell the caller where they stand."""
    standing: Standing | None = g.get("standing")
    if standing is not None:
        response.headers.update(standing.headers)
    return response
