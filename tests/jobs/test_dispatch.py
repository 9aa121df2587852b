"""The doorbell: rings for as many as can hear, and is no burden where Redis hangs."""

import socket
import time
from collections.abc import Iterator

import pytest
from redis import Redis

from app.dispatch import BELL, MOST_RINGS, Doorbell


@pytest.fixture
def hanging() -> Iterator[str]:
    """The address of a Redis that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=16) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


def test_a_ring_is_heard_and_more_than_enough_are_not_kept(redis_client: Redis, valkey_url: str) -> None:
    bell = Doorbell(valkey_url)
    assert bell.ring(1000)
    assert redis_client.llen(BELL) == MOST_RINGS
    assert bell.wait(0.1)
    bell.close()


def test_a_redis_that_hangs_costs_half_a_second_once(hanging: str) -> None:
    bell = Doorbell(hanging)
    began = time.monotonic()
    assert not any(bell.ring(1) for _ in range(20))
    assert time.monotonic() - began < 1.5
    bell.close()
