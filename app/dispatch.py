"""The doorbell: Redis wakes workers, and nothing is ever read back from it. Losing it costs latency, never work.

Each worker listens on a queue of its own, where RQ delivers it one bounded `drain` job at a time. Inside it, and between
steps, it waits on the bell: a list whose length is capped, since a bell that rings twice says no more than once.
"""

import logging
import time

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

log = logging.getLogger(__name__)

BELL = "stratus:bell"
MOST_RINGS = 64
RING_SECONDS = 0.5
"""How long whoever rings waits for Redis at most: orders are accepted while it hangs."""
DEAF_SECONDS = 2.0
"""For how long a Redis that did not answer is not asked again."""
DRAIN = "app.jobs.drain"
ALLOWED = frozenset({DRAIN})
"""The functions that a queue may ask for. Anything else in Redis is not run."""


class Doorbell:
    """Rings, and waits for rings. A Redis that does not answer is a bell that nobody hears."""

    def __init__(self, url: str, prefix: str = "") -> None:
        self.redis: Redis = Redis.from_url(url, socket_connect_timeout=1, socket_timeout=5, health_check_interval=30)
        self._ringer: Redis = Redis.from_url(url, socket_connect_timeout=RING_SECONDS, socket_timeout=RING_SECONDS)
        self._deaf_until = 0.0
        self.key = prefix + BELL

    def ring(self, ready: int) -> bool:
        """Wake up to `ready` waiting workers; False when Redis does not answer. Cost: one round trip, half a second at most.

        A Redis that hangs costs its callers that once in two seconds, not each of them.
        """
        if time.monotonic() < self._deaf_until:
            return False
        try:
            with self._ringer.pipeline(transaction=False) as pipe:
                pipe.lpush(self.key, *["1"] * min(ready, MOST_RINGS))
                pipe.ltrim(self.key, 0, MOST_RINGS - 1)
                pipe.execute()
        except RedisError as error:
            self._deaf_until = time.monotonic() + DEAF_SECONDS
            log.warning("bell not rung, the sweep will find the work", extra={"ready": ready, "error": str(error)})
            return False
        return True

    def wait(self, seconds: float) -> bool:
        """Wait for a ring; True when one came. Raises RedisError when Redis does not answer."""
        return self.redis.blpop([self.key], timeout=seconds) is not None

    def close(self) -> None:
        """Close the connections to Redis."""
        self.redis.close()
        self._ringer.close()

    def queue(self, worker: str) -> Queue:
        """The queue of one worker. Names never come from users."""
        return Queue(f"stratus-{worker}", connection=self.redis, serializer=JSONSerializer)

    def forget(self, worker: str) -> None:
        """Throw away the queue of a worker that is gone."""
        try:
            self.queue(worker).delete(delete_jobs=True)
        except RedisError as error:
            log.warning("the queue of a gone worker stays", extra={"worker": worker, "error": str(error)})

    def ask_to_drain(self, worker: str) -> bool:
        """Queue one drain for a worker, unless one waits already; False when Redis does not answer."""
        try:
            queue = self.queue(worker)
            if queue.count == 0:
                queue.enqueue(DRAIN, job_timeout=-1, result_ttl=0, failure_ttl=0)
        except RedisError:
            return False
        return True
