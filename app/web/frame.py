"""What every page has around it: who is signed in, the queue's number, the catalog's stamp, and the headers of a page."""

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
    https = settings.public_url.startswith("https://")
    issuer = settings.oidc_issuer.rstrip("/")

    @app.after_request
    def guard_page(response: Response) -> Response:
        return _with_headers(response, https=https, issuer=issuer)


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


def _with_headers(response: Response, *, https: bool, issuer: str) -> Response:
    """A page of somebody who is signed in is nobody else's: no cache keeps it. Static files are anybody's."""
    policy = dict(POLICY)
    if issuer:
        # Signing out posts here and is sent on to the provider; browsers hold such a redirect against form-action.
        policy["form-action"] = f"'self' {issuer}"
    response.headers.setdefault("Content-Security-Policy", "; ".join(f"{key} {value}" for key, value in policy.items()))
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("X-Frame-Options", "DENY")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    response.headers.setdefault("Cross-Origin-Opener-Policy", "same-origin")
    if https:
        response.headers.setdefault("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
