"""Learns from finished requests how long entries take: reads what was completed since the last time, in order.

Nothing waits for it and an order pays one row of an index: figures may be some seconds old.
"""

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Engine, Row, Select, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import insert

from app.core.forecast import KEPT, Run, covered, forecast, step_key
from app.core.statuses import RequestStatus, StepStatus
from app.models.tables import APPROVAL, FORECAST, FORECAST_MARK, REQUEST, STEP, TICKET

BATCH = 500
MOST_BATCHES = 20
"""How much is read at once, so that a house with a long past does not keep a worker from its work."""
SETTLED = timedelta(seconds=10)
"""What was completed later is left for the next time: a transaction with an earlier time may not have been seen yet."""
PAST = 10_000
"""How many of the newest are read the first time: of a long past only the last runs of each entry would be kept."""
MARK = "requests"
ONCE = "SELECT pg_try_advisory_xact_lock(hashtext('stratus forecasts'))"
DONE = (REQUEST.c.status == RequestStatus.COMPLETED) & REQUEST.c.completed_at.is_not(None)
"""The second is what the index of what was completed holds."""

Entry = tuple[str, str]


def learn(engine: Engine, settled: timedelta = SETTLED) -> int:
    """Read what was completed and is not read yet; how many requests. Several workers at once read it once."""
    read = 0
    for _ in range(MOST_BATCHES):
        with engine.begin() as connection:
            done = _batch(connection, settled) if connection.scalar(text(ONCE)) else 0
        read += done
        if done < BATCH:
            break
    return read


def _batch(connection: Connection, settled: timedelta) -> int:
    rows = connection.execute(_completed(_mark(connection), settled)).all()
    if not rows:
        return 0
    found: dict[Entry, list[Run]] = defaultdict(list)
    for row, run in zip(rows, _runs(connection, rows), strict=True):
        found[row.catalog_kind, row.catalog_name].append(run)
    for entry, runs in sorted(found.items()):
        _add(connection, entry, runs)
    values = {"name": MARK, "completed_at": rows[-1].completed_at, "request_id": rows[-1].id}
    mark = insert(FORECAST_MARK).values(values)
    connection.execute(mark.on_conflict_do_update(index_elements=["name"], set_=values))
    return len(rows)


def _mark(connection: Connection) -> Row[Any] | None:
    """After which request to go on; None for the first there is."""
    found = connection.execute(select(FORECAST_MARK).where(FORECAST_MARK.c.name == MARK)).one_or_none()
    return found or connection.execute(_beginning()).one_or_none()


def _beginning() -> Select[Any]:
    done = select(REQUEST.c.completed_at, REQUEST.c.id.label("request_id")).where(DONE)
    return done.order_by(REQUEST.c.completed_at.desc(), REQUEST.c.id.desc()).offset(PAST).limit(1)


def _completed(mark: Row[Any] | None, settled: timedelta) -> Select[Any]:
    columns = [REQUEST.c[name] for name in ("id", "catalog_kind", "catalog_name", "created_at", "completed_at")]
    statement = select(*columns).where(DONE, REQUEST.c.completed_at < func.clock_timestamp() - settled)
    if mark is not None:
        statement = statement.where(tuple_(REQUEST.c.completed_at, REQUEST.c.id) > (mark.completed_at, mark.request_id))
    return statement.order_by(REQUEST.c.completed_at, REQUEST.c.id).limit(BATCH)


def _runs(connection: Connection, requests: Sequence[Row[Any]]) -> list[Run]:
    """What each of the requests was like. Cost: three statements."""
    keys = [one.id for one in requests]
    waited, steps = _waited(connection, keys), _steps(connection, keys)
    return [
        Run(
            took=(one.completed_at - one.created_at).total_seconds(),
            waited=covered(waited[one.id]) if one.id in waited else None,
            steps=steps.get(one.id, {}),
        )
        for one in requests
    ]


def _waited(connection: Connection, requests: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, list[tuple[datetime, datetime]]]:
    """From when to when people were waited for: tickets, and approvals."""
    spans: dict[uuid.UUID, list[tuple[datetime, datetime]]] = defaultdict(list)
    for table, ended in ((TICKET, TICKET.c.resolved_at), (APPROVAL, APPROVAL.c.decided_at)):
        found = select(table.c.request_id, table.c.created_at, ended.label("ended")).where(ended.is_not(None))
        for row in connection.execute(found.where(table.c.request_id.in_(requests))):
            spans[row.request_id].append((row.created_at, row.ended))
    return spans


def _steps(connection: Connection, requests: Sequence[uuid.UUID]) -> Mapping[uuid.UUID, dict[str, float]]:
    columns = [STEP.c[name] for name in ("request_id", "item_alias", "step_name", "started_at", "completed_at")]
    done = select(*columns).where(STEP.c.request_id.in_(requests), STEP.c.kind == "step", STEP.c.status == StepStatus.COMPLETED)
    found: dict[uuid.UUID, dict[str, float]] = defaultdict(dict)
    for row in connection.execute(done.where(STEP.c.started_at.is_not(None), STEP.c.completed_at.is_not(None))):
        took = (row.completed_at - row.started_at).total_seconds()
        found[row.request_id][step_key(row.item_alias, row.step_name)] = max(0.0, took)
    return found


def _add(connection: Connection, entry: Entry, runs: Iterable[Run]) -> None:
    """Add the newest runs of an entry to those that are kept, and work its figures out anew."""
    kind, name = entry
    kept = connection.scalar(select(FORECAST.c.kept).where(FORECAST.c.kind == kind, FORECAST.c.name == name)) or []
    known = [*(Run(*one) for one in kept), *runs][-KEPT:]
    found = forecast(known)
    figures = asdict(found) if found else {"usual": None, "late": None, "helped": None, "wait": None, "steps": {}}
    values = {
        **figures,
        "kind": kind,
        "name": name,
        "runs": len(known),
        "kept": [[one.took, one.waited, dict(one.steps)] for one in known],
        "updated_at": func.clock_timestamp(),
    }
    row = insert(FORECAST).values(values)
    connection.execute(row.on_conflict_do_update(index_elements=["kind", "name"], set_=values))
