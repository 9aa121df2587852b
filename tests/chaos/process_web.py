"""The portal's web process, watched: `gunicorn "tests.chaos.process_web:create()"`."""

from flask import Flask

from app import create_app
from tests.chaos import witness


def create() -> Flask:
    """The application as production makes it, with the witness around it."""
    witness.install("web")
    return create_app()
