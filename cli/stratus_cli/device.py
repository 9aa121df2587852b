"""Signing in by device code (RFC 8628): a person confirms in a browser, anywhere, what this program asked for.

The provider's access token lives for minutes, so a personal token of the portal is made with it and kept instead.
"""

import socket
import time
from collections.abc import Mapping
from typing import Any

import click
import httpx

from stratus_cli.exits import Exit, Stop
from stratus_cli.portal import LOOPBACK, Portal
from stratus_cli.text import clean

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
DISCOVERY = "/.well-known/openid-configuration"
RESOURCE = "/.well-known/oauth-protected-resource"
SCOPES = "openid profile email groups"
DAYS = 30


def sign_in(portal: str, issuer: str | None, client_id: str | None, patience: float) -> Mapping[str, Any]:
    """Let somebody confirm, and make a token; what to keep of it. Raises Stop."""
    with httpx.Client(timeout=patience, follow_redirects=False) as http:
        if not issuer or not client_id:
            told = _told(http, portal)
            issuer, client_id = issuer or told.get("issuer"), client_id or told.get("client_id")
        if not issuer or not client_id:
            raise Stop(Exit.INVALID, "The portal does not say where to sign in by device: give --issuer and --client-id.")
        access = _access_token(http, issuer.rstrip("/"), client_id)
    name = f"stratus on {socket.gethostname()}"[:100]
    made = Portal(portal, access, patience).post("/tokens", {"name": name, "days": DAYS})
    return {"token": made["token"], "token_id": made["token_id"]}


def _told(http: httpx.Client, portal: str) -> Mapping[str, Any]:
    """Where the portal says that people sign in, and as which client (RFC 9728); empty when it does not."""
    answer = _call(http, "GET", portal + RESOURCE)
    document = _object(answer) if answer.is_success else {}
    servers = document.get("authorization_servers")
    issuer = servers[0] if isinstance(servers, list) and servers else None
    return {"issuer": issuer, "client_id": document.get("stratus_cli_client_id")}


def _access_token(http: httpx.Client, issuer: str, client_id: str) -> str:
    found = _discovered(http, issuer)
    asked = _call(http, "POST", found["device_authorization_endpoint"], {"client_id": client_id, "scope": SCOPES})
    grant = _object(asked)
    if not asked.is_success or not isinstance(grant.get("device_code"), str):
        raise Stop(Exit.REFUSED, f"The sign-in provider refused: {_said(grant)}")
    click.echo(
        f"Open {clean(str(grant.get('verification_uri')))} and enter the code {clean(str(grant.get('user_code')))}", err=True
    )
    if grant.get("verification_uri_complete"):
        click.echo(f"or open {clean(str(grant['verification_uri_complete']))}", err=True)
    return _polled(http, found["token_endpoint"], client_id, grant)


def _discovered(http: httpx.Client, issuer: str) -> Mapping[str, str]:
    document = _object(_call(http, "GET", issuer + DISCOVERY))
    if document.get("issuer") != issuer:
        raise Stop(Exit.INVALID, f"{issuer} does not describe itself as a sign-in provider.")
    if not document.get("device_authorization_endpoint"):
        raise Stop(Exit.INVALID, f"{issuer} has no sign-in by device: make a token on the page of your account instead.")
    return {name: _trusted(document.get(name)) for name in ("device_authorization_endpoint", "token_endpoint")}


def _polled(http: httpx.Client, endpoint: str, client_id: str, grant: Mapping[str, Any]) -> str:
    """Ask until it is confirmed, as often as the provider likes (RFC 8628, 3.5)."""
    pause = float(grant.get("interval") or 5)
    deadline = time.monotonic() + float(grant.get("expires_in") or 600)
    form = {"grant_type": GRANT, "device_code": grant["device_code"], "client_id": client_id}
    while time.monotonic() < deadline:
        time.sleep(pause)
        answer = _call(http, "POST", endpoint, form)
        said = _object(answer)
        if answer.is_success and isinstance(said.get("access_token"), str):
            return str(said["access_token"])
        if said.get("error") not in ("authorization_pending", "slow_down"):
            raise Stop(Exit.REFUSED, f"Nobody was signed in: {_said(said)}")
        pause += 5 if said["error"] == "slow_down" else 0
    raise Stop(Exit.REFUSED, "Nobody confirmed the code in time.")


def _call(http: httpx.Client, method: str, url: str, form: Mapping[str, str] | None = None) -> httpx.Response:
    try:
        return http.request(method, _trusted(url), data=form, headers={"Accept": "application/json"})
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Stop(Exit.AWAY, f"{url} does not answer ({str(error) or type(error).__name__}).") from error


def _trusted(url: Any) -> str:
    """A URL over which a code may go. Raises Stop."""
    try:
        parts = httpx.URL(url)
    except (TypeError, httpx.InvalidURL) as error:
        raise Stop(Exit.INVALID, "The sign-in provider names no usable address.") from error
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.host in LOOPBACK):
        raise Stop(Exit.INVALID, f"{url} is not https: signing in there would be readable in the network.")
    return str(url)


def _object(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _said(answer: Mapping[str, Any]) -> str:
    return clean(str(answer.get("error_description") or answer.get("error") or "it does not say why"))
