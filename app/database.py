"""How every process connects to PostgreSQL."""

import select
import time
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from sqlalchemy import QueuePool, event
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.pool import ConnectionPoolEntry

IN_DOUBT_SECONDS = 1.0
"""A connection that PostgreSQL has answered on since then is not asked whether it still lives."""
GIVEN_BACK = "given_back_at"


class Pool(QueuePool):
    """Hands out connections that live. One that is in doubt is asked, which costs a round trip.

    In doubt is what nobody used for a second, since a network may have swallowed it, and what has something to read though
    nobody has asked: a server that ends a connection says so, or closes it.
    """


@event.listens_for(Pool, "checkin")
def _note(_connection: psycopg.Connection | None, record: ConnectionPoolEntry) -> None:
    record.info[GIVEN_BACK] = time.monotonic()


@event.listens_for(Pool, "checkout")
def _refuse_dead(connection: psycopg.Connection, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Raises InvalidatePoolError: the pool then makes new connections, as all of them may be gone."""
    given_back = record.info.get(GIVEN_BACK)
    if given_back is None:
        return  # it was made for this
    doubtful = time.monotonic() - given_back > IN_DOUBT_SECONDS or _has_something_to_read(connection)
    if doubtful and not _answers(connection):
        raise InvalidatePoolError


def _has_something_to_read(connection: psycopg.Connection) -> bool:
    if connection.closed:
        return True
    waiting = select.poll()
    waiting.register(connection.fileno(), select.POLLIN)
    return bool(waiting.poll(0))


def _answers(connection: psycopg.Connection) -> bool:
    """Send a statement that is empty, which begins no transaction."""
    try:
        return connection.pgconn.exec_(b"").status == ExecStatus.EMPTY_QUERY
    except psycopg.OperationalError:
        return False


def engine_options(application: str, *, statement_seconds: int | None = None, **pool: int) -> dict[str, Any]:
    """How web and workers connect to PostgreSQL.

    A server that is gone or black-holed is given up within seconds: heartbeats must not hang on it. No snapshot stays open
    because a transaction was forgotten: it would slow every claim down. An error's text carries no values: some are secret.
    """
    limits = ["-c idle_in_transaction_session_timeout=60s"]
    if statement_seconds is not None:
        limits.append(f"-c statement_timeout={statement_seconds}s")
    return {
        "poolclass": Pool,
        "hide_parameters": True,
        "connect_args": {
            "application_name": application,
            "connect_timeout": 5,
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
            "options": " ".join(limits),
        },
        **pool,
    }
