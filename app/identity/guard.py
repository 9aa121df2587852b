"""Every route says who may call it; one hook asks before any view runs, and a route that says nothing is not served.

A decorator only marks the view function; the mark survives `functools.wraps`. The order of decorators does not matter.
"""

import logging
from collections.abc import Callable
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from flask import Flask, Response, current_app, g, redirect, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from werkzeug import Response as BaseResponse
from werkzeug.urls import iri_to_uri

from app.core.access import Person
from app.errors import NotAllowed, SignInNeeded, StratusError
from app.extensions import db
from app.identity import callers, entry, forms, freshness, sessions
from app.identity.parts import now, parts
from app.identity.people import Known
from app.reader import let_go

log = logging.getLogger(__name__)

F = TypeVar("F", bound=Callable[..., Any])

MARK = "__guard__"
PUBLIC, SIGNED_IN, API_CALLER = "public", "signed_in", "api_caller"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
REMEDY = "decorate the view with @public, @signed_in or @api_caller of app.identity.guard"


class Unguarded(StratusError):
    """This route says nothing of who may call it, so nobody may."""


def public(view: F) -> F:
    """Anybody may call this view. What it is sent by unsafe methods must still come from a page of this portal."""
    return _mark(view, PUBLIC)


def signed_in(view: F) -> F:
    """Only people who are signed in, by their session: a page. Others are sent to sign in and come back."""
    return _mark(view, SIGNED_IN)


def api_caller(view: F) -> F:
    """Only callers with a bearer token. Cookies are not looked at."""
    return _mark(view, API_CALLER)


def guard_of(view: Callable[..., Any]) -> str | None:
    """The mark on a view function, None when it has none."""
    return getattr(view, MARK, None)


def current_person() -> Person:
    """Who calls. Raises SignInNeeded in a view that anybody may call and nobody known does."""
    person = optional_person()
    if person is None:
        raise SignInNeeded
    return person


def optional_person() -> Person | None:
    """Who calls, or None: for pages that anybody may see, the one that says that the database is down among them."""
    if "person" not in g:
        g.person = None if guard_of(_view()) == API_CALLER else _who_looks()
    person: Person | None = g.person
    return person


def protect(app: Flask) -> None:
    """Ask at every request of `app`, before the view runs."""
    app.before_request(_enforce)
    app.after_request(_say_so)
    if "static" in app.view_functions:
        public(app.view_functions["static"])


def _mark(view: F, kind: str) -> F:
    vars(view)[MARK] = kind
    return view


def _view() -> Callable[..., Any]:
    return current_app.view_functions.get(request.endpoint or "", _nothing)


@public
def _nothing() -> None:
    """Stands for the view of a URL that leads nowhere, whose answer is an error page."""


def _enforce() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None
    kind = guard_of(_view())
    if kind not in (PUBLIC, SIGNED_IN, API_CALLER):
        log.error("unguarded route", extra={"endpoint": request.endpoint})
        raise Unguarded(f"The route {request.endpoint} says nothing of who may call it: {REMEDY}.")
    if kind == API_CALLER:
        _admit_caller()
        return None
    if request.method not in SAFE_METHODS:
        forms.refuse_foreign(parts().settings.public_url)
    return _admit_person() if kind == SIGNED_IN else None


def _admit_caller() -> None:
    found = callers.of_bearer(request.headers.get("Authorization", ""))
    needed = "read" if request.method in SAFE_METHODS else "write"
    if needed not in found.scopes:
        raise NotAllowed(f"This token lacks the scope “{needed}”.", code="insufficient_scope")
    g.person, g.token_id, g.token_until = found.known.person, found.token_id, found.until


def _admit_person() -> ResponseReturnValue | None:
    known = _of_session()
    if known is not None:
        g.person = known.person
        return None
    if request.method in SAFE_METHODS or "HX-Request" in request.headers:
        return _to_sign_in()
    raise SignInNeeded("Your session has ended. Sign in, then send this again.")


def _of_session() -> Known | None:
    found = entry.current_session()
    fresh = found is not None and found.known.fresh(now())
    if found is None or (fresh and not found.unnoted):
        return found.known if found else None
    let_go()
    if found.unnoted:
        sessions.note_use(db.session, found.session_id, now())
    known = found.known if fresh else _confirmed(found)
    db.session.commit()
    return known


def _confirmed(found: sessions.Found) -> Known | None:
    here = parts()
    return freshness.confirm(
        db.session, here.provider, here.vault, found.known, here.settings.admin_team, now(), found.session_id
    )


def _to_sign_in() -> BaseResponse:
    if "HX-Request" in request.headers:
        # A redirect would be followed unseen and the sign-in page swapped into a corner of this one.
        page = urlsplit(request.headers.get("HX-Current-URL", ""))
        target = _sign_in_url(page.path + (f"?{page.query}" if page.query else ""))
        return Response(status=401, headers={"HX-Redirect": target})
    return redirect(_sign_in_url(iri_to_uri(request.full_path.removesuffix("?"))))


def _sign_in_url(going_to: str) -> str:
    return "/sign-in?" + urlencode({"next": going_to})


def _who_looks() -> Person | None:
    try:
        found = entry.current_session()
    except SQLAlchemyError as error:
        let_go()
        log.warning("nobody can be recognised", extra={"error": type(error).__name__})
        return None
    return found.known.person if found else None


def _say_so(response: Response) -> Response:
    """Keep pages of people who are signed in out of every cache, and name the way in where it was missed."""
    kind = guard_of(_view())
    if kind == SIGNED_IN or (kind == PUBLIC and g.get("person")):
        response.headers.setdefault("Cache-Control", "no-store")
    if kind == API_CALLER and response.status_code == 401:
        response.headers.setdefault("WWW-Authenticate", 'Bearer realm="stratus"')
    return response
