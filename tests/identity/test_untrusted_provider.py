"""What comes from the provider is checked: a wrong ID token signs nobody in, and providers that do things differently work."""

import time

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from sqlalchemy import select

from app.models import User, UserSession
from dev.oauth import IdTokenForCode
from tests.identity.loopback import KEY, SECRET, rows

OTHER = RSAKey.generate_key(2048, {"kid": KEY.kid})
SHARED = OctKey.import_key((SECRET * 2).encode())


@pytest.fixture
def forge(monkeypatch):
    """Let the provider send ID tokens with other claims (None: left out), header and key."""

    def forge(claims=None, header=None, key=KEY):
        def encode(self, token, request):
            now = int(time.time())
            body = {"iss": self.house.issuer, "aud": "stratus", "iat": now, "exp": now + 300}
            body |= {"nonce": request.authorization_code.nonce, **request.user.claims(token["scope"]), **(claims or {})}
            head = {"alg": "RS256", "kid": KEY.kid, **(header or {})}
            said = {name: value for name, value in body.items() if value is not None}
            return jwt.encode(head, said, key, algorithms=[head["alg"]])

        monkeypatch.setattr(IdTokenForCode, "encode_id_token", encode)

    return forge


def test_the_forged_token_without_a_flaw_is_accepted(browser, forge):
    forge()
    assert browser.sign_in("sarah-123").status_code == 302


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"iss": "https://evil.com"},
        {"iss": None},
        {"aud": "another-client"},
        {"aud": "another-client", "azp": "stratus"},
        {"aud": ["stratus", "another-client"], "azp": "another-client"},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"at_hash": "bm90IGl0cyBoYXNo"},
    ],
)
def test_an_id_token_with_a_wrong_claim_signs_nobody_in(browser, forge, claims, database):
    forge(claims)
    assert browser.sign_in("sarah-123").status_code == 403
    assert rows(database, select(UserSession)) == []


def test_an_id_token_signed_by_another_key_signs_nobody_in(browser, forge):
    forge(key=OTHER)
    assert browser.sign_in("sarah-123").status_code == 403


def test_an_id_token_signed_with_the_client_secret_signs_nobody_in(browser, forge, portal):
    provider = portal.extensions["identity"].provider
    assert browser.get("/sign-in").status_code == 302
    provider._client.server_metadata["id_token_signing_alg_values_supported"] = ["RS256", "HS256", "none"]
    provider._client.server_metadata["jwks"] = {"keys": [SHARED.as_dict(private=True) | {"kid": "shared"}]}
    forge(header={"alg": "HS256", "kid": "shared"}, key=SHARED)
    assert browser.sign_in("sarah-123").status_code == 403


def test_a_key_that_was_rotated_is_found(browser, portal, provider):
    browser.get("/sign-in")
    portal.extensions["identity"].provider._client.server_metadata["jwks"] = {
        "keys": [OTHER.as_dict(private=False) | {"kid": "old"}]
    }
    assert browser.sign_in("sarah-123").status_code == 302


def test_a_provider_that_names_groups_only_in_userinfo_works(browser, forge, provider):
    forge({"groups": None})
    browser.sign_in("sarah-123")
    assert browser.get("/probe/page").json["teams"] == ["customer-experience"]
    assert "/userinfo" in provider.asked


def test_userinfo_is_not_asked_when_the_id_token_says_it_all(browser, provider):
    browser.sign_in("sarah-123")
    assert "/userinfo" not in provider.asked


def test_the_claim_with_the_groups_is_a_setting(make_portal, browser, forge):
    forge({"groups": None, "realm_access": {"roles": ["growth"]}})
    other = type(browser)(make_portal(oidc_groups_claim="realm_access.roles").test_client())
    other.sign_in("sarah-123")
    assert other.get("/probe/page").json["teams"] == ["growth"]


def test_groups_that_are_only_pointed_at_are_refused_in_words(browser, forge, database):
    forge({"groups": None, "_claim_names": {"groups": "src1"}})
    answer = browser.sign_in("sarah-123")
    assert answer.status_code == 403
    assert "more groups than the sign-in provider puts into a token" in answer.text
    assert rows(database, select(User)) == []


def test_a_wrong_client_secret_is_a_matter_for_an_administrator(make_portal, browser):
    answer = type(browser)(make_portal(oidc_client_secret="guess").test_client()).sign_in("sarah-123")
    assert answer.status_code == 503
    assert "does not accept this portal" in answer.text
