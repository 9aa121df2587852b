"""What views need of the app that serves the call."""

from typing import cast

from flask import current_app

from app.queries.paging import Cursors
from config import Settings


def settings() -> Settings:
    """The settings of the portal."""
    return cast("Settings", current_app.config["SETTINGS"])


def cursors() -> Cursors:
    """Makes and reads this portal's cursors."""
    return Cursors(settings().secret_key)
