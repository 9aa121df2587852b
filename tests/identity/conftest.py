"""Fixtures: a provider on loopback, a portal whose people come from it, and a browser in front of both."""

import threading
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import Engine
from werkzeug.serving import make_server

from app import create_app
from app.extensions import db
from config import Settings
from dev import provider as development
from dev.accounts import ACCOUNTS
from tests.identity.loopback import CALLBACK, KEY, PORTAL, SECRET, Browser, Running, add_probes


@pytest.fixture
def provider() -> Iterator[Running]:
    """The development provider, with accounts of its own to change."""
    server = make_server("127.0.0.1", 0, Flask("not yet"), threaded=True)
    accounts = dict(ACCOUNTS)
    issuer = f"http://127.0.0.1:{server.port}"
    house = development.house_of(issuer, ("stratus", SECRET), CALLBACK, KEY, "stratus-api", accounts)
    served = development.create_app(house)
    running = Running(house, accounts)
    served.before_request(running.hear)
    server.app = served
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield running
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def portal_settings(settings: Settings, provider: Running) -> Settings:
    """Settings of a portal whose people come from `provider`."""
    return settings.model_copy(update={"oidc_issuer": provider.url, "oidc_client_secret": SECRET, "public_url": PORTAL})


@pytest.fixture
def make_portal(portal_settings: Settings, database: Engine) -> Iterator[Callable[..., Flask]]:
    """Makes portals over the emptied database, with changed settings, and one probe view of each guard beside their own."""
    made = []

    def make(**changes: object) -> Flask:
        app = create_app(portal_settings.model_copy(update=changes))
        app.testing = True
        add_probes(app)
        made.append(app)
        return app

    yield make
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def portal(make_portal: Callable[..., Flask]) -> Flask:
    """A portal whose people come from `provider`."""
    return make_portal()


@pytest.fixture
def browser(portal: Flask) -> Browser:
    """A browser without cookies."""
    return Browser(portal.test_client())
