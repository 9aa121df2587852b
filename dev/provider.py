"""The bundled OIDC provider: real tokens for made-up people, on loopback, in development only.

`python -m dev.provider --port N --issuer http://127.0.0.1:N --client-id … --redirect URL --data DIR`, with the client's
secret in `OIDC_CLIENT_SECRET`: a command line is everybody's to read.
What it signs is checked by the portal as any provider's would be; what it lacks is a password.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

from authlib.oauth2 import OAuth2Error
from flask import Flask, Response, abort, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from joserfc.jwk import RSAKey
from werkzeug.serving import run_simple

from dev.accounts import ACCOUNTS, Account
from dev.device import GRANT
from dev.oauth import ACCESS_TYPE, ALGORITHM, SCOPES, Client, House, Server

HERE = Path(__file__).resolve().parent
ADDRESS = "127.0.0.1"


def create_app(house: House) -> Flask:
    """The provider's pages and endpoints over `house`."""
    app = Flask(__name__, static_folder=str(HERE.parent / "static"), template_folder=str(HERE / "templates"))
    pages = Pages(house, Server(app, house))
    app.before_request(pages.refuse_other_hosts)
    app.after_request(pages.harden)
    app.add_url_rule("/health", view_func=pages.health)
    app.add_url_rule("/.well-known/openid-configuration", view_func=pages.discovery)
    app.add_url_rule("/jwks", view_func=pages.jwks)
    app.add_url_rule("/authorize", view_func=pages.authorize, methods=["GET", "POST"])
    app.add_url_rule("/token", view_func=pages.token, methods=["POST"])
    app.add_url_rule("/device-authorization", view_func=pages.device_authorization, methods=["POST"])
    app.add_url_rule("/device", view_func=pages.device, methods=["GET", "POST"])
    app.add_url_rule("/userinfo", view_func=pages.userinfo, methods=["GET", "POST"])
    app.add_url_rule("/end-session", view_func=pages.end_session, methods=["GET", "POST"])
    return app


@dataclass(frozen=True)
class Pages:
    """What answers at each URL."""

    house: House
    server: Server

    def refuse_other_hosts(self) -> None:
        """A page elsewhere whose name resolves to this machine must not sign anybody in."""
        issuer = self.house.issuer
        if request.host != urlsplit(issuer).netloc or request.headers.get("Origin", issuer) != issuer:
            abort(403)

    def harden(self, response: Response) -> Response:
        """Nothing is kept, framed, or loaded from elsewhere; the form leads on to the portal."""
        portal = urlsplit(self.house.client.redirect_uri)
        response.headers["Cache-Control"] = "no-store"
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; "
            f"form-action 'self' {portal.scheme}://{portal.netloc}"
        )
        return response

    def health(self) -> ResponseReturnValue:
        """Whether it is up."""
        return {"status": "ok"}

    def discovery(self) -> ResponseReturnValue:
        """Where everything is (OpenID Connect Discovery)."""
        return _metadata(self.house.issuer)

    def jwks(self) -> ResponseReturnValue:
        """The public key."""
        return {"keys": [{**self.house.key.as_dict(private=False), "use": "sig", "alg": ALGORITHM}]}

    def authorize(self) -> ResponseReturnValue:
        """The list of accounts, and what a click on one of them does."""
        try:
            grant = self.server.get_consent_grant()
        except OAuth2Error as error:
            return self._answer(self.server.handle_error_response(None, error))
        if request.method == "GET":
            return render_template("provider/sign_in.html", accounts=self.house.accounts.values())
        account = self.house.accounts.get(request.form.get("account", ""))
        return self._answer(self.server.create_authorization_response(grant_user=account, grant=grant))

    def token(self) -> ResponseReturnValue:
        """Tokens for a code or a refresh token."""
        return self._answer(self.server.create_token_response())

    def device_authorization(self) -> ResponseReturnValue:
        """A code for a program without a browser (RFC 8628)."""
        return self._answer(self.server.create_endpoint_response("device_authorization"))

    def device(self) -> ResponseReturnValue:
        """Where a person types that code, and what a click on an account does."""
        accounts, code = self.house.accounts, request.values.get("user_code", "").strip().upper()
        if request.method == "GET":
            return render_template("provider/device.html", accounts=accounts.values(), user_code=code)
        known = [one for one in self.house.devices.values() if one.user_code == code and not one.is_expired()]
        if not known:
            return render_template("provider/device.html", accounts=accounts.values(), user_code=code, wrong=True), 404
        account = accounts.get(request.form.get("account", ""))
        known[0].user_id = account.user_id if account else ""
        words = f"The program is signed in as {account.name}" if account else "The program was refused"
        return render_template("provider/device.html", confirmed=words)

    def userinfo(self) -> ResponseReturnValue:
        """Who holds an access token."""
        scheme, _, text = request.headers.get("Authorization", "").partition(" ")
        claims = self.house.opened(ACCESS_TYPE, text) if scheme == "Bearer" else None
        account = self.house.accounts.get(claims["sub"]) if claims else None
        if claims is None or account is None:
            return jsonify(error="invalid_token"), 401, {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        return account.claims(claims["scope"])

    def end_session(self) -> ResponseReturnValue:
        """Back to the portal, or a page that says that it is over."""
        return self.server.create_endpoint_response("end_session") or render_template("provider/signed_out.html")

    @staticmethod
    def _answer(made: Response) -> Response:
        """Say what Authlib made: it has no types."""
        return made


def key_in(folder: Path) -> RSAKey:
    """The signing key kept in `folder`, made there at the first call: tokens outlive a restart."""
    file = folder / "provider-key.json"
    if not file.exists():
        folder.mkdir(parents=True, exist_ok=True)
        beside = file.with_suffix(f".{os.getpid()}")
        beside.touch(mode=0o600)
        beside.write_text(json.dumps(RSAKey.generate_key(2048, auto_kid=True).as_dict(private=True)))
        beside.rename(file)
    return RSAKey.import_key(json.loads(file.read_text()))


def house_of(
    issuer: str, client: tuple[str, str], redirect: str, key: RSAKey, audience: str, accounts: Mapping[str, Account] = ACCOUNTS
) -> House:
    """A house for one portal. client: its id and secret; redirect: its callback, whose site also has `/signed-out`."""
    return House(issuer, audience, Client(*client, redirect, urljoin(redirect, "/signed-out")), accounts, key)


def _metadata(issuer: str) -> dict[str, Any]:
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "device_authorization_endpoint": f"{issuer}/device-authorization",
        "userinfo_endpoint": f"{issuer}/userinfo",
        "jwks_uri": f"{issuer}/jwks",
        "end_session_endpoint": f"{issuer}/end-session",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token", GRANT],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [ALGORITHM],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": list(SCOPES),
        "claims_supported": ["sub", "name", "preferred_username", "email", "email_verified", "groups"],
    }


def _refuse(profile: str, issuer: str, port: int) -> None:
    if profile not in ("development", "test"):
        sys.exit("The development sign-in provider lets anybody in: it runs only with STRATUS_PROFILE=development.")
    if urlsplit(issuer).netloc != f"{ADDRESS}:{port}":
        sys.exit(f"The issuer of the development sign-in provider must be http://{ADDRESS}:{port}.")


def main() -> None:
    """Serve until told to stop."""
    parser = argparse.ArgumentParser(description="The development sign-in provider.")
    parser.add_argument("--port", type=int, required=True)
    for name in ("--issuer", "--client-id", "--redirect"):
        parser.add_argument(name, required=True)
    parser.add_argument("--audience", default="stratus-api")
    parser.add_argument("--data", type=Path, required=True, help="folder that keeps the signing key")
    given = parser.parse_args()
    _refuse(os.environ.get("STRATUS_PROFILE", "production"), given.issuer, given.port)
    secret = os.environ.get("OIDC_CLIENT_SECRET")
    if not secret:
        sys.exit("The development sign-in provider needs the secret of its client in OIDC_CLIENT_SECRET.")
    house = house_of(given.issuer, (given.client_id, secret), given.redirect, key_in(given.data), given.audience)
    run_simple(ADDRESS, given.port, create_app(house), threaded=True)


if __name__ == "__main__":
    main()
