"""What views need of the app that serves the call."""

from typing import cast

from flask import current_app, request

from app.queries.paging import Cursors
from config import Settings


def settings() -> Settings:
    """The settings of the portal."""
    return cast("Settings", current_app.config["SETTINGS"])


def below_api() -> bool:
    """Whether this call is the API's to answer, whether or not a route takes it."""
    return request.path == "/api" or request.path.startswith("/api/")


def cursors() -> Cursors:
    """Makes and reads this portal's cursors."""
    return Cursors(settings().signing_key)
