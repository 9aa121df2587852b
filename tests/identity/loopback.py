"""A provider over real HTTP on loopback, and a browser that walks between it and the portal."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

import requests
from flask import Flask, request
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from joserfc.jwk import RSAKey
from sqlalchemy import Engine, Select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.errors import StratusError
from app.identity.guard import api_caller, current_person, public, signed_in
from dev.oauth import House

PORTAL = "http://127.0.0.1:8000"
CALLBACK = PORTAL + "/sign-in/callback"
SECRET = "a client secret of the tests"
KEY = RSAKey.generate_key(2048, auto_kid=True)


def rows(database: Engine, statement: Select) -> list:
    """What a select finds, seen from a connection of its own."""
    with Session(database, expire_on_commit=False) as session:
        return list(session.scalars(statement))


@dataclass
class Running:
    """A provider that answers at `house.issuer`. Tests change `accounts` while it runs. down: it answers 502 to everything."""

    house: House
    accounts: dict
    asked: list[str] = field(default_factory=list)
    down: bool = False

    def hear(self) -> tuple[str, int] | None:
        """Note what is asked, before it is answered."""
        self.asked.append(request.path)
        return ("<h1>Bad gateway</h1>", 502) if self.down else None

    @property
    def url(self) -> str:
        return self.house.issuer


def add_probes(app: Flask) -> None:
    """Views that answer who calls, one for each guard, and one that forgot its own. What is refused is answered as text."""
    app.register_error_handler(StratusError, lambda error: (error.message, error.status))

    def who() -> dict:
        person = current_person()
        return {"user_id": person.user_id, "name": person.name, "teams": sorted(person.teams), "admin": person.is_admin}

    for guard, rule in ((signed_in, "/probe/page"), (api_caller, "/api/v1/probe"), (public, "/probe/public")):
        view = guard(lambda: who())
        app.add_url_rule(rule, rule.replace("/", "-"), view, methods=["GET", "POST"])
    app.add_url_rule("/probe/forgotten", "forgotten", lambda: who())


@dataclass
class Browser:
    """A person's browser: cookies of the portal in `client`, the provider reached over real HTTP."""

    client: FlaskClient

    def get(self, path: str, **more: object) -> TestResponse:
        return self.client.get(path, base_url=PORTAL, **more)

    def post(self, path: str, **more: object) -> TestResponse:
        return self.client.post(path, base_url=PORTAL, **more)

    def choose(self, user_id: str, going_to: str = "/probe/page") -> str:
        """Start to sign in and press an account's button; answers the URL that the provider sends the browser to."""
        start = self.get("/sign-in", query_string={"next": going_to})
        assert start.status_code == 302, start.text
        answer = requests.post(start.location, data={"account": user_id}, allow_redirects=False, timeout=5)
        return answer.headers["Location"]

    def follow(self, url: str) -> TestResponse:
        """Come back to the portal at `url`."""
        parts = urlsplit(url)
        assert f"{parts.scheme}://{parts.netloc}" == PORTAL
        return self.get(f"{parts.path}?{parts.query}")

    def sign_in(self, user_id: str, going_to: str = "/probe/page") -> TestResponse:
        return self.follow(self.choose(user_id, going_to))

    def form_token(self) -> str:
        """A form token of this browser's session, as any page with a form carries it."""
        with self.client.session_transaction(base_url=PORTAL) as session:
            raw = session.setdefault("csrf_token", "raw form token")
        return URLSafeTimedSerializer(self.client.application.secret_key, salt="wtf-csrf-token").dumps(raw)
