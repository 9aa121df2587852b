"""`create_app` wires everything together; nothing imports this module."""

from flask import Flask

from app.extensions import csrf, db, migrate
from config import HERE, Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The web application. Without `settings` they are read from the environment; a wrong one raises ValueError."""
    settings = settings or Settings()
    app = Flask(__name__, template_folder=str(HERE / "templates"), static_folder=str(HERE / "static"))
    _configure(app, settings)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(HERE / "migrations"), compare_type=True)
    csrf.init_app(app)
    return app


def _configure(app: Flask, settings: Settings) -> None:
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=settings.secret_key or "development-only",
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS={"pool_pre_ping": True},
        MAX_CONTENT_LENGTH=settings.max_body_bytes,
    )
