"""The connection that a call reads through. What is written goes through `transaction`."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Flask, g
from sqlalchemy import Connection

from app.extensions import db


def init_app(app: Flask) -> None:
    """Give the connection of every call of `app` back when the call ends."""
    app.teardown_appcontext(let_go)


def reader() -> Connection:
    """The connection of this call, taken when it first reads.

    A statement sees what is committed when it begins. That is all that a transaction of ours would promise as well (all of them
    are READ COMMITTED), so that none is begun: its BEGIN and its end would be two round trips that say nothing. Nothing may be
    written or locked through it. Within `transaction` it is the transaction's own, and sees what that wrote.
    """
    found: Connection | None = g.get("reader")
    if found is None:
        found = g.reader = db.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
    return found


@contextmanager
def reading_within(connection: Connection) -> Iterator[None]:
    """Let `reader` be the connection of a transaction."""
    g.reader = connection
    try:
        yield
    finally:
        g.pop("reader", None)


def let_go(_error: BaseException | None = None) -> None:
    """Give the connection back before the call ends: for one that waits, or goes on to write."""
    found: Connection | None = g.pop("reader", None)
    if found is not None:
        found.close()
