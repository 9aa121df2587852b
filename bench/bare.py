"""The least that a Flask view could do: run the statements that a call of ours runs, and answer the rows as JSON.

`BENCH_BARE` names a file with what to run, as `bench.web_calls` writes it. No validation, nobody is asked who they are.
"""

import json
import os
import pickle
import uuid
from collections.abc import Mapping, Sequence
from enum import Enum, auto
from pathlib import Path
from typing import Any

from flask import Flask, Response
from sqlalchemy import create_engine
from sqlalchemy.engine.interfaces import DBAPIConnection

VARIABLE = "BENCH_BARE"


class Mark(Enum):
    """What stands in a row that is inserted again for what must be another each time."""

    THIS_REQUEST = auto()
    ITS_ID = auto()
    NEW = auto()


THIS_REQUEST, ITS_ID, NEW = Mark


def create_app() -> Flask:
    """A view a call: `/read/<name>` runs its statements, `/write` inserts one request with all its rows."""
    spec = pickle.loads(Path(os.environ[VARIABLE]).read_bytes())  # noqa: S301 - the bench itself has just written it
    engine = create_engine(os.environ["DATABASE_URL"], pool_size=10)
    # A read of ours begins no transaction, so the bare one has none to pay for either.
    reading = create_engine(os.environ["DATABASE_URL"], pool_size=10, isolation_level="AUTOCOMMIT")
    app = Flask(__name__)

    @app.get("/read/<name>")
    def read(name: str) -> Response:
        connection = reading.raw_connection()
        try:
            rows = [_read(connection, sql, given) for sql, given in spec["reads"][name]]
        finally:
            connection.close()
        return Response(json.dumps(rows, default=str), mimetype="application/json")

    @app.post("/write")
    def write() -> tuple[Response, int]:
        connection = engine.raw_connection()
        try:
            request_id = _write(connection, spec["write"])
            connection.commit()
        finally:
            connection.close()
        return Response(json.dumps({"request_id": request_id}), mimetype="application/json"), 201

    return app


def _read(connection: DBAPIConnection, sql: str, given: Mapping[str, Any]) -> list[Any]:
    cursor = connection.cursor()
    cursor.execute(sql, given)
    return list(cursor.fetchall()) if cursor.description else []


def _write(connection: DBAPIConnection, tables: Sequence[tuple[str, list[dict[str, Any]]]]) -> str:
    """Insert the rows of one request under ids of its own."""
    key, public = uuid.uuid4(), f"req-bare-{uuid.uuid4().hex[:12]}"
    cursor = connection.cursor()
    for table, rows in tables:
        columns = list(rows[0])
        sql = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join(f'%({name})s' for name in columns)})"
        cursor.executemany(sql, [_renewed(row, key, public) for row in rows])
    return public


def _renewed(row: Mapping[str, Any], key: uuid.UUID, public: str) -> dict[str, Any]:
    return {
        name: key if value is THIS_REQUEST else public if value is ITS_ID else uuid.uuid4() if value is NEW else value
        for name, value in row.items()
    }
