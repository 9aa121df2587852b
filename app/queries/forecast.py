"""What past runs tell, read-only: figures of entries, and how long teams usually take over what waits for them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ARRAY, Float, Row, Select, Text, bindparam, cast, func, select, tuple_

from app.core.forecast import KEPT, Forecast, usual
from app.core.statuses import TicketStatus
from app.models.tables import APPROVAL, FORECAST, TICKET
from app.queries.reader import Reader

Entry = tuple[str, str]
"""Kind and name."""
_KINDS, _NAMES = (bindparam(name, type_=ARRAY(Text)) for name in ("kinds", "names"))
WANTED = func.unnest(_KINDS, _NAMES).table_valued("kind", "name", name="wanted").render_derived()
FIGURES = select(*(FORECAST.c[name] for name in ("kind", "name", "runs", "usual", "late", "helped", "wait", "steps"))).where(
    FORECAST.c.usual.is_not(None), tuple_(FORECAST.c.kind, FORECAST.c.name).in_(select(WANTED))
)


def of_entries(session: Reader, entries: Iterable[Entry]) -> Mapping[Entry, Forecast]:
    """The forecasts of those entries that have one. Cost: one statement over the primary key."""
    wanted = list(entries)
    if not wanted:
        return {}
    rows = session.execute(FIGURES, asking(wanted))
    return {(row.kind, row.name): _forecast(row) for row in rows}


def asking(entries: Sequence[Entry]) -> dict[str, Any]:
    """What `FIGURES` asks for."""
    return {"kinds": [kind for kind, _ in entries], "names": [name for _, name in entries]}


def of_entry(session: Reader, kind: str, name: str) -> Forecast | None:
    """What the last runs of an entry tell; None where they are too few."""
    return of_entries(session, [(kind, name)]).get((kind, name))


def usual_resolving(session: Reader, team: str) -> float | None:
    """In how many seconds a team has resolved half of its last tickets; None where they are too few."""
    return usual(session.scalars(resolving(team)).all())


def usual_deciding(session: Reader, asked: str) -> float | None:
    """The same of approvals. asked: whom they asked, as `approvals.asked` has it."""
    return usual(session.scalars(deciding(asked)).all())


def resolving(team: str) -> Select[float]:
    """How long the last tickets took that a team resolved."""
    took = cast(func.extract("epoch", TICKET.c.resolved_at - TICKET.c.created_at), Float)
    mine = select(took).where(TICKET.c.owner_team == team, TICKET.c.status == TicketStatus.RESOLVED)
    return mine.order_by(TICKET.c.created_at.desc()).limit(KEPT)


def deciding(asked: str) -> Select[float]:
    """How long the last approvals took of those who are asked so."""
    took = cast(func.extract("epoch", APPROVAL.c.decided_at - APPROVAL.c.created_at), Float)
    theirs = select(took).where(APPROVAL.c.asked == asked, APPROVAL.c.decided_at.is_not(None))
    return theirs.order_by(APPROVAL.c.decided_at.desc()).limit(KEPT)


def _forecast(row: Row[Any]) -> Forecast:
    return Forecast(runs=row.runs, usual=row.usual, late=row.late, helped=row.helped, wait=row.wait, steps=row.steps)
