"""What workers learn from finished requests, over PostgreSQL."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select, text

from app.core.outcomes import Done, Failed
from app.lifecycle import forecasts
from app.models.tables import FORECAST, REQUEST, STEP, TICKET
from app.queries import forecast
from tests.fixtures.house import House, http, item
from tests.lifecycle.test_plans import crowd, plan

AT_ONCE = timedelta(seconds=-1)
BROKEN = Failed("It broke", kind="http_error", details={}, retryable=False)


@pytest.fixture
def thing(house: House) -> House:
    house.offer(thing=item(http("make")))
    return house


def run(house: House, number: int = 1, *, by_hand: bool = False) -> None:
    """Order the thing so many times and let it be done."""
    for _ in range(number):
        house.order("thing")
        house.finish(BROKEN if by_hand else Done())
        if by_hand:
            house.end_ticket("resolve", {}, "by hand")


def learned(house: House):
    (row,) = house.rows(select(FORECAST))
    return row


def test_what_was_completed_is_read_once(thing):
    run(thing, 3)
    assert forecasts.learn(thing.engine, AT_ONCE) == 3
    assert forecasts.learn(thing.engine, AT_ONCE) == 0
    assert (learned(thing).kind, learned(thing).name, learned(thing).runs) == ("item", "thing", 3)


def test_what_was_completed_a_moment_ago_is_left_for_the_next_time(thing):
    run(thing)
    assert forecasts.learn(thing.engine) == 0


def test_too_few_runs_have_no_figures(thing, session):
    run(thing, 9)
    forecasts.learn(thing.engine, AT_ONCE)
    assert (learned(thing).usual, forecast.of_entry(session, "item", "thing")) == (None, None)


def test_ten_runs_tell_how_long_how_often_and_which_step(thing, session):
    run(thing, 8)
    forecasts.learn(thing.engine, AT_ONCE)
    run(thing, 2, by_hand=True)
    forecasts.learn(thing.engine, AT_ONCE)
    found = forecast.of_entry(session, "item", "thing")
    assert (found.runs, found.helped, found.steps.keys()) == (10, 2, {"thing.make"})
    assert 0 < found.usual <= found.late
    assert found.wait > 0


def test_what_goes_on_or_has_failed_is_not_counted(thing):
    house = thing
    house.order("thing")
    house.order("thing")
    house.finish(BROKEN)
    house.end_ticket("reject", "No room.")
    assert forecasts.learn(house.engine, AT_ONCE) == 0


def test_many_are_read_in_batches(thing, monkeypatch):
    monkeypatch.setattr(forecasts, "BATCH", 2)
    run(thing, 5)
    assert forecasts.learn(thing.engine, AT_ONCE) == 5
    assert learned(thing).runs == 5


def test_of_a_long_past_only_the_newest_are_read(thing, monkeypatch):
    monkeypatch.setattr(forecasts, "PAST", 2)
    run(thing, 5)
    assert forecasts.learn(thing.engine, AT_ONCE) == 2


def test_two_workers_at_once_read_it_once(thing):
    run(thing)
    with thing.engine.begin() as other:
        other.execute(text(forecasts.ONCE))
        assert forecasts.learn(thing.engine, AT_ONCE) == 0
    assert forecasts.learn(thing.engine, AT_ONCE) == 1


@pytest.fixture
def crowded(thing: House) -> Iterator[Connection]:
    """A connection to a house full of finished requests and resolved tickets."""
    run(thing, by_hand=True)
    fresh = {"id": "gen_random_uuid()"}
    with thing.engine.connect() as connection:
        crowd(connection, REQUEST, request_id="gen_random_uuid()::text", number="1000000 + generate_series", **fresh)
        crowd(connection, STEP, step_id="gen_random_uuid()::text", **fresh)
        crowd(
            connection, TICKET, ticket_id="gen_random_uuid()::text", owner_team="'team-' || mod(generate_series, 200)", **fresh
        )
        yield connection
        connection.rollback()


def test_what_was_completed_since_is_found_by_an_index(crowded):
    for statement in (forecasts._completed(None, AT_ONCE), forecasts._beginning()):
        assert "ix_service_requests_completed" in plan(crowded, statement)


def test_the_last_tickets_of_a_team_are_found_by_an_index(crowded):
    found = plan(crowded, forecast.resolving("platform-data-team"))
    assert "ix_manual_tickets_queue" in found
    assert "Sort" not in found


def test_the_last_approvals_of_a_team_are_found_by_an_index(crowded):
    assert "ix_approvals_decided" in plan(crowded, forecast.deciding("team:platform-data-team"))
