"""Lists as files for spreadsheets."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from app.core.spreadsheet import BOM
from app.extensions import db
from app.identity import current_person
from app.identity.guard import signed_in
from app.queries import tickets
from app.queries.request_export import export
from app.reader import reader
from app.web.parts import settings
from app.web.requests.filters import Chosen

blueprint = Blueprint("exports", __name__)


@blueprint.get("/requests.csv")
@signed_in
def requests() -> Response:
    """The list of requests that an address describes, as a file. Sent while it is read, however long it is."""
    person, zone = current_person(), ZoneInfo(settings().timezone)
    chosen = Chosen.read(request.args, person, zone, works=tickets.works_tickets(reader(), person))
    lines = export(db.engine, person, chosen.filters(zone), zone)
    begun = [BOM, next(lines), next(lines, "")]  # what goes wrong at once is still answered with a page that says so
    answer = Response(_and_on(begun, lines), mimetype="text/csv")
    day = datetime.now(UTC).astimezone(zone).date().isoformat()
    answer.headers["Content-Disposition"] = f'attachment; filename="requests-{day}.csv"'
    return answer


def _and_on(begun: list[str], lines: Iterator[str]) -> Iterator[str]:
    """The lines, and their end as soon as the browser has gone: unlike a chain, a generator is told."""
    yield from begun
    yield from lines
