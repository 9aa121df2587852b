"""Reads a request with its tickets and its history as the person who is signed in sees it."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from app.identity import current_person
from app.queries import requests, tickets
from app.queries.paging import MOST
from app.reader import reader
from app.web.parts import cursors, settings
from app.web.requests.case import Case, Viewer

EVENTS_SHOWN = 200


def viewer() -> Viewer:
    """Who looks, now."""
    return Viewer(current_person(), datetime.now(UTC), ZoneInfo(settings().timezone))


def case_of(request_id: str) -> Case:
    """One request, whole. Raises NotFound, also for what the person may not see. Cost: nine indexed reads."""
    who = viewer()
    found = requests.detail(reader(), who.person, request_id)
    about = tickets.Filters(request_id=request_id)
    opened = tickets.queue(reader(), who.person, about, MOST, None, cursors()).items
    return Case(found, opened, requests.history(reader(), who.person, request_id, EVENTS_SHOWN), who)
