"""Lists as files for spreadsheets."""

from datetime import UTC, datetime
from itertools import chain
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, request

from app.core.spreadsheet import BOM
from app.extensions import db
from app.identity import current_person
from app.identity.guard import signed_in
from app.queries import tickets
from app.queries.request_export import export
from app.web.parts import settings
from app.web.request_filters import Chosen

blueprint = Blueprint("exports", __name__)


@blueprint.get("/requests.csv")
@signed_in
def requests() -> Response:
    """The list of requests that an address describes, as a file. Sent while it is read, however long it is."""
    person, zone = current_person(), ZoneInfo(settings().timezone)
    chosen = Chosen.read(request.args, person, zone, works=tickets.works_tickets(db.session, person))
    lines = export(db.engine, person, chosen.filters(zone), zone)
    begun = [BOM, next(lines), next(lines, "")]  # what goes wrong at once is still answered with a page that says so
    answer = Response(chain(begun, lines), mimetype="text/csv")
    day = datetime.now(UTC).astimezone(zone).date().isoformat()
    answer.headers["Content-Disposition"] = f'attachment; filename="requests-{day}.csv"'
    return answer
