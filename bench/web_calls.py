"""What web and API cost besides their SQL: `POST /requests` and four reads, against a bare Flask view with the same SQL."""

import json
import pickle
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from psycopg.rows import dict_row
from psycopg.types.json import Json, Jsonb
from sqlalchemy import event

from app.extensions import db
from app.lifecycle.orders.submit import submit
from app.transaction import transaction
from bench.bare import ITS_ID, NEW, THIS_REQUEST, VARIABLE
from bench.calls import Call, rate
from bench.rows import Row, row
from bench.stage import Scale, Stage
from bench.timing import alternate, p50

ORDER: Mapping[str, Any] = {
    "catalog_bundle": "full-stack-web-app",
    "version": "2.1.0",
    "bundle_parameters": {"solution_name": "customer-portal", "enable_ha": True},
    "item_parameters": {
        "eks-container-app": {"app_name": "customer-portal-api", "environment": "staging", "replicas": 3},
        "postgres-database": {"database_name": "customer_portal_db", "allocated_storage": 250},
        "redis-cache": {"enabled": True, "cache_size": "cache.t3.micro"},
    },
    "requester": {"team": "customer-experience"},
}
Wrapper = type[Json] | type[Jsonb]
BODY = json.dumps(ORDER).encode()
BARE = "the same rows inserted by a bare Flask view"
SAME_SQL = "a bare Flask view with the same SQL"
OF_A_REQUEST = {
    "service_requests": "id = %(key)s",
    "bundle_request_items": "request_id = %(key)s",
    "request_steps": "request_id = %(key)s",
    "request_events": "request_id = %(key)s",
    "audit_log": "target = 'request:' || %(public)s",
}


def measure(stage: Stage, scale: Scale) -> list[Row]:
    """The rows of calls."""
    with stage.app.app_context():
        for _ in range(60):
            with transaction() as unit:
                public = submit(unit, stage.caller, ORDER).request_id
    paths = _paths(public)
    spec = {"write": _rows_of(stage, public), "reads": {name: _statements(stage, path) for name, path in paths.items()}}
    file = stage.home / "bare.pickle"
    file.write_bytes(pickle.dumps(spec))
    with stage.web() as (ours, _), stage.web("bench.bare:create_app()", {VARIABLE: str(file)}) as (bare, _):
        return [_post(stage, ours, bare, scale), *_reads(stage, ours, bare, scale, paths)]


def _post(stage: Stage, ours: str, bare: str, scale: Scale) -> Row:
    number, rounds = scale.of(400, 80, 4), scale.of(5, 2, 1)
    order, insert = Call.post("/api/v1/requests", BODY, stage.token), Call.post("/write", b"{}")
    seen = alternate({"ours": _rated(ours, order, number), "bare": _rated(bare, insert, number)}, rounds)
    return row(
        "`POST /requests`: validation, plan, rows, audit", BARE, p50(seen["ours"]), p50(seen["bare"]), ">= 0.5", "a second"
    )


def _reads(stage: Stage, ours: str, bare: str, scale: Scale, paths: Mapping[str, str]) -> Iterator[Row]:
    number, rounds = scale.of(400, 60, 4), scale.of(9, 2, 1)  # many: connections fall on the two processes as they like
    for name, path in paths.items():
        calls = {"ours": (ours, Call.get(path, stage.token)), "bare": (bare, Call.get(f"/read/{quote(name)}"))}
        seen = alternate({side: _rated(url, call, number) for side, (url, call) in calls.items()}, rounds)
        yield row(f"`GET` {name}", SAME_SQL, p50(seen["ours"]), p50(seen["bare"]), ">= 0.6", "a second")


def _rated(url: str, call: Call, number: int) -> Callable[[], list[float]]:
    return lambda: [rate(url, call, number)]


def _paths(public: str) -> dict[str, str]:
    return {
        "bundle": "/api/v1/catalog/bundles/full-stack-web-app",
        "item": "/api/v1/catalog/items/postgres-database",
        "request": f"/api/v1/requests/{public}",
        "list of 50": "/api/v1/requests?limit=50",
    }


def _statements(stage: Stage, path: str) -> list[tuple[str, Any]]:
    """The statements that a call of ours runs, who calls included."""
    client, headers = stage.app.test_client(), {"Authorization": f"Bearer {stage.token}"}
    client.get(path, headers=headers)  # what is noted once a minute is noted now
    with _noted(stage) as statements:
        answer = client.get(path, headers=headers)
    if answer.status_code != 200:
        raise RuntimeError(f"{path} answered {answer.status}: {answer.text[:300]}")
    return statements


@contextmanager
def _noted(stage: Stage) -> Iterator[list[tuple[str, Any]]]:
    noted: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, given: Any, _context: Any, _many: bool) -> None:
        noted.append((statement, given))

    with stage.app.app_context():
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            yield noted
        finally:
            event.remove(db.engine, "before_cursor_execute", note)


def _rows_of(stage: Stage, public: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """All rows of a request, ready to be inserted again under other ids."""
    with stage.connect() as connection:
        cursor = connection.cursor(row_factory=dict_row)
        found = cursor.execute("SELECT id FROM service_requests WHERE request_id = %s", [public]).fetchone()
        assert found is not None
        key, kinds, tables = found["id"], _json_columns(stage), []
        for table, where in OF_A_REQUEST.items():
            rows = cursor.execute(f"SELECT * FROM {table} WHERE {where}", {"key": key, "public": public}).fetchall()
            tables.append((table, [_again(table, row, key, kinds) for row in rows]))
    return tables


def _json_columns(stage: Stage) -> dict[tuple[str, str], Wrapper]:
    """How each JSON column is written: the key is (table, column)."""
    sql = "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE data_type IN ('json', 'jsonb')"
    with stage.connect() as connection:
        return {(table, column): Jsonb if kind == "jsonb" else Json for table, column, kind in connection.execute(sql)}


def _again(table: str, row: Mapping[str, Any], key: uuid.UUID, kinds: Mapping[tuple[str, str], Wrapper]) -> dict[str, Any]:
    """A row with marks in the place of what must be new; what the database counts by itself is left out."""
    counted = {"service_requests": "number", "audit_log": "id"}.get(table)
    return {name: _marked(table, name, value, key, kinds.get((table, name))) for name, value in row.items() if name != counted}


def _marked(table: str, name: str, value: Any, key: uuid.UUID, kind: Wrapper | None) -> Any:
    if value == key:
        return THIS_REQUEST
    if name == "id":
        return NEW
    if (table, name) == ("service_requests", "request_id"):
        return ITS_ID
    return kind(value) if kind is not None and value is not None else value
