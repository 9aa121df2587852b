"""What views need of the app that serves the call."""

from collections.abc import Iterator
from typing import cast

from flask import Response, current_app, request

from app.lifecycle.files.store import FileStore
from app.queries.paging import Cursors
from config import Settings


def settings() -> Settings:
    """The settings of the portal."""
    return cast("Settings", current_app.config["SETTINGS"])


def below_api() -> bool:
    """Whether this call is the API's to answer, whether or not a route takes it."""
    path = "/" + request.path.lstrip("/")
    return path == "/api" or path.startswith("/api/")


def files() -> FileStore:
    """Where files are kept."""
    return cast("FileStore", current_app.extensions["files"])


def cursors() -> Cursors:
    """Makes and reads this portal's cursors."""
    return Cursors(settings().signing_key)


def streamed(lines: Iterator[str], mimetype: str) -> Response:
    """An answer that is sent while it is made, by what needs no app for it.

    What goes wrong before its second line is still answered as any other error.
    """
    begun = [next(lines, ""), next(lines, "")]
    return Response(_and_on(begun, lines), mimetype=mimetype)


def _and_on(begun: list[str], lines: Iterator[str]) -> Iterator[str]:
    """The lines, and their end as soon as the client has gone: unlike a chain, a generator is told."""
    yield from begun
    yield from lines
