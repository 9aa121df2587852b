"""The development provider from outside, over HTTP: it refuses what a real provider refuses."""

import base64
import hashlib
import re
import subprocess
import sys
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from joserfc import jwt

from dev.accounts import Account
from dev.provider import key_in
from tests.identity.loopback import CALLBACK, KEY, SECRET

VERIFIER = "v" * 64
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
ASKED = {
    "response_type": "code",
    "client_id": "stratus",
    "redirect_uri": CALLBACK,
    "scope": "openid profile email groups",
    "state": "a state",
    "nonce": "a nonce",
    "code_challenge": CHALLENGE,
    "code_challenge_method": "S256",
}


def ask(provider, changes=None, account="sarah-123"):
    """Press the button of `account`; the provider's answer, redirects not followed."""
    query = {name: value for name, value in {**ASKED, **(changes or {})}.items() if value is not None}
    return requests.post(provider.url + "/authorize", params=query, data={"account": account}, allow_redirects=False, timeout=5)


def code_of(answer):
    return parse_qs(urlsplit(answer.headers["Location"]).query)["code"][0]


def redeem(provider, code, changes=None, auth=("stratus", SECRET)):
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK, "code_verifier": VERIFIER}
    return requests.post(provider.url + "/token", data={**form, **(changes or {})}, auth=auth, timeout=5)


def refresh(provider, token):
    form = {"grant_type": "refresh_token", "refresh_token": token}
    return requests.post(provider.url + "/token", data=form, auth=("stratus", SECRET), timeout=5)


@pytest.fixture
def tokens(provider):
    return redeem(provider, code_of(ask(provider))).json()


def test_the_page_has_a_button_for_every_account(provider):
    page = requests.get(provider.url + "/authorize", params=ASKED, timeout=5).text
    assert re.findall(r'name="account" value="([^"]+)"', page) == list(provider.accounts)
    assert "Sign in as Sarah" in page


def test_a_click_leads_back_with_code_and_state(provider):
    where = ask(provider).headers["Location"]
    assert where.startswith(CALLBACK + "?")
    assert parse_qs(urlsplit(where).query)["state"] == ["a state"]


@pytest.mark.parametrize(
    "redirect", ["http://127.0.0.1:8001/sign-in/callback", CALLBACK + "/", CALLBACK + "?a=b", "//evil.com"]
)
def test_another_place_to_come_back_to_is_refused_and_not_redirected_to(provider, redirect):
    answer = ask(provider, {"redirect_uri": redirect})
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_another_client_is_refused(provider):
    answer = ask(provider, {"client_id": "somebody"})
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "changes",
    [
        {"code_challenge": None, "code_challenge_method": None},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge": "short"},
        {"nonce": None},
        {"response_type": "token"},
    ],
)
def test_a_request_without_pkce_or_nonce_gets_no_code(provider, changes):
    answer = ask(provider, changes)
    assert "code=" not in answer.headers.get("Location", "")
    assert answer.status_code == 400 or "error=" in answer.headers["Location"]


def test_an_unknown_account_gets_no_code(provider):
    assert "error=access_denied" in ask(provider, account="nobody").headers["Location"]


def test_a_wrong_verifier_is_refused_and_uses_the_code_up(provider):
    code = code_of(ask(provider))
    assert redeem(provider, code, {"code_verifier": "w" * 64}).json()["error"] == "invalid_grant"
    assert redeem(provider, code).json()["error"] == "invalid_grant"


def test_a_missing_verifier_is_refused(provider):
    assert redeem(provider, code_of(ask(provider)), {"code_verifier": ""}).status_code == 400


def test_a_code_is_good_once(provider):
    code = code_of(ask(provider))
    assert redeem(provider, code).status_code == 200
    assert redeem(provider, code).json()["error"] == "invalid_grant"


def test_a_wrong_client_secret_is_refused(provider):
    assert redeem(provider, code_of(ask(provider)), auth=("stratus", "guess")).json()["error"] == "invalid_client"


def test_a_code_is_bound_to_its_redirect(provider):
    assert redeem(provider, code_of(ask(provider)), {"redirect_uri": CALLBACK + "2"}).json()["error"] == "invalid_grant"


def test_the_id_token_repeats_the_nonce_and_names_the_person(provider, tokens):
    claims = jwt.decode(tokens["id_token"], KEY, algorithms=["RS256"]).claims
    assert (claims["iss"], claims["aud"], claims["nonce"], claims["sub"]) == (provider.url, "stratus", "a nonce", "sarah-123")
    assert (claims["name"], claims["email"], claims["groups"]) == ("Sarah", "sarah@example.com", ["customer-experience"])


def test_the_access_token_is_for_the_api_and_not_for_the_client(tokens):
    token = jwt.decode(tokens["access_token"], KEY, algorithms=["RS256"])
    assert token.header["typ"] == "at+jwt"
    assert (token.claims["aud"], token.claims["sub"]) == ("stratus-api", "sarah-123")


def test_userinfo_answers_the_access_token_and_no_other(provider, tokens):
    answers = [
        requests.get(provider.url + "/userinfo", headers={"Authorization": f"Bearer {tokens[kind]}"}, timeout=5)
        for kind in ("access_token", "id_token", "refresh_token")
    ]
    assert [answer.status_code for answer in answers] == [200, 401, 401]
    assert answers[0].json()["groups"] == ["customer-experience"]


def test_only_what_was_asked_for_is_told(provider):
    tokens = redeem(provider, code_of(ask(provider, {"scope": "openid"}))).json()
    assert {"groups", "email", "name"}.isdisjoint(jwt.decode(tokens["id_token"], KEY, algorithms=["RS256"]).claims)


def test_a_refresh_tells_the_teams_of_now(provider, tokens):
    provider.accounts["sarah-123"] = Account("sarah-123", "Sarah", "sarah@example.com", ("growth",))
    fresh = refresh(provider, tokens["refresh_token"]).json()
    assert jwt.decode(fresh["id_token"], KEY, algorithms=["RS256"]).claims["groups"] == ["growth"]


def test_a_refresh_of_somebody_who_is_gone_is_refused(provider, tokens):
    del provider.accounts["sarah-123"]
    assert refresh(provider, tokens["refresh_token"]).json()["error"] == "invalid_grant"


def test_an_access_token_does_not_refresh(provider, tokens):
    assert refresh(provider, tokens["access_token"]).json()["error"] == "invalid_grant"


def test_signing_out_leads_back_to_the_portal_only(provider, tokens):
    def leave(back):
        query = {"id_token_hint": tokens["id_token"], "client_id": "stratus", "post_logout_redirect_uri": back, "state": "s"}
        return requests.get(provider.url + "/end-session", params=query, allow_redirects=False, timeout=5)

    assert leave("http://127.0.0.1:8000/signed-out").headers["Location"] == "http://127.0.0.1:8000/signed-out?state=s"
    assert leave("https://evil.com/").status_code == 200


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.com"}, {"Host": "localhost"}, {"Origin": "https://evil.com"}, {"Origin": "null"}]
)
def test_another_host_or_origin_is_refused(provider, headers):
    answer = requests.post(provider.url + "/authorize", params=ASKED, data={"account": "dana-001"}, headers=headers, timeout=5)
    assert answer.status_code == 403


def test_discovery_names_endpoints_below_the_issuer(provider):
    found = requests.get(provider.url + "/.well-known/openid-configuration", timeout=5).json()
    assert found["issuer"] == provider.url
    assert all(found[name].startswith(provider.url + "/") for name in found if name.endswith(("_endpoint", "_uri")))


def test_the_published_key_has_no_private_part(provider):
    (key,) = requests.get(provider.url + "/jwks", timeout=5).json()["keys"]
    assert "d" not in key
    assert key["kid"] == KEY.kid


def test_the_key_is_kept_and_only_its_owner_reads_it(tmp_path):
    assert key_in(tmp_path / "provider").kid == key_in(tmp_path / "provider").kid
    (file,) = (tmp_path / "provider").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(("profile", "issuer"), [("production", "http://127.0.0.1:9"), ("development", "http://0.0.0.0:9")])
def test_it_does_not_start_outside_development_or_off_loopback(profile, issuer, tmp_path):
    given = [
        "--port",
        "9",
        "--issuer",
        issuer,
        "--client-id",
        "a",
        "--redirect",
        "c",
        "--data",
        str(tmp_path),
    ]
    ran = subprocess.run(
        [sys.executable, "-m", "dev.provider", *given],
        env={"STRATUS_PROFILE": profile, "OIDC_CLIENT_SECRET": "b"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ran.returncode == 1
    assert "development sign-in provider" in ran.stderr
