"""Blueprints of the pages."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask import Flask

from app.web import errors, frame, jinja
from app.web.auth import blueprint as auth
from config import Settings


def init_app(app: Flask, settings: Settings) -> None:
    """Give `app` its pages."""
    jinja.install(app.jinja_env, zone=ZoneInfo(settings.timezone), now=lambda: datetime.now(UTC))
    frame.init_app(app, settings)
    errors.init_app(app)
    app.register_blueprint(auth)
