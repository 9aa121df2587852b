"""Blueprints of the pages."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Flask, request

from app.core.json_text import storable
from app.errors import NotFound
from app.web import auth, errors, frame, home, jinja, quotas, styleguide
from app.web.approvals import pages as approvals
from app.web.batches import pages as batches
from app.web.catalog import pages as catalog
from app.web.ordering import drafts
from app.web.ordering import pages as ordering
from app.web.requests import decisions, exports, live, outputs, plans, receipt, revising
from app.web.requests import pages as requests
from app.web.tickets import engine as queue
from app.web.tickets import pages as tickets
from config import Settings


def init_app(app: Flask, settings: Settings) -> None:
    """Give `app` its pages."""
    jinja.install(app.jinja_env, zone=ZoneInfo(settings.timezone), now=lambda: datetime.now(UTC))
    frame.init_app(app, settings)
    errors.init_app(app)
    app.before_request(_refuse_unstorable_names)
    orders = (ordering, drafts, batches, exports, receipt, requests, approvals, revising, outputs, decisions, plans, live)
    for pages in (auth, home, catalog, *orders, tickets, queue, quotas):
        app.register_blueprint(pages.blueprint)
    if settings.stratus_profile == "development":
        app.register_blueprint(styleguide.blueprint)


def _refuse_unstorable_names() -> None:
    """An address with a character that no text in the database can have names nothing. The API tells this in its own way."""
    if request.path.startswith("/api/"):
        return
    named = [str(value) for value in (request.view_args or {}).values()]
    for text in (*named, *(value for _, value in request.args.items(multi=True))):
        if not storable(text):
            raise NotFound
