"""What is kept of the catalog in a process never hides what was changed: versions are kept, and nothing about them."""

import pytest

from app.catalog import offers
from app.catalog.kept_versions import KeptVersions
from app.catalog.loader import load
from app.catalog.sync import known_versions, sync
from app.models.tables import VERSION
from tests.catalog.folders import CACHE_FILE, change

ORDER = {"catalog_item": "redis-cache"}


@pytest.fixture
def run(session, folder):
    return lambda: sync(session, load(folder, known_versions(session)), source="folder")


def offered(session, **order):
    found, faults = offers.find(session.connection(), {**ORDER, **order})
    return found.version if found else faults[0].code


def test_a_new_version_is_offered_at_once(session, folder, run):
    run()
    assert offered(session) == "1.1.0"
    change(folder, CACHE_FILE, "1.1.0", "1.2.0")
    run()
    assert offered(session) == "1.2.0"
    assert offered(session, version="1.1.0") == "1.1.0"


def test_a_version_that_was_read_and_taken_back_is_not_offered(session, folder, run):
    run()
    change(folder, CACHE_FILE, "1.1.0", "1.2.0")
    run()
    assert offered(session) == "1.2.0"
    change(folder, CACHE_FILE, "1.2.0", "1.1.0")
    run()
    assert offered(session, version="1.2.0") == "unknown_version"


def test_who_may_order_is_asked_each_time(session, folder, run):
    run()
    before, _ = offers.find(session.connection(), ORDER)
    change(folder, CACHE_FILE, 'version: "1.1.0"', 'version: "1.2.0"\naccess: {teams: [growth]}')
    run()
    after, _ = offers.find(session.connection(), {**ORDER, "version": "1.1.0"})
    assert (before.access, after.access["teams"]) == (None, ["growth"])


def test_those_that_were_asked_for_last_are_kept(session, run):
    run()
    connection = session.connection()
    first, second, third = connection.execute(VERSION.select().limit(3)).scalars()
    kept = KeptVersions(most=2)
    one = kept.read(connection, [first])[first]
    kept.read(connection, [second])
    assert kept.read(connection, [first])[first] is one
    kept.read(connection, [third])
    assert kept.read(connection, [first])[first] is one
    kept.read(connection, [second, third])
    assert kept.read(connection, [first])[first] is not one
