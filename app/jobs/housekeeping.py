"""What some worker does once a day: partitions of the months to come, and nothing kept that nobody needs any more.

That is workers that are long gone, what was typed into forms and never sent, answers to repeat, drafts that nobody
goes on with, and files that no order uses.
"""

import logging
from datetime import date, timedelta

from sqlalchemy import Engine, delete, func, text

from app.dispatch import Doorbell
from app.errors import Unavailable
from app.lifecycle import repeats, secrets
from app.lifecycle.files import uploads
from app.lifecycle.files.store import FileStore
from app.lifecycle.kept import abandoned
from app.models.tables import WORKER
from app.ops import partitions

log = logging.getLogger(__name__)
REMEMBERED = timedelta(days=1)


def tidy(engine: Engine, doorbell: Doorbell, files: FileStore, today: date, draft_days: int = 0) -> None:
    """Make partitions ahead, forget dead workers, unsent secrets, abandoned drafts and unused files.

    draft_days: after how many a draft that nobody changes goes, 0: never. Several at once do the work once: an advisory lock is
    held.
    """
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('stratus housekeeping'))"))
        partitions.ensure(connection, today)
        secrets.forget_expired(connection)
        repeats.forget(connection)
        abandoned.clear(connection, timedelta(days=draft_days))  # Before the files: those of these drafts go with them.
        uploads.remove_unused(connection)
        long_gone = WORKER.c.seen_at < func.clock_timestamp() - REMEMBERED
        gone = list(connection.scalars(delete(WORKER).where(long_gone).returning(WORKER.c.name)))
    for name in gone:
        doorbell.forget(name)
    try:
        uploads.remove_unnamed(engine, files)
    except Unavailable as error:
        log.warning("files that nobody uses stay another day", extra={"error": error.message})
