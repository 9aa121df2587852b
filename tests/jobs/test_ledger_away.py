"""PostgreSQL goes away in the middle: nothing is called twice, and what was done is recorded when it is back."""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import psycopg
import pytest
from psycopg import sql

from config import Settings
from dev.embedded.postgres import SUPERUSER
from tests.fixtures.house import House, item
from tests.fixtures.servers import Address
from tests.jobs.conftest import Outside, Workers, ends_as, until

Away = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def ledger_away(servers: Address, settings: Settings) -> Away:
    """While the block lasts, workers have no connection to their database and get none."""
    name = settings.database_url.rpartition("/")[2]
    allow = sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS {}")
    cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s AND application_name = 'stratus-worker'"

    @contextmanager
    def away() -> Iterator[None]:
        with psycopg.connect(servers.postgres_url("postgres", SUPERUSER), autocommit=True) as connection:
            connection.execute(allow.format(sql.Identifier(name), sql.SQL("false")))
            connection.execute(cut, [name])
            try:
                yield
            finally:
                connection.execute(allow.format(sql.Identifier(name), sql.SQL("true")))

    return away


def test_a_call_whose_answer_comes_while_postgresql_is_away_is_made_once(
    house: House, outside: Outside, workers: Workers, ledger_away: Away
) -> None:
    step = f"- {{name: one, type: HttpPost, template: {{url: '{outside.url('held')}'}}}}"
    house.offer(thing=item(step))
    workers.start(LEASE_SECONDS="15")
    made = house.order("thing")
    until(lambda: len(outside.seen) == 1)
    with ledger_away():
        outside.hold.set()
        time.sleep(2)  # The answer arrives, and there is nobody to tell.
    ends_as(house, made.request_id, "completed")
    assert len(outside.seen) == 1
