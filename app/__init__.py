"""`create_app` wires everything together; nothing imports this module."""

from flask import Flask

from app import api, identity, web
from app.cli import catalog_group
from app.dispatch import Doorbell
from app.extensions import db, migrate
from app.logs import configure
from app.token_cli import token_group
from app.vault import Vault
from config import HERE, Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The web application. Without `settings` they are read from the environment; a wrong one raises ValueError."""
    settings = settings or Settings()
    app = Flask(__name__, template_folder=str(HERE / "templates"), static_folder=str(HERE / "static"))
    if settings.stratus_profile != "test":
        configure(settings.log_level)
    _configure(app, settings)
    vault = Vault.from_text(settings.vault_keys)
    app.extensions["vault"] = vault
    app.extensions["doorbell"] = Doorbell(settings.redis_url)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(HERE / "migrations"), compare_type=True)
    identity.init_app(app, settings, vault)
    web.init_app(app, settings)
    api.init_app(app, settings)
    app.cli.add_command(catalog_group)
    app.cli.add_command(token_group)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS={"pool_pre_ping": True, "pool_recycle": 1800},
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
    )
