"""People who call the house that is measured: a browser that is signed in, and a token."""

from collections.abc import Sequence
from datetime import UTC, datetime

from flask import Flask
from flask.testing import FlaskClient

from app.extensions import db
from app.identity import people, sessions, tokens
from app.identity.entry import COOKIE_KEY
from app.identity.sessions import Client, ProviderTokens
from bench.stage import ISSUER
from config import Settings


def visitor(app: Flask, settings: Settings, who: str, teams: Sequence[str]) -> tuple[FlaskClient, str]:
    """A browser in which `who` is signed in, and a token; inside an app context."""
    name, now = who.partition("-")[0], datetime.now(UTC)
    user = people.remember(db.session, issuer=ISSUER, subject=who, name=name.title(), email=f"{name}@example.com", teams=teams)
    token, _ = tokens.mint(db.session, user.id, name="bench", days=1, now=now)
    secret = sessions.start(
        db.session, app.extensions["vault"], user.id, ProviderTokens(), hours=settings.session_hours, client=Client(), now=now
    )
    db.session.execute(db.text("UPDATE users SET seen_at = now() + interval '1 day'"))  # teams stay fresh meanwhile
    db.session.commit()
    client = app.test_client()
    with client.session_transaction() as session:
        session[COOKIE_KEY] = secret
    return client, token
