"""Coming in and going out of a browser: the session in its cookie, renewed at sign-in, ended at sign-out."""

from flask import g, request, session

from app import audit
from app.audit import Act
from app.extensions import db
from app.identity import people, sessions
from app.identity.oidc import Arrival
from app.identity.parts import now, parts
from app.identity.sessions import Client, Found
from app.reader import let_go, reader

COOKIE_KEY = "sid"


def sign_in(arrival: Arrival) -> None:
    """Remember who came and open a session, in place of whatever this browser held before."""
    here = parts()
    user = people.note(db.session, arrival.profile)
    _end_current()
    client = Client(request.user_agent.string or None, request.remote_addr)
    secret = sessions.start(
        db.session, here.vault, user.id, arrival.tokens, hours=here.settings.session_hours, client=client, now=now()
    )
    _record(user.subject, "session.start")
    db.session.commit()
    session.clear()  # nothing that was planted before, the form token among it, lives on
    session.permanent = True
    session[COOKIE_KEY] = secret


def sign_out() -> str | None:
    """End this browser's session; answers the ID token that the provider wants back, if there was one."""
    found = current_session()
    let_go()
    id_token = _end_current()
    if found is not None:
        _record(found.known.person.user_id, "session.end")
    db.session.commit()
    session.clear()
    return id_token


def refused(reason: str) -> None:
    """Note a sign-in that did not come to pass."""
    db.session.rollback()
    _record("anonymous", "session.start", result="refused", reason=reason)
    db.session.commit()


def current_session() -> Found | None:
    """The live session of this request's browser, or None. Does not look at how fresh its teams are."""
    secret = session.get(COOKIE_KEY)
    if not isinstance(secret, str):
        return None
    return sessions.find(reader(), secret, parts().settings.admin_team, now())


def _end_current() -> str | None:
    secret = session.get(COOKIE_KEY)
    return sessions.end(db.session, parts().vault, secret, now()) if isinstance(secret, str) else None


def _record(who: str, action: str, *, result: str = "done", **details: str) -> None:
    act = Act(
        who,
        action,
        f"user:{who}",
        result=result,
        address=request.remote_addr,
        correlation_id=g.get("request_id"),
        details=details,
    )
    audit.record(db.session.connection(), [act])
