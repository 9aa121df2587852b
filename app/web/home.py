"""The start page: what waits for me, my requests, what I ordered last, ways into the catalog."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue

from app.core.access import Person
from app.core.statuses import REQUEST_ENDED, STEP_SATISFIED, RequestStatus, TicketStatus
from app.errors import NotFound
from app.identity import current_person
from app.identity.guard import signed_in
from app.queries import approvals, catalog, drafts, request_lists, search, tickets
from app.queries.shapes import Summary
from app.reader import reader
from app.web.parts import cursors
from app.web.requests.pages import BAR_ORDER

blueprint = Blueprint("home", __name__)

MOST_TICKETS = 5
MOST_APPROVALS = 5
MOST_OPEN = 10
MOST_DRAFTS = 5
MOST_ENDED = 5
MOST_AGAIN = 3
MOST_BUNDLES = 5
MOST_TAGS = 12
LOOKED_BACK = 20
"""How many of the newest requests tell what was ordered last."""

OPEN = tuple(sorted(set(RequestStatus) - REQUEST_ENDED))
ENDED = tuple(sorted(REQUEST_ENDED))


@blueprint.get("/")
@signed_in
def show() -> ResponseReturnValue:
    """Everything at a glance."""
    person = current_person()
    return render_template(
        "home.html",
        waiting=_waiting(person),
        approvals=approvals.listing(reader(), person, approvals.Filters(waiting=True), MOST_APPROVALS, None, cursors()).items,
        rows=[_row(one) for one in _mine(person, OPEN, MOST_OPEN) + _mine(person, ENDED, MOST_ENDED)],
        drafts=drafts.listing(reader(), person, "draft", drafts.Filters(), MOST_DRAFTS, None, cursors()).items,
        again=_again(person),
        bundles=catalog.entries(reader(), "bundle", catalog.Filters(), MOST_BUNDLES, None, cursors()).items,
        tags=search.facets(reader(), search.Filters())["tag"][:MOST_TAGS],
    )


def _waiting(person: Person) -> list[tickets.Ticket]:
    """The tickets that the person has taken, then the oldest ones that they could take."""
    if not tickets.works_tickets(reader(), person):
        return []
    taken = tickets.Filters((TicketStatus.CLAIMED,), mine=True)
    free = tickets.Filters((TicketStatus.OPEN,), workable=True)
    found = [
        one for part in (taken, free) for one in tickets.queue(reader(), person, part, MOST_TICKETS, None, cursors()).items
    ]
    return found[:MOST_TICKETS]


def _mine(person: Person, statuses: Sequence[str], most: int) -> list[Summary]:
    filters = request_lists.Filters(statuses, mine=True)
    return list(request_lists.listing(reader(), person, filters, most, None, cursors()).items)


def _row(summary: Summary) -> dict[str, Any]:
    return {
        "it": summary,
        "codes": [str(code) for code in BAR_ORDER for _ in range(summary.steps.get(code, 0))],
        "done": sum(summary.steps.get(code, 0) for code in STEP_SATISFIED),
    }


def _again(person: Person) -> list[dict[str, Any]]:
    """What was ordered last and is still on offer, each entry once."""
    newest: dict[tuple[str, str], Summary] = {}
    for one in _mine(person, (), LOOKED_BACK):
        newest.setdefault((one.kind, one.catalog_name), one)
    found = [_on_offer(one) for one in list(newest.values())[: 2 * MOST_AGAIN]]
    return [one for one in found if one is not None][:MOST_AGAIN]


def _on_offer(summary: Summary) -> dict[str, Any] | None:
    try:
        entry = catalog.detail(reader(), summary.kind, summary.catalog_name).entry
    except NotFound:
        return None
    kind, name = f"{summary.kind}s", summary.catalog_name
    return {
        "title": entry.title,
        "it": summary,
        "href": url_for("catalog.show", kind=kind, name=name),
        "order": url_for("ordering.ask", kind=kind, name=name, again=summary.request_id),
    }
