"""Commit, then ring: the one visible place where a use case of web, API or command becomes durable."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from flask import current_app
from sqlalchemy import Connection

from app import audit, events
from app.dispatch import Doorbell
from app.extensions import db
from app.failpoints import failpoint
from app.reader import let_go, reading_within
from app.vault import Vault


@dataclass(frozen=True, slots=True)
class Rules:
    """What the operator configured for every request. team_requests: how many of one team are built at once, 0: any number."""

    team_requests: int = 0
    request_timeout: timedelta | None = None


@dataclass(slots=True)
class Unit:
    """One unit of work. ready: how many steps became ready in it; the bell rings for them after the commit.

    refused: acts that were refused; they are audited though all else is rolled back.
    """

    connection: Connection
    vault: Vault
    ready: int = 0
    rules: Rules = Rules()
    refused: list[audit.Act] = field(default_factory=list)


@contextmanager
def transaction() -> Iterator[Unit]:
    """Run a use case in one transaction of the session, commit, then wake workers and those who watch.

    An exception rolls all of it back.
    """
    let_go()  # a call holds one connection at a time
    unit = Unit(db.session.connection(), current_app.extensions["vault"], rules=current_app.extensions["rules"])
    try:
        with reading_within(unit.connection):
            yield unit
        changed = events.changed(unit.connection)
        failpoint("web-before-commit")
        db.session.commit()
    except BaseException:
        db.session.rollback()
        if unit.refused:
            audit.record(db.session.connection(), unit.refused)
            db.session.commit()
        raise
    failpoint("web-after-commit")
    bell: Doorbell = current_app.extensions["doorbell"]
    if unit.ready:
        bell.ring(1)
    bell.tell(changed)
    failpoint("web-after-ring")
