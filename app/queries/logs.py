"""The log of an attempt, page by page: its tail first, then backwards from there, or forwards after a line."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select

from app.core.access import Person
from app.models.tables import LOG
from app.queries import live
from app.queries.reader import Reader
from app.queries.shapes import Line

PAGE = 200


@dataclass(frozen=True, slots=True)
class LogPage:
    """Lines of one attempt, oldest first. attempt: 0 before the first one; earlier, later: whether there are more of them.

    goes_on: whether the attempt may still write some.
    """

    attempt: int
    lines: Sequence[Line]
    earlier: bool
    later: bool
    goes_on: bool


def page(
    session: Reader,
    person: Person,
    request_id: str,
    step_id: str,
    attempt: int | None = None,
    *,
    after: int | None = None,
    before: int | None = None,
    limit: int = PAGE,
) -> LogPage:
    """At most `limit` lines of an attempt (the newest one without `attempt`).

    Those next after the line `after`, else the last ones before `before`, else the last ones. Raises NotFound.
    """
    request = live.head(session, person, request_id)
    log = live.log_head(session, request.key, step_id, attempt)
    statement = select(LOG).where(LOG.c.step_id == log.step, LOG.c.attempt_number == log.attempt).limit(limit + 1)
    if after is not None:
        rows = session.execute(statement.where(LOG.c.number > after).order_by(LOG.c.number)).all()
        shown, earlier, later = rows[:limit], after > 0, len(rows) > limit
    else:
        older = statement if before is None else statement.where(LOG.c.number < before)
        rows = session.execute(older.order_by(LOG.c.number.desc())).all()
        shown, earlier, later = rows[:limit][::-1], len(rows) > limit, before is not None
    return LogPage(log.attempt, [Line(one.number, one.logged_at, one.line) for one in shown], earlier, later, log.goes_on)
