"""A worker of plain RQ: `python work.py REDIS_URL`, until SIGTERM. Runs in RQ's own environment."""

import sys

from redis import Redis
from rq import Queue, SimpleWorker

if __name__ == "__main__":
    connection = Redis.from_url(sys.argv[1])
    SimpleWorker([Queue("bench", connection=connection)], connection=connection).work(logging_level="WARNING")
