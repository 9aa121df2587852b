"""Connections out of the pool live, and are asked for it only where that is in doubt."""

import time
from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine, text

from app.database import GIVEN_BACK, engine_options

LAST = "SELECT query FROM pg_stat_activity WHERE pid = {}"


@pytest.fixture
def pooled(settings) -> Iterator[Engine]:
    """An engine of ours with one connection, which has been used."""
    engine = create_engine(settings.database_url, **engine_options("stratus-test", pool_size=1, max_overflow=0))
    process(engine)
    yield engine
    engine.dispose()


def process(engine: Engine) -> int:
    """The server's process behind the one connection; asking leaves its statement behind as the last one."""
    with engine.connect() as connection:
        return connection.execute(text("SELECT pg_backend_pid()")).scalar_one()


def last_statement(pooled: Engine, database: Engine, number: int) -> str:
    """What the connection was sent last when it has only been taken out of the pool."""
    with pooled.connect(), database.connect() as other:
        return other.execute(text(LAST.format(number))).scalar_one()


def test_a_connection_that_was_used_a_moment_ago_is_not_asked(pooled, database):
    number = process(pooled)
    assert last_statement(pooled, database, number) == "ROLLBACK"


def test_one_that_nobody_used_for_a_while_is_asked(pooled, database):
    number = process(pooled)
    with pooled.connect() as connection:
        record = connection.connection._connection_record
    record.info[GIVEN_BACK] = time.monotonic() - 2
    assert last_statement(pooled, database, number) == ""


@pytest.mark.parametrize("idle_seconds", [0, 2])
def test_a_connection_that_the_server_has_ended_is_replaced_unseen(pooled, database, idle_seconds):
    ended = process(pooled)
    with pooled.connect() as connection:
        record = connection.connection._connection_record
    with database.connect() as other:
        other.execute(text(f"SELECT pg_terminate_backend({ended}, 5000)"))
    record.info[GIVEN_BACK] -= idle_seconds
    assert process(pooled) != ended
