"""What is known of migrations without Alembic is what Alembic says."""

from alembic.script import ScriptDirectory
from sqlalchemy import text

from app.ops import migrations
from config import HERE

FOLDER = HERE / "migrations" / "versions"


def test_the_heads_are_those_of_alembic():
    assert migrations.heads(FOLDER) == set(ScriptDirectory(str(HERE / "migrations")).get_heads())


def test_a_database_that_was_migrated_is_at_the_heads(database):
    with database.connect() as connection:
        assert migrations.current(connection) == migrations.heads(FOLDER)


def test_a_database_that_is_behind_is_not(database):
    with database.connect() as connection, connection.begin() as transaction:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        assert migrations.current(connection) == {"0001"}
        transaction.rollback()
