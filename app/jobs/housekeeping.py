"""What some worker does once a day: partitions of the months to come, and nothing kept of workers that are long gone."""

from datetime import date, timedelta

from sqlalchemy import Engine, delete, func, text

from app.dispatch import Doorbell
from app.models.tables import WORKER
from app.ops import partitions

REMEMBERED = timedelta(days=1)


def tidy(engine: Engine, doorbell: Doorbell, today: date) -> None:
    """Make partitions ahead and forget dead workers. Several at once do the work once: an advisory lock is held."""
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('stratus housekeeping'))"))
        partitions.ensure(connection, today)
        long_gone = WORKER.c.seen_at < func.clock_timestamp() - REMEMBERED
        gone = list(connection.scalars(delete(WORKER).where(long_gone).returning(WORKER.c.name)))
    for name in gone:
        doorbell.forget(name)
