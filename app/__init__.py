"""`create_app` wires everything together; nothing imports this module.

Whatever it needs is imported when it is called: workers and streams import this package too, and each of them would hold forty
megabytes of a portal that it never serves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from config import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The web application. Without `settings` they are read from the environment; a wrong one ends the process."""
    from app.portal import create

    return create(settings)
