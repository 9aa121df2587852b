"""What a page sends by an unsafe method must come from a page of this portal: Origin, and the form token of the session."""

from urllib.parse import urlsplit

from flask import request
from flask_wtf.csrf import CSRFError

from app.errors import StratusError
from app.extensions import csrf


class FormRefused(StratusError):
    """This form is older than your session. Load the page again and send it once more."""

    status = 400
    code = "form_refused"


def refuse_foreign(public_url: str) -> None:
    """Raise FormRefused for what another site, or no page at all, made the browser send.

    Browsers send Origin with every unsafe request of our days; where one does not, the token alone decides.
    """
    origin = request.headers.get("Origin")
    if origin is not None and origin != origin_of(public_url):
        raise FormRefused(f"This was sent from another site. Open the portal at {public_url}.")
    try:
        csrf.protect()
    except CSRFError as error:
        raise FormRefused from error


def origin_of(url: str) -> str:
    """Scheme, host and port of `url`, as browsers write them into Origin: a default port is left out."""
    parts = urlsplit(url)
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    port = f":{parts.port}" if parts.port not in (None, usual) else ""
    host = parts.hostname or ""
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"
