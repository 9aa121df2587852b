"""Who is who: sign-in, sessions, tokens, teams."""

from datetime import timedelta
from urllib.parse import urlsplit

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface

from app.extensions import csrf
from app.identity import guard, parts
from app.identity.guard import current_person, optional_person
from app.vault import Vault
from config import Settings

__all__ = ["current_person", "init_app", "optional_person"]


def init_app(app: Flask, settings: Settings, vault: Vault) -> None:
    """Give `app` sign-in, sessions, bearer tokens, guards on every route and form tokens. Asks nothing of the provider."""
    app.config.update(_cookie(settings))
    app.session_interface = PageSessions()
    app.config.update(
        WTF_CSRF_CHECK_DEFAULT=False,  # the guard asks, so that one hook decides in one order
        WTF_CSRF_TIME_LIMIT=None,  # a form is good as long as the session: nothing typed is lost
        WTF_CSRF_SSL_STRICT=False,  # the guard checks Origin, which no Referrer-Policy takes away
    )
    csrf.init_app(app)
    parts.install(app, settings, vault)
    guard.protect(app)


class PageSessions(SecureCookieSessionInterface):
    """Sessions of pages. A call of the API has none: its cookies are not even read."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of a page, None for a call of the API."""
        return None if request.path.startswith("/api/v1/") else super().open_session(app, request)


def _cookie(settings: Settings) -> dict[str, object]:
    """Cookies do not tell ports apart: two portals on one machine need two names. `__Host-` needs https."""
    url = urlsplit(settings.public_url)
    secure = url.scheme == "https"
    return {
        "SESSION_COOKIE_NAME": "__Host-stratus" if secure else f"stratus-{url.port or 80}",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_PATH": "/",
        "SESSION_REFRESH_EACH_REQUEST": False,
        "PERMANENT_SESSION_LIFETIME": timedelta(hours=settings.session_hours),
    }
