"""Functions of the database. Their text lies beside the use cases that call them, and migrations install it from here."""

from pathlib import Path

from sqlalchemy import Connection

_LIFECYCLE = Path(__file__).parents[1] / "lifecycle"
TEXTS = {"advance": _LIFECYCLE / "engine" / "advance.sql", "quotas": _LIFECYCLE / "quotas.sql"}


def install(connection: Connection, *names: str) -> None:
    """Create these functions as they are now, in the place of what they were. A migration that changes one installs it anew."""
    for name in names:
        connection.exec_driver_sql(TEXTS[name].read_text())
