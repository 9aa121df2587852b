"""A call reads through one connection, without transactions."""

import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import select, text

from app.extensions import db
from app.models import Team
from app.reader import let_go, reader
from app.transaction import transaction

NAMES = select(Team.name)


@pytest.fixture
def inside(app, database) -> Iterator[None]:
    """A call of the portal, as its reader sees it."""
    with app.app_context():
        yield


def test_nothing_is_left_open_between_two_reads(inside, database):
    number = reader().execute(text("SELECT pg_backend_pid()")).scalar_one()
    with database.connect() as other:
        state = other.execute(text(f"SELECT state FROM pg_stat_activity WHERE pid = {number}")).scalar_one()
    assert state == "idle"


def test_a_read_sees_what_was_committed_since_the_one_before(inside, database):
    before = reader().scalars(NAMES).all()
    with database.begin() as other:
        other.execute(text("INSERT INTO teams (name) VALUES ('growth')"))
    assert (before, reader().scalars(NAMES).all()) == ([], ["growth"])


def test_within_a_transaction_it_sees_what_was_written(inside):
    with transaction():
        db.session.add(Team(name="growth"))
        db.session.flush()
        assert reader().scalars(NAMES).all() == ["growth"]


def test_a_call_holds_one_connection_at_a_time(inside):
    held = db.engine.pool.checkedout
    before = held()
    reader()
    with transaction():
        reader()
        during = held()
    reader()
    assert (during - before, held() - before) == (1, 1)
    let_go()
    assert held() == before


def test_threads_do_not_share_one(app, database):
    seen = []

    def call() -> None:
        with app.app_context():
            seen.append(reader().execute(text("SELECT pg_backend_pid()")).scalar_one())
            together.wait(10)

    together = threading.Barrier(2)
    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(seen)) == 2
