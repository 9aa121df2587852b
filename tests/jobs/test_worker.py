"""Worker processes, for real: they run what is ordered, side by side, with or without Redis, and lose nothing when killed."""

import pickle
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest
from redis import Redis
from redis.exceptions import RedisError
from rq import Queue
from sqlalchemy import text

from app.dispatch import Doorbell
from app.models.tables import WORKER
from dev import ports
from dev.embedded import servers as embedded
from dev.embedded.valkey import Valkey
from tests.fixtures.house import House, item
from tests.jobs.conftest import Outside, Workers, ends_as, until
from worker import Listener


def post(outside: Outside, name: str, path: str, **more: str) -> str:
    keys = "".join(f", {key}: {value}" for key, value in more.items())
    return f"- {{name: {name}, type: HttpPost, template: {{url: '{outside.url(path)}'}}{keys}}}"


def offer(house: House, *steps: str) -> None:
    house.offer(thing=item("\n".join(steps)))


def test_independent_steps_meet_outside_before_either_is_answered(house: House, outside: Outside, workers: Workers) -> None:
    offer(house, post(outside, "one", "meet/1"), post(outside, "two", "meet/2"))
    workers.start()
    ends_as(house, house.order("thing").request_id, "completed")
    assert {path for path, _ in outside.seen} == {"/meet/1", "/meet/2"}


def test_two_workers_of_one_thread_share_a_request(house: House, outside: Outside, workers: Workers) -> None:
    offer(house, post(outside, "one", "meet/1"), post(outside, "two", "meet/2"))
    for _ in range(2):
        workers.start(WORKER_THREADS="1")
    ends_as(house, house.order("thing").request_id, "completed")
    assert len({house.attempts(name)[0].worker for name in ("one", "two")}) == 2


def test_a_chain_runs_to_its_end_and_each_call_carries_its_own_key(house: House, outside: Outside, workers: Workers) -> None:
    steps = [post(outside, "a", "a"), post(outside, "b", "b", depends_on="[a]"), post(outside, "c", "c", depends_on="[b]")]
    offer(house, *steps)
    workers.start()
    ends_as(house, house.order("thing").request_id, "completed")
    assert [path for path, _ in outside.seen] == ["/a", "/b", "/c"]
    assert len({key for _, key in outside.seen}) == 3


def test_without_redis_a_worker_claims_by_itself(house: House, outside: Outside, workers: Workers) -> None:
    offer(house, post(outside, "one", "one"))
    workers.start(REDIS_URL="redis://127.0.0.1:9/0")
    ends_as(house, house.order("thing").request_id, "completed")


def test_a_flushed_redis_changes_nothing(house: House, outside: Outside, workers: Workers, redis_client: Redis) -> None:
    offer(house, post(outside, "one", "one"))
    workers.start()
    ends_as(house, house.order("thing").request_id, "completed")
    redis_client.flushdb()
    ends_as(house, house.order("thing").request_id, "completed")


def test_a_worker_killed_during_the_call_leaves_an_unknown_step_for_a_person(
    house: House, outside: Outside, workers: Workers
) -> None:
    offer(house, post(outside, "one", "held"))
    worker = workers.start()
    made = house.order("thing")
    until(lambda: len(outside.seen) == 1)
    worker.send_signal(signal.SIGKILL)
    workers.start()
    ends_as(house, made.request_id, "awaiting_manual")
    assert (house.statuses(), len(house.tickets()), len(outside.seen)) == ({"one": "indeterminate"}, 1, 1)


def test_heartbeats_keep_a_step_that_takes_longer_than_its_lease(house: House, outside: Outside, workers: Workers) -> None:
    offer(house, post(outside, "one", "held"))
    workers.start(LEASE_SECONDS="1")
    workers.start(LEASE_SECONDS="1")
    made = house.order("thing")
    until(lambda: len(outside.seen) == 1)
    first = house.step("one").lease_until
    until(lambda: (house.step("one").lease_until - first).total_seconds() > 2.5)
    outside.hold.set()
    ends_as(house, made.request_id, "completed")
    assert len(outside.seen) == 1


def test_a_worker_that_lost_its_lease_writes_nothing(house: House, outside: Outside, workers: Workers) -> None:
    offer(house, post(outside, "one", "held"))
    workers.start()
    house.order("thing")
    until(lambda: len(outside.seen) == 1)
    with house.engine.begin() as connection:
        connection.execute(
            text("UPDATE request_steps SET lease_token = gen_random_uuid(), lease_until = now() + interval '1h'")
        )
    outside.hold.set()
    until(lambda: house.attempts("one")[0].late_result is not None)
    assert house.statuses() == {"one": "running"}
    assert house.attempts("one")[0].late_result["outcome"] == "Done"


def test_a_worker_told_to_stop_finishes_its_step_and_takes_no_other(house: House, outside: Outside, workers: Workers) -> None:
    offer(house, post(outside, "one", "held"), post(outside, "two", "two", depends_on="[one]"))
    worker = workers.start()
    house.order("thing")
    until(lambda: len(outside.seen) == 1)
    worker.send_signal(signal.SIGTERM)
    outside.hold.set()
    assert worker.wait(15) == 0
    assert house.statuses() == {"one": "completed", "two": "ready"}
    assert house.rows(WORKER.select())[0].stopped_at is not None


def test_jobs_that_nobody_allowed_are_not_run(
    house: House, outside: Outside, workers: Workers, redis_client: Redis, tmp_path: Path
) -> None:
    offer(house, post(outside, "one", "one"))
    workers.start(DRAIN_SECONDS="0.5")
    until(lambda: bool(redis_client.smembers("rq:queues")))
    queue = redis_client.smembers("rq:queues").pop().decode().removeprefix("rq:queue:")
    trace = tmp_path / "trace"
    Queue(queue, connection=redis_client, serializer="json").enqueue("os.system", f"touch {trace}")
    Queue(queue, connection=redis_client).enqueue("os.system", f"touch {trace}")
    redis_client.hset("rq:job:bad", mapping={"data": pickle.dumps(("os.system", None, [f"touch {trace}"], {}))})
    redis_client.rpush(f"rq:queue:{queue}", "bad")
    until(lambda: redis_client.llen(f"rq:queue:{queue}") == 0)
    ends_as(house, house.order("thing").request_id, "completed")
    assert not trace.exists()


def test_a_worker_told_to_stop_while_redis_is_away_finishes_its_step(house: House, outside: Outside, workers: Workers) -> None:
    offer(house, post(outside, "one", "held"))
    worker = workers.start(REDIS_URL="redis://127.0.0.1:9/0")
    house.order("thing")
    until(lambda: len(outside.seen) == 1)
    worker.send_signal(signal.SIGTERM)
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(3)
    outside.hold.set()
    assert worker.wait(15) == 0
    assert house.statuses() == {"one": "completed"}


def test_a_listener_that_lost_redis_can_be_told_to_stop() -> None:
    port, stopping, ended = ports.choose(), threading.Event(), threading.Event()

    def listen() -> None:
        queue = Doorbell(f"redis://:secret@127.0.0.1:{port}/0").queue("w1")
        with suppress(RedisError):
            Listener(queue, "w1", stopping).work(max_idle_time=60, logging_level="CRITICAL")
        ended.set()

    with tempfile.TemporaryDirectory(prefix="stratus-valkey-") as folder:
        Path(folder).chmod(0o755)
        redis = embedded.Servers(Path(folder), None, Valkey(Path(folder) / "valkey", port, "secret", scratch=True))
        redis.start()
        threading.Thread(target=listen, daemon=True).start()
        time.sleep(1)
        redis.stop()
    assert not ended.wait(1)
    stopping.set()
    assert ended.wait(10)


def test_a_drain_that_outlives_its_time_does_not_keep_postgresql_busy(house: House, outside: Outside, workers: Workers) -> None:
    offer(house, post(outside, "one", "held"))
    workers.start(DRAIN_SECONDS="0.1")
    house.order("thing")
    until(lambda: len(outside.seen) == 1)
    transactions = text("SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()")
    time.sleep(2)
    before = house.rows(transactions)[0][0]
    time.sleep(3)
    assert house.rows(transactions)[0][0] - before < 300
