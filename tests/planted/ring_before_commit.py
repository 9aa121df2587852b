"""A web that rings first and commits afterwards: whoever is woken finds nothing yet, and sleeps on."""

from flask import current_app, has_app_context

from app.dispatch import Doorbell
from app.failpoints import ARMED


def plant() -> None:
    """Ring where a transaction is about to commit, and not any more where it has."""
    ring = Doorbell.ring

    def too_soon() -> None:
        ring(current_app.extensions["doorbell"], 1)

    def when_asked(bell: Doorbell, ready: int) -> bool:
        return True if has_app_context() else ring(bell, ready)

    ARMED["web-before-commit"] = too_soon
    Doorbell.ring = when_asked  # type: ignore[method-assign]
