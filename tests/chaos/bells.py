"""A doorbell that cannot be trusted: rings that come twice, late, out of order or never."""

import random

from redis.exceptions import RedisError
from rq import Queue
from rq.serializers import JSONSerializer

from app.dispatch import BELL, DRAIN
from tests.chaos.stack import Stack


def muddle(stack: Stack, chance: random.Random) -> None:
    """Do one unfair thing to the bell and one to a worker's queue."""
    client = stack.redis()
    try:
        match chance.randrange(3):
            case 0:
                client.lpush(BELL, *["1"] * chance.randint(1, 20))
            case 1:
                client.delete(BELL)
            case _:
                client.lpop(BELL, chance.randint(1, 5))
        _muddle_queue(stack, chance)
    except RedisError:
        return


def _muddle_queue(stack: Stack, chance: random.Random) -> None:
    """Queue a drain twice, or turn a queue around."""
    client = stack.redis()
    queues = sorted(key.decode().removeprefix("rq:queue:") for key in client.smembers("rq:queues"))
    if not queues:
        return
    queue = Queue(chance.choice(queues), connection=client, serializer=JSONSerializer)
    if chance.random() < 0.5 and queue.count < 5:
        queue.enqueue(DRAIN, job_timeout=-1, result_ttl=0, failure_ttl=0)
    elif (job := client.rpop(queue.key)) is not None:
        client.lpush(queue.key, job)
