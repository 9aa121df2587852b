"""Makes a worker record and claim in the words of Python alone, where a broken engine can replace one of them."""

from typing import Any

from app.jobs.runtime import Runtime
from app.lifecycle.engine.advance import Advanced


def take_it() -> None:
    """Answer every plain case as the database answers what is not plain: that it is to be done elsewhere."""

    def elsewhere(*_: Any, **__: Any) -> Advanced:
        return Advanced(elsewhere=True, made_ready=0, contended=False, taken=None)

    Runtime._call = elsewhere  # type: ignore[method-assign]
