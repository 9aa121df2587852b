"""`flask catalog validate` and `flask catalog sync`, as people run them."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from click.testing import CliRunner
from flask import Flask
from flask.cli import ScriptInfo
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import create_app
from app.cli import catalog_group
from app.extensions import db
from app.models import CatalogItem
from config import Settings
from tests.catalog.folders import CACHE_FILE, change


def run(app: Flask, *arguments: str):
    return CliRunner().invoke(catalog_group, arguments, obj=ScriptInfo(create_app=lambda: app))


@contextmanager
def portal_with(settings: Settings) -> Iterator[Flask]:
    """An app over these settings, its connections closed afterwards."""
    app = create_app(settings)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def without_a_database(settings, folder):
    """An app whose database does not answer."""
    nowhere = {"database_url": "postgresql+psycopg://127.0.0.1:1/none", "catalog_path": folder}
    with portal_with(settings.model_copy(update=nowhere)) as app:
        yield app


def test_validate_needs_no_database(without_a_database, folder):
    result = run(without_a_database, "validate", str(folder))
    assert (result.exit_code, result.output) == (0, "3 sound entries, 0 faults\n")


def test_validate_takes_the_configured_folder(without_a_database):
    assert run(without_a_database, "validate").exit_code == 0


def test_validate_prints_each_fault_on_a_line_and_fails(without_a_database, folder):
    change(folder, CACHE_FILE, "owner:", "ownr:")
    result = run(without_a_database, "validate", str(folder))
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        f"{folder}/{CACHE_FILE}:1:1: owner is missing; add it",
        f"{folder}/{CACHE_FILE}:4:1: ownr is not known here; did you mean owner?",
    ]
    assert result.stdout == "2 sound entries, 2 faults\n"


def test_validate_refuses_a_folder_that_is_not_there(without_a_database, tmp_path):
    assert run(without_a_database, "validate", str(tmp_path / "nowhere")).exit_code == 2


@pytest.fixture
def portal(database, settings, folder):
    """An app over the emptied database that reads the small catalog."""
    with portal_with(settings.model_copy(update={"catalog_path": folder})) as app:
        yield app


def test_sync_tells_what_it_did(portal):
    result = run(portal, "sync")
    assert (result.exit_code, result.output) == (0, "3 added, 0 changed, 0 unchanged, 0 retired, 0 faults\n")


def test_sync_takes_what_is_sound_and_fails_for_the_rest(portal, folder, database):
    change(folder, CACHE_FILE, "owner:", "ownr:")
    result = run(portal, "sync")
    assert result.exit_code == 1
    assert "2 added, 0 changed, 0 unchanged, 0 retired, 2 faults" in result.stdout
    with Session(database) as session:
        assert session.scalars(select(CatalogItem.name)).all() == ["postgres-database"]


def test_sync_without_a_folder_says_so(settings, database, tmp_path):
    with portal_with(settings.model_copy(update={"catalog_path": tmp_path / "nowhere"})) as app:
        result = run(app, "sync")
    assert result.exit_code == 1
    assert "is not a folder" in result.output
