"""Sign-in at the one OIDC provider, through Authlib: code flow with PKCE, state and nonce; signing out; reading teams again.

Nothing is asked of the provider before somebody signs in: a provider that is down does not stop the portal from starting.
"""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast

import requests
from authlib.integrations.base_client.errors import MismatchingStateError
from authlib.integrations.flask_client import OAuth, OAuthError
from authlib.integrations.requests_client import OAuth2Session
from flask import Flask, redirect, request, session
from joserfc.errors import JoseError
from werkzeug import Response

from app.errors import StratusError, Unavailable
from app.identity.claims import Profile, SignInRefused, read, teams_in
from app.identity.keys import ALGORITHMS
from app.identity.paths import safe_next
from app.identity.sessions import ProviderTokens
from config import Settings

log = logging.getLogger(__name__)

NAME = "provider"
STATE_PREFIX = f"_state_{NAME}_"
OPEN_SIGN_INS = 3
"""How many started sign-ins one browser's cookie remembers: each takes some 500 bytes of its 4 kB."""

TIMEOUT_SECONDS = 5.0
LEEWAY_SECONDS = 60


class NotVouchedFor(SignInRefused):
    """The sign-in provider does not vouch for this sign-in any more: it was used up, revoked, or has expired. Start again."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """Somebody whom the provider vouched for. next: the path of this portal where they were going."""

    profile: Profile
    tokens: ProviderTokens
    next: str = "/"


class Provider:
    """The provider that the settings name. One per app; holds its metadata once it was read."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self.issuer = settings.oidc_issuer
        self._settings = settings
        self._callback = settings.public_url.rstrip("/") + "/sign-in/callback"
        self._client: Any = OAuth(app).register(
            NAME,
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret or None,
            server_metadata_url=self.issuer.rstrip("/") + "/.well-known/openid-configuration",
            client_kwargs={
                "scope": " ".join(dict.fromkeys(["openid", *settings.oidc_scopes.split()])),
                "code_challenge_method": "S256",
                "default_timeout": TIMEOUT_SECONDS,
            },
        )

    def begin(self, going_to: str | None) -> Response:
        """Send the browser to the provider. State, nonce and PKCE verifier stay in its session cookie until it comes back."""
        with self._asking():
            self._metadata()
            started = self._client.create_authorization_url(self._callback)
        _forget_old_sign_ins()
        url = started.pop("url")
        self._client.save_authorize_data(redirect_uri=self._callback, next=safe_next(going_to), **started)
        return redirect(url)

    def finish(self) -> Arrival:
        """Who came back, from the request at the callback. Raises SignInRefused and Unavailable, each with its sentence."""
        going_to = self._going_to()
        with self._asking():
            self._metadata()
            token = self._client.authorize_access_token(claims_options=self._rules(), leeway=LEEWAY_SECONDS)
            claims = token.get("userinfo")
            if claims is None:
                raise SignInRefused("The sign-in provider sent no ID token, so it is not known who you are.")
            return Arrival(self._profile(claims, token), _kept(token), going_to)

    def refresh(self, refresh_token: str, subject: str) -> Arrival:
        """What the provider says now of somebody who signed in before.

        Raises SignInRefused when it does not vouch for them any more or answers about somebody else, and Unavailable.
        """
        with self._asking():
            metadata = self._metadata()
            token = self._session().refresh_token(metadata["token_endpoint"], refresh_token=refresh_token)
            claims = {"sub": subject}
            if "id_token" in token:
                claims = self._client.parse_id_token(token, None, self._rules(), leeway=LEEWAY_SECONDS)
            if claims.get("sub") != subject:
                raise SignInRefused("The sign-in provider answered about somebody else.")
            return Arrival(self._profile(claims, token), _kept(token))

    def userinfo(self, access_token: str) -> Mapping[str, Any] | None:
        """What userinfo says for an access token; None when there is no such endpoint. Raises SignInRefused, Unavailable."""
        with self._asking():
            return self._userinfo({"access_token": access_token, "token_type": "Bearer"})

    def keys(self) -> Mapping[str, Any]:
        """The provider's JWKS document as it is now. Raises Unavailable."""
        with self._asking():
            self._metadata()
            return cast("Mapping[str, Any]", self._client.fetch_jwk_set(force=True))

    def sign_out_url(self, id_token: str | None, back: str) -> str | None:
        """Where the browser ends the provider's own session; None when there is no such place, or it does not answer."""
        try:
            with self._asking():
                if not self._metadata().get("end_session_endpoint"):
                    return None
                made = self._client.create_logout_url(back, id_token, client_id=self._settings.oidc_client_id)
        except Unavailable:
            return None
        return str(made["url"])

    def _metadata(self) -> dict[str, Any]:
        if not self.issuer:
            raise Unavailable("No sign-in provider is set up: the setting OIDC_ISSUER is empty.")
        metadata: dict[str, Any] = self._client.load_server_metadata()
        if metadata.get("issuer") != self.issuer:
            log.error("the provider calls itself another issuer", extra={"wanted": self.issuer, "got": metadata.get("issuer")})
            raise Unavailable("The sign-in provider is not the one that this portal was set up with. Tell an administrator.")
        offered = metadata.get("id_token_signing_alg_values_supported") or ["RS256"]
        metadata["id_token_signing_alg_values_supported"] = [name for name in offered if name in ALGORITHMS]
        return metadata

    def _session(self) -> OAuth2Session:
        return OAuth2Session(
            self._settings.oidc_client_id, self._settings.oidc_client_secret or None, default_timeout=TIMEOUT_SECONDS
        )

    def _rules(self) -> dict[str, Any]:
        return {
            "iss": {"essential": True, "value": self.issuer},
            "aud": {"essential": True, "value": self._settings.oidc_client_id},
            "sub": {"essential": True},
        }

    def _profile(self, claims: Mapping[str, Any], token: Mapping[str, Any]) -> Profile:
        path = self._settings.oidc_groups_claim
        complete = teams_in(claims, path) is not None and claims.get("name")
        more = None if complete else self._userinfo(token)
        return read(self.issuer, claims, more, path)

    def _userinfo(self, token: Mapping[str, Any]) -> Mapping[str, Any] | None:
        if not self._metadata().get("userinfo_endpoint"):
            return None
        try:
            answer: Mapping[str, Any] = self._client.userinfo(token=dict(token))
        except requests.HTTPError as error:
            # An access token that is not meant for userinfo is as good as a provider without it.
            if error.response.status_code in (401, 403):
                return None
            raise
        return answer

    def _going_to(self) -> str:
        state = request.args.get("state", "")
        started = self._client.framework.get_state_data(session, state) or {}
        return safe_next(started.get("next"))

    @contextmanager
    def _asking(self) -> Iterator[None]:
        """Turn whatever goes wrong between us and the provider into one of three sentences."""
        try:
            yield
        except MismatchingStateError as error:
            raise SignInRefused(
                "This sign-in was started in another browser or too long ago. "
                f"Start again, at {self._settings.public_url.rstrip('/')}/sign-in."
            ) from error
        except OAuthError as error:
            raise _refusal(error) from error
        except JoseError as error:
            log.warning("ID token refused", extra={"reason": str(error)})
            raise SignInRefused("The sign-in provider's answer could not be verified. Start again.") from error
        except (requests.RequestException, ValueError, KeyError) as error:
            log.warning("the provider does not answer", extra={"issuer": self.issuer, "reason": str(error)})
            raise Unavailable("The sign-in provider does not answer right now. Try again in a moment.") from error


def _refusal(error: OAuthError) -> StratusError:
    log.warning("the provider refused", extra={"error": error.error, "description": error.description})
    if error.error == "invalid_grant":
        return NotVouchedFor()
    if error.error == "access_denied":
        return SignInRefused("The sign-in provider did not let you in, or you cancelled there.")
    if error.error in ("temporarily_unavailable", "server_error"):
        return Unavailable("The sign-in provider has trouble right now. Try again in a moment.")
    return Unavailable("The sign-in provider does not accept this portal. Tell an administrator.")


def _forget_old_sign_ins() -> None:
    started = [key for key in session if key.startswith(STATE_PREFIX)]
    for key in sorted(started, key=lambda key: session[key].get("exp", 0))[: max(0, len(started) - OPEN_SIGN_INS + 1)]:
        session.pop(key)


def _kept(token: Mapping[str, Any]) -> ProviderTokens:
    return ProviderTokens(token.get("id_token"), token.get("refresh_token"))
