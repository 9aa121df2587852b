"""A record that does not ask whose the step is: a worker that has lost its lease writes over the one that holds it now."""

import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import Connection, Row

from app.lifecycle.engine import claims
from app.lifecycle.write import Change
from tests.planted import the_long_way


def plant() -> None:
    """Take the fencing token out of every move, and let no heartbeat hear that a lease is lost."""
    the_long_way.take_it()
    guarded, heard = Change.move_step, claims.extend

    def move_step(change: Change, *about: Any, token: object = None, **more: Any) -> Row[Any] | None:
        return guarded(change, *about, **more)

    def extend(connection: Connection, tokens: Sequence[uuid.UUID], lease: timedelta) -> dict[uuid.UUID, bool]:
        return dict.fromkeys(tokens, False) | heard(connection, tokens, lease)

    claims.extend = extend
    Change.move_step = move_step  # type: ignore[method-assign]
