"""A list of requests as CSV, line by line: for spreadsheets, and for whoever counts."""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from itertools import islice

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from app.core import spreadsheet
from app.core.access import Person
from app.core.statuses import STEP_SATISFIED
from app.queries.reader import Reader
from app.queries.request_lists import Filters, every
from app.queries.shapes import Summary

MOST = 50_000
HEAD = (
    "request_id",
    "title",
    "status",
    "kind",
    "entry",
    "version",
    "requester",
    "requester_name",
    "team",
    "created_at",
    "updated_at",
    "completed_at",
    "steps_done",
    "steps",
    "failure",
)


def export(engine: Engine, person: Person, filters: Filters, zone: tzinfo, *, most: int = MOST) -> Iterator[str]:
    """The lines of the file, newest request first; the last one says so when there are more than `most`.

    Times are ISO 8601 in `zone`. No cell is a formula, whatever somebody called their order. It reads through a session of its
    own: lines are sent when the call that asked for them is over.
    """
    with Session(engine) as session:
        yield from _lines(session, person, filters, zone, most)


def _lines(session: Reader, person: Person, filters: Filters, zone: tzinfo, most: int) -> Iterator[str]:
    yield spreadsheet.line(HEAD)
    found = every(session, person, filters, most + 1)
    last = None
    for one in islice(found, most):
        yield spreadsheet.line(_cells(one, zone))
        last = one
    if last is not None and next(found, None) is not None:
        said = f"These are the newest {most} requests; the next ones were sent before {_moment(last.created_at, zone)}."
        yield spreadsheet.line([said])


def _cells(one: Summary, zone: tzinfo) -> list[str]:
    done = sum(number for status, number in one.steps.items() if status in STEP_SATISFIED)
    return [
        one.request_id,
        one.title,
        one.status,
        one.kind,
        one.catalog_name,
        one.version,
        one.requester_user_id,
        one.requester_name,
        one.team,
        _moment(one.created_at, zone),
        _moment(one.updated_at, zone),
        _moment(one.completed_at, zone),
        str(done),
        str(sum(one.steps.values())),
        one.failure or "",
    ]


def _moment(at: datetime | None, zone: tzinfo) -> str:
    return at.astimezone(zone).isoformat(timespec="microseconds") if at else ""
