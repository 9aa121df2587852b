"""How busy the engine is: how much waits for workers, for its time, for its turn and for people, how long, and who works.

Every number is read through an index that holds only rows which are not finished, and counts to `MOST` at the most: a backlog
of a million costs what one of ten thousand costs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select

from app.core.access import Person, may_watch_engine
from app.core.statuses import TICKET_OPEN, StepStatus
from app.errors import NotAllowed
from app.models.tables import REQUEST, STEP, TICKET, WORKER, is_one_of
from app.queries.reader import Reader
from app.queries.tickets import works_tickets

MOST = 10_000
"""How far is counted."""
ENDS = 1_000
"""How many of those that would be served last are looked at for the one that waits longest."""
ALIVE = timedelta(seconds=30)
"""A worker that was not heard of for longer is not counted."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits in one place. count: at most `MOST`. oldest: since when the one that waits longest does; None for nothing."""

    count: int
    oldest: datetime | None

    @property
    def more(self) -> bool:
        """Whether counting was given up."""
        return self.count >= MOST


@dataclass(frozen=True, slots=True)
class AtWork:
    """A worker that is alive, and how many of its threads have a step in hand."""

    name: str
    threads: int
    busy: int
    started_at: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Load:
    """How busy the engine was at one moment of the database's clock.

    ready: steps that wait for a worker. due: waits whose time has come (retries, polls, probes, undos). turns: requests that
    wait for their turn behind a limit. tickets: open ones. running: `{activity: steps in hand}`.
    """

    at: datetime
    ready: Waiting
    due: Waiting
    turns: Waiting
    tickets: Waiting
    running: Mapping[str, int]
    workers: Sequence[AtWork]

    @property
    def threads(self) -> int:
        """How many steps can be in hand at once."""
        return sum(worker.threads for worker in self.workers)

    @property
    def busy(self) -> int:
        """How many steps are in hand, those of workers that are not heard of any more too."""
        return sum(self.running.values())


def load(session: Reader, person: Person) -> Load:
    """How busy the engine is. Raises NotAllowed for whoever is neither of a platform team nor an administrator.

    Cost: seven SELECTs, each bounded.
    """
    if not may_watch_engine(person, works_tickets=works_tickets(session, person)):
        raise NotAllowed("only platform teams and administrators see how busy the engine is")
    in_hand = session.execute(IN_HAND).all()
    return Load(
        at=session.execute(select(func.clock_timestamp())).scalar_one(),
        ready=_waiting(session, READY),
        due=_waiting(session, DUE),
        turns=_waiting(session, TURNS),
        tickets=_waiting(session, TICKETS),
        running=_summed((row.activity, row.number) for row in in_hand),
        workers=_workers(session, _summed((row.claimed_by, row.number) for row in in_hand)),
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """What waits in one place: since when, which rows, and in which order they are served, if in any."""

    since: ColumnElement[Any]
    where: ColumnElement[bool]
    order: Sequence[ColumnElement[Any]] = ()

    def counted(self) -> Select[Any, Any]:
        """How many of the first `MOST` there are, and since when the oldest of them waits."""
        rows = select(self.since.label("since")).where(self.where).order_by(*self.order).limit(MOST).subquery()
        return select(func.count().label("number"), func.min(rows.c.since).label("oldest"))

    def last(self) -> Select[Any]:
        """Since when the oldest of those waits that would be served last."""
        backwards = [column.desc() for column in self.order]
        rows = select(self.since.label("since")).where(self.where).order_by(*backwards).limit(ENDS).subquery()
        return select(func.min(rows.c.since))


READY = _Line(
    STEP.c.ready_at, is_one_of(STEP.c.status, StepStatus.READY), (STEP.c.priority, STEP.c.request_number, STEP.c.position)
)
DUE = _Line(STEP.c.check_after, STEP.c.check_after <= func.statement_timestamp(), (STEP.c.check_after,))
TURNS = _Line(
    REQUEST.c.created_at,
    ~REQUEST.c.admitted & ~REQUEST.c.unapproved & REQUEST.c.completed_at.is_(None),
    (REQUEST.c.priority, REQUEST.c.number),
)
TICKETS = _Line(TICKET.c.created_at, is_one_of(TICKET.c.status, *sorted(TICKET_OPEN)))
IN_HAND = (
    select(STEP.c.activity, STEP.c.claimed_by, func.count().label("number"))
    .where(is_one_of(STEP.c.status, StepStatus.RUNNING, StepStatus.VERIFYING))
    .group_by(STEP.c.activity, STEP.c.claimed_by)
)


def _waiting(session: Reader, line: _Line) -> Waiting:
    row = session.execute(line.counted()).one()
    found = Waiting(row.number, row.oldest)
    if not (found.more and line.order):
        return found
    last = session.scalar(line.last())
    return Waiting(row.number, min((at for at in (row.oldest, last) if at is not None), default=None))


def _workers(session: Reader, busy: Mapping[str, int]) -> list[AtWork]:
    fresh = (WORKER.c.seen_at > func.clock_timestamp() - ALIVE, WORKER.c.stopped_at.is_(None))
    rows = session.execute(select(WORKER).where(*fresh).order_by(WORKER.c.name))
    return [AtWork(row.name, row.threads, busy.get(row.name, 0), row.started_at, row.seen_at) for row in rows]


def _summed(pairs: Iterable[tuple[str | None, int]]) -> dict[str, int]:
    sums: dict[str, int] = {}
    for name, number in pairs:
        sums[name or ""] = sums.get(name or "", 0) + number
    return sums
