"""A bearer is trusted only when everything about it says "access token of our issuer, for this API, now"."""

import hmac
import json
from base64 import urlsafe_b64encode
from datetime import UTC, datetime

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from app.errors import SignInNeeded, Unavailable
from app.identity.bearer import Rules, verify
from app.identity.keys import KeyRing

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
RULES = Rules("https://id.example.com", "stratus-api", "stratus")
KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
OTHER = RSAKey.generate_key(2048, {"kid": "one"})
CLAIMS = {
    "iss": RULES.issuer,
    "aud": RULES.audience,
    "sub": "sarah-123",
    "exp": int(NOW.timestamp()) + 300,
    "iat": int(NOW.timestamp()),
}


def encode(part):
    return urlsafe_b64encode(part).rstrip(b"=").decode()


def ring(*keys):
    return KeyRing(lambda: {"keys": [key.as_dict(private=False) for key in keys]})


def token(claims=None, header=None, key=KEY, without=()):
    body = {name: value for name, value in {**CLAIMS, **(claims or {})}.items() if name not in without}
    head = {"alg": "RS256", "typ": "at+jwt", "kid": "one", **(header or {})}
    return jwt.encode({name: value for name, value in head.items() if value is not None}, body, key, default_type=None)


def refuse(text, keys=None, match="cannot be accepted"):
    with pytest.raises(SignInNeeded, match=match) as caught:
        verify(text, RULES, keys or ring(KEY), NOW)
    assert caught.value.code == "invalid_token"


def test_an_access_token_of_the_issuer_is_accepted():
    assert verify(token(), RULES, ring(KEY), NOW)["sub"] == "sarah-123"


def test_one_of_several_audiences_is_enough():
    assert verify(token({"aud": ["other-api", "stratus-api"]}), RULES, ring(KEY), NOW)


@pytest.mark.parametrize("kind", ["JWT", "jwt", None])
def test_providers_that_do_not_type_their_access_tokens_work(kind):
    assert verify(token(header={"typ": kind}), RULES, ring(KEY), NOW)


def test_a_token_without_a_key_id_is_tried_with_every_key():
    first = RSAKey.generate_key(2048, {"kid": "zero"})
    assert verify(token(header={"kid": None}), RULES, ring(first, KEY), NOW)


def test_elliptic_curves_work():
    key = ECKey.generate_key("P-256", {"kid": "two"})
    assert verify(token(header={"alg": "ES256", "kid": "two"}, key=key), RULES, ring(KEY, key), NOW)


@pytest.mark.parametrize("claim", ["iss", "aud", "exp", "sub"])
def test_a_token_that_lacks_a_claim_is_refused(claim):
    refuse(token(without=(claim,)))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example.com"},
        {"iss": "https://id.example.com/"},
        {"aud": "other-api"},
        {"aud": []},
        {"aud": {"stratus-api": 1}},
        {"sub": ""},
        {"sub": 7},
        {"exp": "tomorrow"},
        {"exp": float("inf")},
        {"nbf": int(NOW.timestamp()) + 300},
        {"iat": int(NOW.timestamp()) + 300},
    ],
)
def test_a_token_with_a_wrong_claim_is_refused(claims):
    refuse(token(claims))


def test_an_expired_token_says_so():
    refuse(token({"exp": int(NOW.timestamp()) - 60}), match="has expired")


def test_the_audience_of_the_client_is_that_of_an_id_token():
    refuse(token({"aud": "stratus"}))
    refuse(token({"aud": ["stratus", "stratus-api"]}, {"typ": "JWT"}))


@pytest.mark.parametrize("mark", [{"nonce": "n"}, {"at_hash": "h"}, {"c_hash": "h"}, {"typ": "ID"}, {"typ": "Refresh"}])
def test_an_id_token_or_refresh_token_is_refused(mark):
    refuse(token(mark, {"typ": "JWT"}))


@pytest.mark.parametrize("kind", ["logout+jwt", "rt+jwt", "dpop+jwt"])
def test_another_kind_of_token_is_refused(kind):
    refuse(token(header={"typ": kind}))


def test_another_key_with_the_same_id_is_refused():
    refuse(token(key=OTHER))


def test_a_changed_payload_is_refused():
    head, _, signature = token().split(".")
    refuse(f"{head}.{token({'sub': 'dana-001'}).split('.')[1]}.{signature}")


def test_the_public_key_is_no_shared_secret():
    signed = ".".join(encode(json.dumps(part).encode()) for part in ({"alg": "HS256", "kid": "one"}, CLAIMS))
    mac = hmac.digest(KEY.as_pem(private=False), signed.encode(), "sha256")
    refuse(f"{signed}.{encode(mac)}")


@pytest.mark.parametrize(
    "text", ["", "a", "a.b.c", "e30.e30.", "é.é.é", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJkYW5hLTAwMSJ9.", "." * 20_000, "x" * 20_000]
)
def test_what_is_no_token_is_refused(text):
    refuse(text)


def test_a_symmetric_key_in_the_providers_set_is_not_used():
    secret = OctKey.import_key("0123456789abcdef0123456789abcdef", {"kid": "one"})
    keys = KeyRing(lambda: {"keys": [secret.as_dict(private=True)]})
    refuse(jwt.encode({"alg": "HS256", "kid": "one"}, CLAIMS, secret, algorithms=["HS256"]), keys)


def test_without_keys_the_answer_is_try_again_and_not_sign_in():
    def silent():
        raise Unavailable("no answer")

    with pytest.raises(Unavailable):
        verify(token(), RULES, KeyRing(silent), NOW)
