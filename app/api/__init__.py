"""Blueprints of `/api/v1`: schemas, endpoints, problem details."""

from flask import Flask

from config import Settings


def init_app(app: Flask, settings: Settings) -> None:
    """Give `app` its API."""
