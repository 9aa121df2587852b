"""How deep the queue is costs what is not finished costs, however much is: an index of that answers each count."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from app.core.outcomes import Done
from app.models.tables import REQUEST, STEP
from app.queries import queue
from tests.fixtures.house import House, http, item
from tests.lifecycle.test_plans import crowd, plan

ASKED = {
    "steps that wait for a worker": (queue.READY.counted(), "ix_request_steps_ready"),
    "those that would be served last": (queue.READY.last(), "ix_request_steps_ready"),
    "waits that are due": (queue.DUE.counted(), "ix_request_steps_due"),
    "requests that wait for their turn": (queue.TURNS.counted(), "ix_service_requests_turn"),
    "open tickets": (queue.TICKETS.counted(), "uq_manual_tickets_one_open"),
    "steps in hand": (queue.IN_HAND, "ix_request_steps_running"),
}


@pytest.fixture
def finished(house: House) -> Iterator[Connection]:
    """A connection to a house full of requests that have ended."""
    house.offer(thing=item(http("make")))
    house.order("thing")
    house.finish(Done())
    fresh = {"id": "gen_random_uuid()"}
    with house.engine.connect() as connection:
        crowd(connection, STEP, step_id="gen_random_uuid()::text", **fresh)
        crowd(connection, REQUEST, request_id="gen_random_uuid()::text", number="1000000 + generate_series", **fresh)
        yield connection
        connection.rollback()


@pytest.mark.parametrize("asked", ASKED)
def test_an_index_of_what_is_not_finished_answers(finished: Connection, asked: str):
    statement, index = ASKED[asked]
    assert index in plan(finished, statement)
