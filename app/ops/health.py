"""Whether this house can take orders: what readiness asks, and what it answers for each part."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import requests
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from app.models import CatalogSync, Worker
from app.ops import migrations

FRESH = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that readiness needs. problem: None when it is well, else a sentence."""

    name: str
    problem: str | None


def ready(engine: Engine, scripts: Path, urls: Sequence[str], workers: int) -> list[Part]:
    """Every part with what is wrong with it. Redis is not asked: losing it costs latency, never work.

    scripts: the folder of migrations.
    Cost: three short SELECTs, and one GET for each of `urls` (one second at most).
    """
    return [*_database(engine, scripts, workers), *(Part(url, _answers(url)) for url in urls)]


def _database(engine: Engine, scripts: Path, workers: int) -> list[Part]:
    try:
        with engine.connect() as connection:
            return [
                Part("migrations", _migrated(connection, scripts)),
                Part("catalog", _synced(connection)),
                Part("workers", _alive(connection, workers)),
            ]
    except SQLAlchemyError:
        return [Part("database", "PostgreSQL does not answer, or has no tables yet: run `make migrate`")]


def _migrated(connection: Connection, scripts: Path) -> str | None:
    at_head = migrations.current(connection) == migrations.heads(scripts)
    return None if at_head else "the database is not migrated: run `make migrate`"


def _synced(connection: Connection) -> str | None:
    done = connection.scalar(select(func.count()).select_from(CatalogSync).where(CatalogSync.finished_at.is_not(None)))
    return None if done else "the catalog was never synced: run `make catalog`"


def _alive(connection: Connection, wanted: int) -> str | None:
    fresh = Worker.seen_at > func.clock_timestamp() - FRESH
    alive = connection.scalar(select(func.count()).select_from(Worker).where(fresh, Worker.stopped_at.is_(None))) or 0
    return None if alive >= wanted else f"{alive} of {wanted} workers are alive"


def _answers(url: str) -> str | None:
    try:
        answered = requests.get(url, timeout=1, allow_redirects=False)
    except requests.RequestException:
        return "does not answer"
    return None if answered.ok else f"answered {answered.status_code}"
