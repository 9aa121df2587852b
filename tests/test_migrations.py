"""The migrations make the tables that the models describe, and can be taken back."""

import re

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from app.models import Base

PARTITION = re.compile(r"(step_logs|request_events|audit_log)_(rest|\d{4}_\d{2})")


def _ours(_object: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """Partitions are made by the month, by no model."""
    return not (kind == "table" and PARTITION.fullmatch(name or ""))


def test_migrations_and_models_agree(database: Engine) -> None:
    with database.connect() as connection:
        options = {"include_object": _ours, "compare_type": True}
        assert compare_metadata(MigrationContext.configure(connection, opts=options), Base.metadata) == []
