"""What every worker asks all the time is answered by an index, also by a plan made once for all values."""

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection, Select, Table
from sqlalchemy.dialects.postgresql import asyncpg

from app.core.outcomes import Done
from app.lifecycle.engine import claims, settle, sweep
from app.models.tables import REQUEST, STEP
from tests.fixtures.house import House, http, item

ASKED = {
    "the next ready step": (claims._READY, "ix_request_steps_ready"),
    "the next wait that is due": (claims._DUE, "ix_request_steps_due"),
    "whether anything is due": (claims._ANY_DUE, "ix_request_steps_due"),
    "heartbeats": (STEP.select().where(claims._EXTEND.whereclause).params(tokens=[uuid.uuid4()]), "ix_request_steps_running"),
    "leases that ran out": (sweep._expired(), "ix_request_steps_running"),
    "retries that are due": (sweep._due_retries(), "ix_request_steps_due"),
    "work for the bell": (sweep._work(), "ix_request_steps_ready"),
    "requests that stand still": (sweep._stuck(), "ix_service_requests_moving"),
    "the open ticket of a step": (STEP.select().where(settle._HAS_TICKET), "uq_manual_tickets_one_open"),
}


CROWD = """
INSERT INTO {table} ({columns}, {own})
SELECT {columns}, {fresh} FROM {table}, generate_series(1, 3000)
"""


def crowd(connection: Connection, table: Table, **fresh: str) -> None:
    """Three thousand copies of a table's rows that have ended, with `fresh` in the columns that must differ."""
    columns = ", ".join(column.name for column in table.c if column.name not in fresh)
    text = CROWD.format(table=table.name, columns=columns, own=", ".join(fresh), fresh=", ".join(fresh.values()))
    connection.exec_driver_sql(text)
    connection.exec_driver_sql(f"ANALYZE {table.name}")


@pytest.fixture
def crowded(house: House) -> Iterator[Connection]:
    """A connection to a house full of requests that have ended: what an empty table's plan is, chance decides."""
    house.offer(thing=item(http("make")))
    house.order("thing")
    house.finish(Done())
    with house.engine.connect() as connection:
        crowd(connection, STEP, id="gen_random_uuid()", step_id="gen_random_uuid()::text")
        crowd(
            connection,
            REQUEST,
            id="gen_random_uuid()",
            request_id="gen_random_uuid()::text",
            number="1000000 + generate_series",
        )
        yield connection
        connection.rollback()


def plan(connection: Connection, statement: Select[Any]) -> str:
    """The generic plan of a statement where reading a whole table is the last resort."""
    written = str(statement.compile(dialect=asyncpg.dialect(), compile_kwargs={"render_postcompile": True}))
    connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
    rows = connection.exec_driver_sql(f"EXPLAIN (GENERIC_PLAN) {written}".replace("%", "%%"))
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize("asked", ASKED)
def test_an_index_answers(crowded: Connection, asked: str) -> None:
    statement, index = ASKED[asked]
    assert index in plan(crowded, statement)


def test_waits_that_are_not_due_are_not_even_read(crowded: Connection) -> None:
    assert "Index Cond: (check_after <= statement_timestamp())" in plan(crowded, claims._DUE)
