"""How many calls a caller may make in a minute."""

import pytest

from app.api.limits import Counters


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


def test_a_counter_ends_by_itself(settings, redis_client):
    Counters(settings.redis_url).count("a-key", 10)
    assert 0 < redis_client.ttl("a-key") <= 60


def test_a_redis_that_is_away_is_left_alone_for_a_while():
    counters = Counters("redis://127.0.0.1:1/0")
    assert counters.count("a-key", 10) is None
    assert counters.away_until > 0


def test_health_is_not_counted(nobody, redis_client):
    assert "RateLimit-Limit" not in nobody.get("/api/v1/health/live").headers
