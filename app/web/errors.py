"""Errors become pages, in one place. The API has its own place; what lies under `/api` never comes here."""

import logging

from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException

from app.errors import Conflict, Malformed, NotAllowed, NotFound, StratusError, TooLarge, Unavailable
from app.extensions import db
from app.reader import let_go

log = logging.getLogger(__name__)

OF_STATUS: dict[int, type[StratusError]] = {
    400: Malformed,
    403: NotAllowed,
    404: NotFound,
    405: NotFound,
    409: Conflict,
    413: TooLarge,
    503: Unavailable,
}
PAGES = frozenset({400, 401, 403, 404, 405, 409, 413, 422, 500, 503})


def init_app(app: Flask) -> None:
    """Answer every error of a page with a page."""
    app.register_error_handler(StratusError, expected)
    app.register_error_handler(HTTPException, of_http)
    app.register_error_handler(OperationalError, without_database)
    app.register_error_handler(PoolTimeout, without_database)
    app.register_error_handler(Exception, unexpected)


def expected(error: StratusError) -> ResponseReturnValue:
    """An error that was foreseen: its page, with its own sentence where it has one."""
    let_go()
    db.session.rollback()
    own = error.message if error.message != (type(error).__doc__ or "").strip() else None
    headers = {"Retry-After": str(error.retry_after)} if error.retry_after else {}
    status = error.status if error.status in PAGES else 500
    page = render_template(f"errors/{status}.html", message=own, retry_after=error.retry_after, error=error)
    return page, error.status, headers


def of_http(error: HTTPException) -> ResponseReturnValue:
    """An error of the framework: a redirect stays one, everything else becomes ours."""
    if error.code is None or error.code < 400:
        return error
    kind = OF_STATUS.get(error.code, StratusError)
    made = kind()
    made.status = error.code
    return expected(made)


def without_database(error: DBAPIError | PoolTimeout) -> ResponseReturnValue:
    """PostgreSQL does not answer: nothing was lost, the reader may try again."""
    log.error("PostgreSQL does not answer", extra={"path": request.path, "error": str(error).splitlines()[0]})
    return expected(Unavailable())


def unexpected(error: Exception) -> ResponseReturnValue:
    """A bug: written down with its trace, told without it."""
    log.error("a page broke", exc_info=error, extra={"path": request.path})
    return expected(StratusError())
