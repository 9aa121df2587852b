"""The development provider's grants and tokens, on Authlib: code with PKCE and nonce, refresh, ID tokens, access tokens.

Codes live in memory for a minute. Refresh tokens are signed and carry everything, so that sessions outlive a restart.
"""

# Authlib has no types: to subclass its grants, which is how it is used, is to subclass Any.
# mypy: disallow-subclassing-any=False

import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant, RefreshTokenGrant
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9068 import JWTBearerTokenGenerator
from authlib.oidc.core import OpenIDCode, OpenIDToken
from authlib.oidc.rpinitiated import EndSessionEndpoint
from flask import Flask
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from dev import device
from dev.accounts import Account

ALGORITHM = "RS256"
SCOPES = ("openid", "profile", "email", "groups")
CODE_SECONDS = 60
ACCESS_SECONDS = 3600
REFRESH_SECONDS = 30 * 24 * 3600
REFRESH_TYPE = "rt+jwt"
ACCESS_TYPE = "at+jwt"


@dataclass(frozen=True, slots=True)
class Client:
    """The one client: the portal. It has a secret and one place to come back to."""

    client_id: str
    secret: str
    redirect_uri: str
    signed_out_uri: str

    @property
    def client_metadata(self) -> dict[str, list[str]]:
        """Where it may be sent after signing out."""
        return {"post_logout_redirect_uris": [self.signed_out_uri]}

    def get_client_id(self) -> str:
        """Its id."""
        return self.client_id

    def get_default_redirect_uri(self) -> str:
        """Where it is sent when it does not say."""
        return self.redirect_uri

    def get_allowed_scope(self, scope: str | None) -> str:
        """What it gets of the scopes it asks for."""
        return " ".join(word for word in (scope or "").split() if word in SCOPES)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        """Compared whole, character by character."""
        return redirect_uri == self.redirect_uri

    def check_client_secret(self, client_secret: str) -> bool:
        """Compared in constant time."""
        return hmac.compare_digest(client_secret.encode(), self.secret.encode())

    def check_endpoint_auth_method(self, method: str, endpoint: str) -> bool:  # noqa: ARG002 - Authlib's protocol
        """It always shows its secret."""
        return method in ("client_secret_basic", "client_secret_post")

    def check_response_type(self, response_type: str) -> bool:
        """Codes only."""
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        """Codes, and refreshing what came of them."""
        return grant_type in ("authorization_code", "refresh_token")


@dataclass(frozen=True, slots=True)
class Code:
    """A code that was handed out, with what it was asked for."""

    user_id: str
    redirect_uri: str
    scope: str
    nonce: str | None
    code_challenge: str
    code_challenge_method: str
    auth_time: int = field(default_factory=lambda: int(time.time()))

    def get_redirect_uri(self) -> str:
        """Where it was sent."""
        return self.redirect_uri

    def get_scope(self) -> str:
        """What it is good for."""
        return self.scope

    def get_nonce(self) -> str | None:
        """What the ID token has to repeat."""
        return self.nonce

    def get_auth_time(self) -> int:
        """When the button was pressed, in seconds since 1970."""
        return self.auth_time

    def get_acr(self) -> None:
        """No grade: there is no password."""

    def get_amr(self) -> None:
        """No method: there is no password."""


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A refresh token that was read back."""

    user_id: str
    client_id: str
    scope: str

    def check_client(self, client: Client) -> bool:
        """Whether it was given to this client."""
        return self.client_id == client.client_id

    def get_scope(self) -> str:
        """What it is good for."""
        return self.scope


@dataclass(frozen=True, slots=True)
class House:
    """All that the provider knows. Tests change `accounts` while it runs."""

    issuer: str
    audience: str
    client: Client
    accounts: Mapping[str, Account]
    key: RSAKey
    codes: dict[str, Code] = field(default_factory=dict)
    devices: dict[str, device.Device] = field(default_factory=dict)

    def sign(self, kind: str, claims: Mapping[str, Any], seconds: int) -> str:
        """A signed token of `kind` that lives so long."""
        now = int(time.time())
        body = {"iss": self.issuer, "iat": now, "exp": now + seconds, "jti": secrets.token_urlsafe(12), **claims}
        return jwt.encode({"alg": ALGORITHM, "typ": kind, "kid": self.key.kid}, body, self.key)

    def opened(self, kind: str, token: str) -> dict[str, Any] | None:
        """The claims of a token of ours of `kind` that is still good, else None."""
        try:
            found = jwt.decode(token, self.key, algorithms=[ALGORITHM])
            jwt.JWTClaimsRegistry(iss={"essential": True, "value": self.issuer}, exp={"essential": True}).validate(found.claims)
        except (JoseError, ValueError):
            return None
        return found.claims if found.header.get("typ") == kind else None


class Server(AuthorizationServer):
    """Authlib's server over one house."""

    def __init__(self, app: Flask, house: House) -> None:
        self.house = house
        super().__init__(app, self._client, lambda _token, _request: None)
        self.scopes_supported = list(SCOPES)
        self.register_token_generator("default", AccessTokens(house))
        self.register_grant(CodeGrant, [S256(required=True), IdTokenForCode(house)])
        self.register_grant(RefreshGrant, [IdToken(house)])
        self.register_grant(device.Grant)
        self.register_endpoint(EndSession(self))
        self.register_endpoint(device.Authorization(self))
        self.clients = {one.client_id: one for one in (house.client, device.Program(SCOPES))}

    def _client(self, client_id: str) -> Client | device.Program | None:
        return self.clients.get(client_id)


class AccessTokens(JWTBearerTokenGenerator):
    """Access tokens by RFC 9068, for the API's audience; refresh tokens that need no memory."""

    def __init__(self, house: House) -> None:
        super().__init__(house.issuer, ALGORITHM, self._refresh_token, ACCESS_SECONDS)
        self.house = house

    def get_jwks(self) -> RSAKey:
        """The key that signs."""
        return self.house.key

    def get_audiences(self, _client: Client, _user: Account, _scope: str) -> str:
        """The API, never the client: an ID token is no access token."""
        return self.house.audience

    def _refresh_token(self, client: Client, user: Account, scope: str, **_: object) -> str:
        claims = {"sub": user.user_id, "client_id": client.client_id, "scope": scope}
        return self.house.sign(REFRESH_TYPE, claims, REFRESH_SECONDS)


class S256(CodeChallenge):
    """PKCE that is always wanted, and never plain."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: Any, redirect_uri: str) -> None:
        """Refuse a request without a challenge, or without its method (the default would be plain)."""
        sent = grant.request.payload.data
        if not sent.get("code_challenge") or not sent.get("code_challenge_method"):
            raise InvalidRequestError("Send code_challenge with code_challenge_method=S256.")
        super().validate_code_challenge(grant, redirect_uri)


class CodeGrant(AuthorizationCodeGrant):
    """A code is good once, for a minute, and also gone after a wrong attempt."""

    def save_authorization_code(self, code: str, request: Any) -> None:
        """Remember what `code` stands for."""
        sent = request.payload.data
        self.server.house.codes[code] = Code(
            request.user.user_id,
            request.payload.redirect_uri or request.client.redirect_uri,
            request.scope,
            sent.get("nonce"),
            sent["code_challenge"],
            sent["code_challenge_method"],
        )

    def query_authorization_code(self, code: str, _client: Client) -> Code | None:
        """Take the code out, whatever comes of it."""
        found: Code | None = self.server.house.codes.pop(code, None)
        return found if found and time.time() - found.auth_time <= CODE_SECONDS else None

    def delete_authorization_code(self, _code: Code) -> None:
        """It is gone already."""

    def authenticate_user(self, code: Code) -> Account | None:
        """Whose code it is."""
        account: Account | None = self.server.house.accounts.get(code.user_id)
        return account


class RefreshGrant(RefreshTokenGrant):
    """A new access token and ID token for a refresh token, as long as the account exists. Each use gives a new one."""

    INCLUDE_NEW_REFRESH_TOKEN = True
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic", "client_secret_post")

    def authenticate_refresh_token(self, text: str) -> RefreshToken | None:
        """Read it back; None when it is not ours, too old, or of somebody who is gone."""
        house: House = self.server.house
        claims = house.opened(REFRESH_TYPE, text)
        if claims is None or claims["sub"] not in house.accounts:
            return None
        return RefreshToken(claims["sub"], claims["client_id"], claims["scope"])

    def authenticate_user(self, token: RefreshToken) -> Account | None:
        """Whose token it is."""
        account: Account | None = self.server.house.accounts.get(token.user_id)
        return account

    def revoke_old_credential(self, _token: RefreshToken) -> None:
        """Nothing is kept that could be revoked."""


class IdToken(OpenIDToken):
    """ID tokens with everything that the scopes ask for, groups among it."""

    def __init__(self, house: House) -> None:
        super().__init__()
        self.house = house

    def resolve_client_private_key(self, _client: Client) -> RSAKey:
        """The key that signs."""
        return self.house.key

    def get_encode_header(self, _client: Client) -> dict[str, Any]:
        """Its algorithm and id."""
        return {"alg": ALGORITHM, "kid": self.house.key.kid}

    def get_client_claims(self, client: Client) -> dict[str, Any]:
        """Who says it, to whom."""
        return {"iss": self.house.issuer, "aud": client.client_id}

    def generate_user_info(self, user: Account, scope: str) -> dict[str, Any]:
        """What is said."""
        return user.claims(scope)


class IdTokenForCode(IdToken, OpenIDCode):
    """The same, with the nonce of the request."""

    def __init__(self, house: House) -> None:
        OpenIDCode.__init__(self, require_nonce=True)
        self.house = house

    def exists_nonce(self, nonce: str, _request: Any) -> bool:
        """Whether a code with this nonce is out."""
        return any(code.nonce == nonce for code in list(self.house.codes.values()))


class EndSession(EndSessionEndpoint):
    """Sends people back to the portal. There is no session here that could end."""

    def get_server_jwks(self) -> KeySet:
        """The keys that ID tokens are checked with."""
        return KeySet([self.server.house.key])

    def end_session(self, end_session_request: Any) -> None:
        """Nothing to end."""
