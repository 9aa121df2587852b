"""The fixtures that every other test stands on."""

from sqlalchemy import text

from app.models import User


def test_the_database_has_the_tables(session):
    assert session.query(User).count() == 0


def test_one_test_may_commit(session):
    session.add(User(issuer="http://provider.test", subject="sarah-123", name="Sarah"))
    session.commit()
    assert session.query(User).count() == 1


def test_and_the_next_starts_empty(session):
    assert session.query(User).count() == 0


def test_the_portal_is_no_superuser(database):
    with database.connect() as connection:
        assert connection.scalar(text("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")) is False


def test_valkey_starts_empty(redis_client):
    assert redis_client.dbsize() == 0
