"""Access tokens of the provider (RFC 9068) as bearers: signature, issuer, audience, time, and that it is no ID token."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import ExpiredTokenError, JoseError
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from app.errors import SignInNeeded
from app.identity.keys import ALGORITHMS, KeyRing

log = logging.getLogger(__name__)

LONGEST = 16_384
LEEWAY_SECONDS = 30
ACCESS_TYPES = ("at+jwt", "application/at+jwt")
UNTYPED = ("", "jwt")
"""Older providers send `typ: JWT` or nothing for every kind of token; then the claims have to tell them apart."""

ID_TOKEN_MARKS = ("nonce", "at_hash", "c_hash", "s_hash", "events")
PAYLOAD_TYPES = ("bearer", "")
"""Keycloak writes the kind into the payload as well: `Bearer`, `ID`, `Refresh`, `Logout`."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a token must say. client_id: the audience of ID tokens, which are not for the API."""

    issuer: str
    audience: str
    client_id: str


def verify(token: str, rules: Rules, keys: KeyRing, now: datetime) -> Mapping[str, Any]:
    """The claims of a token that may be trusted.

    Raises SignInNeeded (`invalid_token`) with a sentence, and Unavailable when the keys cannot be had.
    """
    try:
        decoded = _decode(token, keys)
        _registry(rules, now).validate(decoded.claims)
        _refuse_other_kinds(decoded, rules)
    except ExpiredTokenError as error:
        raise SignInNeeded("This access token has expired.", code="invalid_token") from error
    except (JoseError, ValueError) as error:
        # The reason is for the log: a caller who probes learns only that it was refused.
        log.info("bearer refused", extra={"reason": str(error)})
        raise SignInNeeded("This access token cannot be accepted here.", code="invalid_token") from error
    return decoded.claims


def _decode(token: str, keys: KeyRing) -> jwt.Token:
    if len(token) > LONGEST or not token.isascii():
        raise ValueError("not a token")
    header = jws.extract_compact(token.encode()).headers()
    if header.get("alg") not in ALGORITHMS:
        raise ValueError("not an asymmetric signature")
    kid = header.get("kid")
    decoded = [found for key in keys.candidates(kid if isinstance(kid, str) else None) for found in _verified(token, key)]
    if not decoded:
        raise ValueError("not signed by a key of the issuer")
    return decoded[0]


def _verified(token: str, key: Key) -> list[jwt.Token]:
    try:
        return [jwt.decode(token, key, registry=JWSRegistry(algorithms=list(ALGORITHMS), strict_check_header=False))]
    except JoseError:
        return []


def _registry(rules: Rules, now: datetime) -> jwt.JWTClaimsRegistry:
    return jwt.JWTClaimsRegistry(
        now=int(now.timestamp()),
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": rules.issuer},
        aud={"essential": True, "value": rules.audience},
        exp={"essential": True},
        sub={"essential": True},
    )


def _refuse_other_kinds(token: jwt.Token, rules: Rules) -> None:
    kind = _word(token.header.get("typ"))
    if kind in ACCESS_TYPES:
        return
    if kind not in UNTYPED or _word(token.claims.get("typ")) not in PAYLOAD_TYPES:
        raise ValueError("another kind of token")
    if any(mark in token.claims for mark in ID_TOKEN_MARKS) or rules.client_id in _audiences(token.claims):
        raise ValueError("an ID token")


def _audiences(claims: Mapping[str, Any]) -> list[Any]:
    audience = claims.get("aud")
    return audience if isinstance(audience, list) else [audience]


def _word(value: object) -> str:
    return value.lower() if isinstance(value, str) else ""
