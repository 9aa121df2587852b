"""Monthly partitions of the tables that only grow. A default partition catches what no month covers."""

from datetime import date
from itertools import pairwise

from sqlalchemy import Connection, text

PARTITIONED = ("step_logs", "request_events", "audit_log")


def months_from(day: date, count: int) -> list[date]:
    """The first days of `count` months, beginning with the month of `day`."""
    return [date(day.year + (day.month - 1 + ahead) // 12, (day.month - 1 + ahead) % 12 + 1, 1) for ahead in range(count)]


def ensure(connection: Connection, today: date, ahead: int = 2) -> int:
    """Make the partitions of the month after this one and `ahead - 1` more; answers how many were new.

    The current month is left to the default partition where it was not made ahead: attaching a range that the default
    already holds rows of would be refused.
    """
    made = 0
    months = months_from(today, ahead + 2)[1:]
    for table in PARTITIONED:
        for start, end in pairwise(months):
            name = f"{table}_{start:%Y_%m}"
            if connection.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is None:
                connection.execute(text(f"CREATE TABLE {name} PARTITION OF {table} FOR VALUES FROM ('{start}') TO ('{end}')"))
                made += 1
    return made
