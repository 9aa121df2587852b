"""What every page has around it: who is signed in, the queue's number, the catalog's stamp, and the headers of a page."""

from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, g, request
from sqlalchemy.exc import SQLAlchemyError

from app.identity import optional_person
from app.queries import approvals, catalog, tickets
from app.reader import let_go, reader
from config import Settings

POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}


def init_app(app: Flask, settings: Settings) -> None:
    """Put the frame around the pages of `app`."""
    app.context_processor(_around)
    guards = _guards(https=settings.public_url.startswith("https://"), issuer=settings.oidc_issuer.rstrip("/"))

    @app.after_request
    def guard_page(response: Response) -> Response:
        return _with_headers(response, guards)


def _around() -> dict[str, Any]:
    """Everything here may be missing: error pages use the frame when nothing else works."""
    try:
        person = optional_person()
        if person is None:
            return {"person": None, "queue_count": None, "approval_count": None, "catalog_stamp": None}
        works = tickets.works_tickets(reader(), person)
        return {
            "person": person,
            "queue_count": tickets.waiting_for(reader(), person) if works else None,
            "approval_count": approvals.waiting_for(reader(), person),
            "catalog_stamp": catalog.stamp(reader()),
        }
    except SQLAlchemyError:
        let_go()
        return {"person": g.get("person"), "queue_count": None, "approval_count": None, "catalog_stamp": None}


def _guards(*, https: bool, issuer: str) -> dict[str, str]:
    """The headers that are the same for every answer."""
    # Signing out posts here and is sent on to the provider; browsers hold such a redirect against form-action.
    policy = POLICY | ({"form-action": f"'self' {issuer}"} if issuer else {})
    guards = {
        "Content-Security-Policy": "; ".join(f"{key} {value}" for key, value in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
    }
    return guards | ({"Strict-Transport-Security": "max-age=31536000; includeSubDomains"} if https else {})


def _with_headers(response: Response, guards: Mapping[str, str]) -> Response:
    """A page of somebody who is signed in is nobody else's: no cache keeps it. Static files are anybody's."""
    for name, value in guards.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
