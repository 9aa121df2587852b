"""What every worker asks all the time is answered by an index, also by a plan made once for all values."""

import uuid
from typing import Any

import pytest
from sqlalchemy import Engine, Select
from sqlalchemy.dialects.postgresql import asyncpg

from app.lifecycle import claims, settle, sweep
from app.models.tables import STEP

ASKED = {
    "the next ready step": (claims._READY, "ix_request_steps_ready"),
    "the next wait that is due": (claims._DUE, "ix_request_steps_due"),
    "whether anything is ready": (claims._ANY_READY, "ix_request_steps_ready"),
    "heartbeats": (STEP.select().where(claims._EXTEND.whereclause).params(tokens=[uuid.uuid4()]), "ix_request_steps_running"),
    "leases that ran out": (sweep._expired(), "ix_request_steps_running"),
    "retries that are due": (sweep._due_retries(), "ix_request_steps_due"),
    "work for the bell": (sweep._work(), "ix_request_steps_ready"),
    "requests that stand still": (sweep._stuck(), "ix_service_requests_moving"),
    "the open ticket of a step": (STEP.select().where(settle._HAS_TICKET), "uq_manual_tickets_one_open"),
}


def plan(engine: Engine, statement: Select[Any]) -> str:
    """The generic plan of a statement where reading a whole table is the last resort."""
    written = str(statement.compile(dialect=asyncpg.dialect(), compile_kwargs={"render_postcompile": True}))
    with engine.connect() as connection:
        connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        rows = connection.exec_driver_sql(f"EXPLAIN (GENERIC_PLAN) {written}".replace("%", "%%"))
        return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize("asked", ASKED)
def test_an_index_answers(database: Engine, asked: str) -> None:
    statement, index = ASKED[asked]
    assert index in plan(database, statement)


def test_waits_that_are_not_due_are_not_even_read(database: Engine) -> None:
    assert "Index Cond: (check_after <= statement_timestamp())" in plan(database, claims._DUE)
