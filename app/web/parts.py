"""What the views of pages need of the app that serves the call."""

from typing import cast

from flask import current_app, g, request

from app.identity import current_person
from app.lifecycle.caller import Caller
from app.lifecycle.files.store import FileStore
from app.queries.paging import Cursors
from config import Settings


def settings() -> Settings:
    """The settings of the portal."""
    return cast("Settings", current_app.config["SETTINGS"])


def files() -> FileStore:
    """Where files are kept."""
    return cast("FileStore", current_app.extensions["files"])


def cursors() -> Cursors:
    """Makes and reads this portal's cursors."""
    return Cursors(settings().secret_key)


def caller() -> Caller:
    """Who calls and from where: what use cases write into the audit log."""
    return Caller(current_person(), request.remote_addr, g.get("request_id"))
