"""Which migrations there are and which have run, without Alembic: a web process would hold 20 MB for that one question."""

import re
from pathlib import Path

from sqlalchemy import Connection, text

REVISION = re.compile(r"""^(revision|down_revision) = (?:["'](\w+)["']|None)$""", re.MULTILINE)


def heads(folder: Path) -> frozenset[str]:
    """The newest revisions of a folder of migrations: those that no other one follows."""
    said = [dict(REVISION.findall(file.read_text())) for file in folder.glob("*.py")]
    return frozenset(one["revision"] for one in said) - {one["down_revision"] for one in said}


def current(connection: Connection) -> frozenset[str]:
    """The revisions that a database is at. Raises SQLAlchemyError where it was never migrated."""
    return frozenset(connection.scalars(text("SELECT version_num FROM alembic_version")))
