"""The web application, wired together from all its parts."""

from datetime import timedelta
from typing import Any

import click
from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from app import api, identity, limits, reader, web
from app.catalog.options import Options
from app.cli import catalog_group
from app.database import engine_options
from app.dispatch import Doorbell
from app.extensions import db
from app.handover.door import Door
from app.lifecycle.files.stores import file_store
from app.logs import configure
from app.outbound import Outbound
from app.token_cli import token_group
from app.transaction import Rules
from app.vault import Vault
from app.vault_cli import vault_group
from config import HERE, Settings, load


def create(settings: Settings | None = None) -> Flask:
    """The web application. Without `settings` they are read from the environment; a wrong one ends the process."""
    settings = settings or load()
    app = Flask(__name__, template_folder=str(HERE / "templates"), static_folder=str(HERE / "static"))
    if settings.stratus_profile != "test":
        configure(settings.log_level)
    _configure(app, settings)
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]
    vault = Vault.from_text(settings.vault_ring)
    app.extensions["vault"] = vault
    timeout = timedelta(seconds=settings.request_timeout_seconds) if settings.request_timeout_seconds else None
    app.extensions["files"] = file_store(settings, lambda: db.engine.begin(), vault)
    app.extensions["rules"] = Rules(settings.team_requests, timeout)
    app.extensions["doorbell"] = Doorbell(settings.redis_url)
    app.extensions[limits.EXTENSION] = limits.install(settings)
    app.extensions["options"] = Options(
        Outbound(settings.outbound_hosts, settings.outbound_rewrites, allow_loopback=settings.development)
    )
    app.extensions["streams"] = Door(settings.stream_socket)
    db.init_app(app)
    reader.init_app(app)
    app.extensions["migrate"] = migrations = Migrations(app)
    if click.get_current_context(silent=True) is not None:
        migrations.load()  # for the commands `flask db …`, which it adds itself
    identity.init_app(app, settings, vault)
    web.init_app(app, settings)
    api.init_app(app)
    app.cli.add_command(catalog_group)
    app.cli.add_command(token_group)
    app.cli.add_command(vault_group)
    return app


class Migrations:
    """Stands for Flask-Migrate until a command asks for it: with Alembic, Mako and Pygments it is twenty megabytes."""

    def __init__(self, app: Flask) -> None:
        self._app = app

    def load(self) -> None:
        """Let the real one take the place of this one."""
        from flask_migrate import Migrate

        Migrate(self._app, db, directory=str(HERE / "migrations"), compare_type=True)

    def __getattr__(self, name: str) -> Any:
        self.load()
        return getattr(self._app.extensions["migrate"], name)


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.signing_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options("stratus-web", statement_seconds=30, pool_size=10, pool_timeout=5),
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
    )
