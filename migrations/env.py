"""Alembic's environment: the app's own engine and metadata, one transaction a migration, monthly partitions left alone."""

from typing import Any

from alembic import context
from flask import current_app
from sqlalchemy.schema import SchemaItem

from app.extensions import db

PARTITIONED = ("step_logs_", "request_events_", "audit_log_")


def include(item: SchemaItem, name: str | None, kind: str, reflected: bool, _other: SchemaItem | None) -> bool:
    """Leave out the partitions and their indexes: they come and go at run time (`app.ops.partitions`)."""
    table = name if kind == "table" else getattr(getattr(item, "table", None), "name", None)
    return not (reflected and table and table.startswith(PARTITIONED))


def run() -> None:
    """Migrate over a connection of the app's engine."""
    options: dict[str, Any] = {"compare_type": True} | current_app.extensions["migrate"].configure_args
    with db.engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            include_object=include,
            transaction_per_migration=True,
            **options,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
