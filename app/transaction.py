"""Commit, then ring: the one visible place where a use case of web, API or command becomes durable."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from flask import current_app
from sqlalchemy import Connection

from app.dispatch import Doorbell
from app.extensions import db
from app.vault import Vault


@dataclass(slots=True)
class Unit:
    """One unit of work. ready: how many steps became ready in it; the bell rings for them after the commit."""

    connection: Connection
    vault: Vault
    ready: int = 0


@contextmanager
def transaction() -> Iterator[Unit]:
    """Run a use case in one transaction of the session, commit, then wake workers. An exception rolls all of it back."""
    unit = Unit(db.session.connection(), current_app.extensions["vault"])
    try:
        yield unit
        db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    if unit.ready:
        bell: Doorbell = current_app.extensions["doorbell"]
        bell.ring(unit.ready)
