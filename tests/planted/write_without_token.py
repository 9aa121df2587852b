"""A record that does not ask whose the step is: a worker that has lost its lease writes over the one that holds it now."""

from typing import Any

from sqlalchemy import Row

from app.lifecycle.write import Change
from tests.planted import the_long_way


def plant() -> None:
    """Take the fencing token out of every move."""
    the_long_way.take_it()
    guarded = Change.move_step

    def move_step(change: Change, *about: Any, token: object = None, **more: Any) -> Row[Any] | None:
        return guarded(change, *about, **more)

    Change.move_step = move_step  # type: ignore[method-assign]
