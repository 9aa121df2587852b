"""GET /queue: how deep and how old the queue is, for those who keep the engine going."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, update

from app.core.outcomes import Waiting
from app.models.tables import REQUEST, STEP, WORKER
from app.queries import queue
from tests.fixtures.house import House

URL = "/api/v1/queue"


def count(answer, place: str) -> int:
    return answer.json[place]["count"]


def test_steps_that_wait_for_a_worker_are_counted_with_their_age(dana, placed, house: House):
    with house.engine.begin() as connection:
        connection.execute(update(STEP).where(STEP.c.status == "ready").values(ready_at=STEP.c.ready_at - timedelta(hours=1)))
    ready = dana.get(URL).json["ready"]
    assert (ready["count"], ready["more"]) == (list(house.statuses().values()).count("ready"), False)
    assert 3600 <= ready["oldest_seconds"] < 3660


def test_an_idle_house_has_nothing_waiting(dana):
    body = dana.get(URL).json
    assert [body[place] for place in ("ready", "due", "turns", "tickets")] == [
        {"count": 0, "more": False, "oldest_since": None, "oldest_seconds": None}
    ] * 4


def test_steps_in_hand_are_counted_by_what_is_done_with_them(dana, placed, house: House):
    house.must_claim()
    assert dana.get(URL).json["running"] == {"run": 1}


def test_a_wait_counts_once_its_time_has_come(dana, placed, house: House):
    house.finish(Waiting({}, timedelta(hours=1)))
    assert count(dana.get(URL), "due") == 0
    with house.engine.begin() as connection:
        connection.execute(update(STEP).where(STEP.c.status == "waiting").values(check_after=STEP.c.started_at))
    assert count(dana.get(URL), "due") == 1


def test_open_tickets_are_counted(dana, stuck):
    assert count(dana.get(URL), "tickets") == 1


def test_requests_that_wait_for_their_turn_are_counted(dana, placed, house: House):
    with house.engine.begin() as connection:
        connection.execute(update(REQUEST).values(admitted=False))
    assert count(dana.get(URL), "turns") == 1


@pytest.fixture
def workers(house: House) -> None:
    """One that is alive, one that fell silent, one that went."""
    now = "clock_timestamp()"
    with house.engine.begin() as connection:
        connection.execute(insert(WORKER).values(name="w1", threads=4))
        connection.execute(insert(WORKER).values(name="w2", threads=4))
        connection.execute(insert(WORKER).values(name="w3", threads=4))
        connection.exec_driver_sql("UPDATE workers SET seen_at = clock_timestamp() - interval '1 minute' WHERE name = 'w2'")
        connection.exec_driver_sql(f"UPDATE workers SET stopped_at = {now} WHERE name = 'w3'")


def test_only_workers_that_are_alive_count(dana, workers, placed, house: House):
    house.must_claim("w1")
    body = dana.get(URL).json
    assert [(one["name"], one["threads"], one["busy"]) for one in body["workers"]] == [("w1", 4, 1)]
    assert (body["threads"], body["busy"]) == (4, 1)


def test_a_long_queue_is_not_counted_to_its_end(dana, placed, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(queue, "MOST", 2)
    ready = dana.get(URL).json["ready"]
    assert (ready["count"], ready["more"]) == (2, True)


def test_whoever_would_be_served_last_is_not_forgotten(dana, placed, house: House, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(queue, "MOST", 1)
    with house.engine.begin() as connection:
        last = (STEP.c.status == "ready") & (STEP.c.step_name == "provision_redis")
        connection.execute(update(STEP).where(last).values(ready_at=STEP.c.ready_at - timedelta(hours=2)))
    assert dana.get(URL).json["ready"]["oldest_seconds"] >= 7200


def test_whoever_orders_is_told_that_it_is_not_for_them(sarah, synced_catalog):
    answer = sarah.get(URL)
    assert (answer.status_code, answer.json["code"]) == (403, "forbidden")


def test_platform_teams_see_it(carol, synced_catalog):
    assert carol.get(URL).status_code == 200
