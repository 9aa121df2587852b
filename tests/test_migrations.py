"""The migrations make the tables that the models describe, and can be taken back."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from app.models import Base


def _ours(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """Partitions are made by the month, by no model."""
    return not (kind == "table" and name is not None and "_y2" in name) and not (name or "").endswith("_rest")


def test_migrations_and_models_agree(database: Engine) -> None:
    with database.connect() as connection:
        options = {"include_object": _ours, "compare_type": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata) == []
