"""GET /health, /health/live and /health/ready."""

from datetime import timedelta

import pytest
from sqlalchemy import delete, func, insert, text, update

from app.models import CatalogSync
from app.models.tables import WORKER

URL = "/api/v1/health/ready"


@pytest.fixture
def worker(database):
    """One worker that is alive."""
    with database.begin() as connection:
        connection.execute(insert(WORKER).values(name="w1", threads=4, seen_at=func.clock_timestamp()))


@pytest.fixture
def well(worker, synced_catalog):
    """Everything is there that readiness needs."""


def problems(answer):
    return {part["name"]: part["problem"] for part in answer.json["parts"] if part["problem"]}


@pytest.mark.usefixtures("well")
def test_a_portal_that_can_take_orders_is_ready_without_a_token(nobody):
    answer = nobody.get(URL)
    assert (answer.status_code, answer.json["status"]) == (200, "ready")
    assert [part["name"] for part in answer.json["parts"]] == ["migrations", "catalog", "workers"]


@pytest.mark.usefixtures("well")
def test_health_says_the_same(nobody):
    assert nobody.get("/api/v1/health").json == nobody.get(URL).json


@pytest.mark.usefixtures("synced_catalog")
def test_without_workers_it_is_not_ready(nobody):
    answer = nobody.get(URL)
    assert (answer.status_code, answer.mimetype, answer.json["code"]) == (503, "application/problem+json", "not_ready")
    assert int(answer.headers["Retry-After"]) > 0
    assert problems(answer) == {"workers": "0 of 1 workers are alive"}


@pytest.mark.usefixtures("well")
def test_a_worker_that_is_silent_counts_as_gone(nobody, database):
    with database.begin() as connection:
        connection.execute(update(WORKER).values(seen_at=func.clock_timestamp() - timedelta(minutes=1)))
    assert set(problems(nobody.get(URL))) == {"workers"}


@pytest.mark.usefixtures("well")
def test_without_a_catalog_it_is_not_ready(nobody, database):
    with database.begin() as connection:
        connection.execute(delete(CatalogSync))
    assert set(problems(nobody.get(URL))) == {"catalog"}


@pytest.mark.usefixtures("well")
def test_of_another_migration_it_is_not_ready(nobody, database):
    with database.begin() as connection:
        before = connection.scalar(text("SELECT version_num FROM alembic_version"))
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    try:
        assert set(problems(nobody.get(URL))) == {"migrations"}
    finally:
        with database.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :before"), {"before": before})


@pytest.mark.usefixtures("well")
def test_what_the_settings_name_must_answer(portal):
    answer = portal(readiness_urls=("http://127.0.0.1:1/health",))(None).get(URL)
    assert problems(answer) == {"http://127.0.0.1:1/health": "does not answer"}


def test_a_process_lives_whatever_it_needs(nobody):
    assert nobody.get("/api/v1/health/live").json == {"status": "alive"}
