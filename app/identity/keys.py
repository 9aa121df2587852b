"""The provider's public keys, kept for an hour, and what counts as a signature by one of them."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from app.errors import Unavailable

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
"""Asymmetric only, whatever a token or the provider's metadata names: with HS256 a public key would be the secret."""

KEPT_SECONDS = 3600.0
MISS_SECONDS = 30.0
FAILURE_SECONDS = 5.0
KEY_TYPES = ("RSA", "EC")
MOST_KEYS = 100


class KeyRing:
    """The keys of one issuer. `fetch` answers its JWKS document or raises Unavailable; `clock` is monotonic seconds."""

    def __init__(self, fetch: Callable[[], Mapping[str, Any]], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._clock = fetch, clock
        self._lock = threading.Lock()
        self._keys: list[Key] = []
        self._good_until = self._next_fetch = float("-inf")

    def candidates(self, kid: str | None) -> list[Key]:
        """The keys that may have signed a token whose header names `kid`; all of them when it names none.

        A `kid` that is not there is looked for at the provider, at most every 30 s, so that made-up ones cost it nothing.
        Raises Unavailable when there are no keys younger than an hour and the provider does not answer.
        """
        with self._lock:
            if self._clock() >= self._good_until or not self._matching(kid):
                self._refresh()
            return self._matching(kid)

    def _matching(self, kid: str | None) -> list[Key]:
        # Providers that set no `kid` on their keys are tried key by key.
        return [key for key in self._keys if kid is None or key.get("kid") in (kid, None)]

    def _refresh(self) -> None:
        now = self._clock()
        if now >= self._next_fetch:
            self._next_fetch = now + FAILURE_SECONDS
            try:
                self._keys = _public_keys(self._fetch())
            except Unavailable:
                if now >= self._good_until:
                    raise
                return
            self._good_until, self._next_fetch = now + KEPT_SECONDS, now + MISS_SECONDS
        elif now >= self._good_until:
            raise Unavailable(
                "The sign-in provider does not answer right now, so this token cannot be checked. Try again in a moment."
            )


def _public_keys(document: Mapping[str, Any]) -> list[Key]:
    found = document.get("keys")
    if not isinstance(found, list):
        raise Unavailable("The sign-in provider's keys cannot be read right now.")
    return [key for entry in found[:MOST_KEYS] for key in _public_key(entry)]


def _public_key(entry: object) -> list[Key]:
    """The key in one entry, or nothing: a kind of key that is not understood must not hide the others (RFC 7517, section 5)."""
    if not isinstance(entry, dict) or entry.get("kty") not in KEY_TYPES or entry.get("use", "sig") != "sig":
        return []
    try:
        return [JWKRegistry.import_key(entry)]
    except (JoseError, ValueError, TypeError, KeyError):
        return []
