"""The doorbell: Redis wakes workers, and nothing is ever read back from it. Losing it costs latency, never work.

Each worker listens on a queue of its own, where RQ delivers it one bounded `drain` job at a time. Inside it, and between
steps, it waits on the bell: a list whose length is capped, since a bell that rings twice says no more than once. Whoever only
rings never loads RQ.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

from redis import Redis
from redis.exceptions import RedisError

from app.events import CHANNEL

if TYPE_CHECKING:
    from rq import Queue

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
BREATH_SECONDS = 0.02
"""Pause between two messages to the live streams; what has news meanwhile shares the next one."""
IDLE_SECONDS = 10.0
MOST_KEYS = 500


class Crier:
    """Says which requests have news, on a thread of its own: whoever has written an event goes on at once.

    What Redis does not take is forgotten: those who watch look by themselves every two seconds.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis
        self._waiting: set[str] = set()
        self._closed = False
        self._lock = threading.Lock()
        self._some = threading.Event()
        self._thread: threading.Thread | None = None

    def tell(self, requests: Iterable[uuid.UUID]) -> None:
        """Say soon that these requests (the keys of their rows) have news. Cost: some microseconds, whatever Redis does."""
        keys = {str(key) for key in requests}
        if not keys:
            return
        with self._lock:
            if self._closed:
                return
            self._waiting |= keys
            if self._thread is None:
                self._thread = threading.Thread(target=self._go_on, name="crier", daemon=True)
                self._thread.start()
        self._some.set()

    def close(self) -> None:
        """Say nothing more, and let the thread go."""
        with self._lock:
            self._closed, thread = True, self._thread
        self._some.set()
        if thread is not None:
            thread.join()

    def _go_on(self) -> None:
        while (self._some.wait(IDLE_SECONDS) and not self._closed) or not self._gone():
            self._some.clear()
            with self._lock:
                keys, self._waiting = list(self._waiting), set()
            for first in range(0, len(keys), MOST_KEYS):
                self._say(" ".join(keys[first : first + MOST_KEYS]))
            time.sleep(BREATH_SECONDS)

    def _gone(self) -> bool:
        """Nothing was said for a while, or nothing is to be: the thread ends, unless somebody has something to say."""
        with self._lock:
            if not self._waiting or self._closed:
                self._thread = None
            return self._thread is None

    def _say(self, keys: str) -> None:
        try:
            self._redis.publish(CHANNEL, keys)
        except RedisError as error:
            log.info("news not said, those who watch will see", extra={"error": str(error)})


class Doorbell:
    """Rings, and waits for rings. A Redis that does not answer is a bell that nobody hears."""

    def __init__(self, url: str, prefix: str = "") -> None:
        self.redis: Redis = Redis.from_url(url, socket_connect_timeout=1, socket_timeout=5, health_check_interval=30)
        self._ringer: Redis = Redis.from_url(url, socket_connect_timeout=RING_SECONDS, socket_timeout=RING_SECONDS)
        self._deaf_until = 0.0
        self._crier = Crier(self._ringer)
        self.tell = self._crier.tell
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
        self._crier.close()
        self.redis.close()
        self._ringer.close()

    def queue(self, worker: str) -> Queue:
        """The queue of one worker. Names never come from users."""
        from rq import Queue
        from rq.serializers import JSONSerializer

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
