"""How many calls a caller may make in a minute."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from app.limits import Counters


@pytest.fixture
def few(portal, redis_client):
    """A portal that takes three reads and two writes a minute."""
    return portal(reads_per_minute=3, writes_per_minute=2)


def test_a_caller_is_told_where_they_stand(sarah, redis_client):
    sarah.get("/api/v1/me")
    headers = sarah.get("/api/v1/me").headers
    assert (headers["RateLimit-Limit"], headers["RateLimit-Remaining"]) == ("300", "298")
    assert 0 < int(headers["RateLimit-Reset"]) <= 60


def test_too_many_calls_are_refused(few):
    sarah = few("sarah-123")
    answers = [sarah.get("/api/v1/me") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[-1].json["code"] == "rate_limited"
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[-1].headers["RateLimit-Remaining"] == "0"


def test_writes_are_counted_apart_from_reads(few):
    sarah = few("sarah-123")
    for _ in range(4):
        sarah.get("/api/v1/me")
    assert [sarah.post("/api/v1/requests", json={}).status_code for _ in range(3)] == [422, 422, 429]


def test_every_caller_is_counted_alone(few):
    for _ in range(4):
        few("sarah-123").get("/api/v1/me")
    assert few("bob-456").get("/api/v1/me").status_code == 200


def test_a_caller_is_one_whatever_token_they_use(few, people):
    sarah = few("sarah-123")
    for _ in range(3):
        sarah.get("/api/v1/me")
    sarah.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {people.mint('sarah-123')}"
    assert sarah.get("/api/v1/me").status_code == 429


def test_a_minute_later_all_calls_are_there_again(few, people, redis_client):
    sarah = few("sarah-123")
    for _ in range(4):
        sarah.get("/api/v1/me")
    redis_client.delete(f"stratus:calls:{people.person('sarah-123').id}:reads")
    assert sarah.get("/api/v1/me").status_code == 200


def numbers(counters, limit, calls):
    return [counters.count("a-key", limit).used for _ in range(calls)]


def test_a_process_asks_redis_once_for_several_calls(settings, redis_client):
    assert numbers(Counters(settings.redis_url), 300, 4) == [1, 2, 3, 4]
    assert redis_client.get("a-key") == b"6"


@pytest.mark.parametrize(("limit", "taken"), [(3, b"1"), (100, b"1"), (300, b"3"), (1_000_000, b"10")])
def test_a_block_is_a_hundredth_of_the_limit_and_ten_at_most(settings, redis_client, limit, taken):
    Counters(settings.redis_url).count("a-key", limit)
    assert redis_client.get("a-key") == taken


def test_processes_together_let_through_what_is_allowed_but_for_a_block_each(settings, redis_client):
    processes = [Counters(settings.redis_url) for _ in range(3)]
    let_through = sum(processes[call % 3].count("a-key", 300).used <= 300 for call in range(400))
    assert let_through == 300
    redis_client.flushdb()
    idle, busy = Counters(settings.redis_url), Counters(settings.redis_url)
    idle.count("a-key", 300)
    assert sum(used <= 300 for used in numbers(busy, 300, 400)) == 300 - 3


def test_a_block_is_gone_with_its_minute(settings, redis_client):
    counters = Counters(settings.redis_url)
    counters.count("a-key", 300)
    counters.blocks["a-key"].ends = 0
    redis_client.delete("a-key")
    assert numbers(counters, 300, 1) == [1]


def test_threads_of_a_process_are_given_every_number_once(settings, redis_client):
    counters = Counters(settings.redis_url)
    with ThreadPoolExecutor(8) as threads:
        used = list(threads.map(lambda _call: counters.count("a-key", 300).used, range(200)))
    assert sorted(used) == list(range(1, 201))


def test_a_counter_ends_by_itself(settings, redis_client):
    Counters(settings.redis_url).count("a-key", 10)
    assert 0 < redis_client.ttl("a-key") <= 60


def test_a_redis_that_is_away_is_left_alone_for_a_while():
    counters = Counters("redis://127.0.0.1:1/0")
    assert counters.count("a-key", 10) is None
    assert counters.away_until > 0


def test_health_is_not_counted(nobody, redis_client):
    assert "RateLimit-Limit" not in nobody.get("/api/v1/health/live").headers
