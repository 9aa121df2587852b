"""Orders flows of plain RQ and times them: `python drive.py REDIS_URL`. Runs in RQ's own environment.

Reads lines `one JOB N` (N flows, each when the one before has ended) or `many JOB N` (all at once) and answers each with a
line of JSON: the milliseconds of every flow, or the seconds until the last one ended.
"""

import json
import sys
import time

from redis import Redis
from rq import Queue
from rq.job import Job, JobStatus

LOOK_SECONDS = 0.001
COUNT_SECONDS = 0.02
TOO_LONG = 300.0


def flow(queue: Queue, job: str) -> Job:
    """Three jobs at once, then one, then one; answers the last."""
    first = [queue.enqueue(job) for _ in range(3)]
    fourth = queue.enqueue(job, depends_on=first)
    return queue.enqueue(job, depends_on=fourth)


def one(queue: Queue, job: str) -> float:
    """Milliseconds of one flow."""
    began = time.perf_counter()
    last = flow(queue, job)
    while last.get_status(refresh=True) != JobStatus.FINISHED:
        time.sleep(LOOK_SECONDS)
    return (time.perf_counter() - began) * 1000


def many(queue: Queue, job: str, number: int) -> float:
    """Seconds of `number` flows, from the first order to the last end."""
    finished = queue.finished_job_registry
    before, began = finished.get_job_count(cleanup=False), time.perf_counter()
    for _ in range(number):
        flow(queue, job)
    while finished.get_job_count(cleanup=False) < before + 5 * number and time.perf_counter() - began < TOO_LONG:
        time.sleep(COUNT_SECONDS)
    return time.perf_counter() - began


if __name__ == "__main__":
    queue = Queue("bench", connection=Redis.from_url(sys.argv[1]))
    for line in sys.stdin:
        what, name, number = line.split()
        job, times = f"jobs.{name}", int(number)
        said = many(queue, job, times) if what == "many" else [one(queue, job) for _ in range(times)]
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()
