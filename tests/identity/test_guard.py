"""One hook decides who may call a route: by token on the API, by session on pages, and nobody where a route says nothing."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.identity import people, tokens
from app.models import User
from dev.accounts import Account
from tests.identity.loopback import PORTAL, rows


def call(browser, token=None, method="GET", **headers):
    sent = {"Authorization": f"Bearer {token}", **headers} if token else headers
    return browser.client.open("/api/v1/probe", method=method, base_url=PORTAL, headers=sent)


@pytest.fixture
def mint(database, provider):
    """Make a personal access token of Sarah with the scopes named."""

    def mint(*scopes):
        with Session(database) as session:
            user = people.remember(
                session, issuer=provider.url, subject="sarah-123", name="Sarah", email=None, teams=["customer-experience"]
            )
            token, _ = tokens.mint(
                session, user.id, name="tests", days=1, now=datetime.now(UTC), scopes=scopes or tokens.SCOPES
            )
            session.commit()
        return token

    return mint


def access_token(provider, user_id="sarah-123", scope="openid profile email groups", **claims):
    """An access token of the provider."""
    body = {"sub": user_id, "aud": "stratus-api", "client_id": "stratus", "scope": scope, **claims}
    return provider.house.sign("at+jwt", body, 300)


# The API


def test_the_api_wants_a_token_and_says_how(browser):
    answer = call(browser)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "Authorization: Bearer" in answer.text


@pytest.mark.parametrize("header", ["Basic c2FyYWg6eA==", "Bearer", "Bearer ", "bearer nonsense", "stratus_pat_x"])
def test_what_is_no_bearer_token_is_refused(browser, header):
    assert call(browser, Authorization=header).status_code == 401


def test_a_session_does_not_open_the_api(browser):
    browser.sign_in("sarah-123")
    assert browser.get("/probe/page").status_code == 200
    assert call(browser).status_code == 401


def test_a_personal_token_opens_the_api_without_any_form_token(browser, mint):
    token = mint()
    assert call(browser, token).json["user_id"] == "sarah-123"
    assert call(browser, token, "POST", Origin="https://elsewhere.example.com").status_code == 200


def test_a_token_for_reading_does_not_write(browser, mint):
    token = mint("read")
    assert call(browser, token).status_code == 200
    answer = call(browser, token, "POST")
    assert answer.status_code == 403
    assert "lacks the scope “write”" in answer.text


def test_a_token_for_writing_alone_does_not_read(browser, mint):
    assert call(browser, mint("write")).status_code == 403


def test_an_access_token_of_the_provider_opens_the_api(browser, provider):
    person = call(browser, access_token(provider)).json
    assert (person["user_id"], person["name"], person["teams"]) == ("sarah-123", "Sarah", ["customer-experience"])


def test_the_provider_is_asked_once_for_the_teams_of_a_token(browser, provider):
    token = access_token(provider)
    call(browser, token)
    call(browser, token)
    assert provider.asked.count("/userinfo") == 1
    assert provider.asked.count("/jwks") == 1


def test_teams_that_the_token_lists_itself_are_taken(browser, provider):
    assert call(browser, access_token(provider, groups=["growth"])).json["teams"] == ["growth"]
    assert "/userinfo" not in provider.asked


def test_a_token_that_does_not_say_which_teams_is_refused_in_words(browser, provider):
    answer = call(browser, access_token(provider, scope="openid"))
    assert answer.status_code == 403
    assert "claim “groups” is missing" in answer.text


def test_a_token_and_a_sign_in_are_the_same_person(browser, provider, database):
    call(browser, access_token(provider))
    browser.sign_in("sarah-123")
    assert len(rows(database, select(User))) == 1


def test_an_id_token_does_not_open_the_api(browser, provider):
    assert (
        call(browser, provider.house.sign("JWT", {"sub": "sarah-123", "aud": "stratus", "nonce": "n"}, 300)).status_code == 401
    )


def test_a_refresh_token_does_not_open_the_api(browser, provider):
    assert call(browser, provider.house.sign("rt+jwt", {"sub": "sarah-123", "aud": "stratus-api"}, 300)).status_code == 401


def test_a_provider_that_is_down_is_try_again(browser, provider):
    provider.down = True
    assert call(browser, access_token(provider)).status_code == 503


def test_a_token_of_somebody_who_is_gone_is_refused(browser, provider):
    token = access_token(provider)
    del provider.accounts["sarah-123"]
    assert call(browser, token).status_code == 403


# Pages


def test_a_page_asks_people_to_sign_in(browser):
    answer = browser.get("/probe/page")
    assert (answer.status_code, urlsplit(answer.location).path) == (302, "/sign-in")


def test_a_token_does_not_open_a_page(browser, mint):
    assert browser.get("/probe/page", headers={"Authorization": f"Bearer {mint()}"}).status_code == 302


def test_a_form_that_comes_after_the_session_is_refused_in_words(browser):
    answer = browser.post("/probe/page", data={"csrf_token": browser.form_token()})
    assert answer.status_code == 401
    assert "Your session has ended" in answer.text


def test_a_part_of_a_page_leads_the_whole_page_to_sign_in(browser):
    answer = browser.get("/probe/page", headers={"HX-Request": "true", "HX-Current-URL": PORTAL + "/requests?state=open"})
    assert answer.status_code == 401
    assert parse_qs(urlsplit(answer.headers["HX-Redirect"]).query)["next"] == ["/requests?state=open"]


def test_a_form_needs_the_form_token(browser):
    browser.sign_in("sarah-123")
    assert browser.post("/probe/page").status_code == 400
    assert browser.post("/probe/page", data={"csrf_token": "made up"}).status_code == 400
    assert browser.post("/probe/page", data={"csrf_token": browser.form_token()}).status_code == 200
    assert browser.post("/probe/page", headers={"X-CSRFToken": browser.form_token()}).status_code == 200


def test_the_form_token_of_another_browser_is_refused(browser, portal):
    other = type(browser)(portal.test_client())
    other.sign_in("mallory-666")
    with other.client.session_transaction(base_url=PORTAL) as session:
        session["csrf_token"] = "another raw token"
    browser.sign_in("sarah-123")
    browser.form_token()
    assert browser.post("/probe/page", data={"csrf_token": other.form_token()}).status_code == 400


@pytest.mark.parametrize("path", ["/probe/page", "/probe/public"])
@pytest.mark.parametrize("origin", ["https://evil.com", "null", "http://127.0.0.1:8001", "https://127.0.0.1:8000"])
def test_a_form_from_another_site_is_refused(browser, path, origin):
    browser.sign_in("sarah-123")
    answer = browser.post(path, data={"csrf_token": browser.form_token()}, headers={"Origin": origin})
    assert answer.status_code == 400
    assert "from another site" in answer.text


def test_a_form_from_this_portal_is_taken(browser):
    browser.sign_in("sarah-123")
    sent = {"data": {"csrf_token": browser.form_token()}, "headers": {"Origin": PORTAL}}
    assert browser.post("/probe/page", **sent).status_code == 200


def test_a_public_page_knows_who_looks_at_it(browser):
    assert browser.get("/probe/public").status_code == 401
    browser.sign_in("erin-321")
    assert browser.get("/probe/public").json["user_id"] == "erin-321"


def test_pages_of_people_who_are_signed_in_stay_out_of_caches(browser):
    browser.sign_in("sarah-123")
    assert browser.get("/probe/page").headers["Cache-Control"] == "no-store"
    assert browser.get("/probe/public").headers["Cache-Control"] == "no-store"


def test_a_changed_cookie_is_nobody(browser):
    browser.sign_in("sarah-123")
    cookie = browser.client.get_cookie("stratus-8000", domain="127.0.0.1").value
    browser.client.set_cookie("stratus-8000", cookie[:-2] + "xx", domain="127.0.0.1")
    assert browser.get("/probe/page").status_code == 302


def test_teams_of_a_page_are_those_of_the_account(browser, provider):
    provider.accounts["erin-321"] = Account("erin-321", "Erin", "erin@example.com", ())
    browser.sign_in("erin-321")
    assert browser.get("/probe/page").json["teams"] == []


# Neither


def test_a_route_that_says_nothing_is_not_served_to_anybody(browser, portal, mint):
    portal.testing = False
    browser.sign_in("dana-001")
    answer = browser.get("/probe/forgotten", headers={"Authorization": f"Bearer {mint()}"})
    assert answer.status_code == 500
    assert "user_id" not in answer.text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_path_that_leads_nowhere_is_just_that(browser, method):
    assert browser.client.open("/probe/nowhere", method=method, base_url=PORTAL).status_code == 404


def test_a_page_for_everybody_is_there_while_the_database_is_down(make_portal, browser):
    down = type(browser)(make_portal(database_url="postgresql+psycopg://nobody@127.0.0.1:9/nothing").test_client())
    with down.client.session_transaction(base_url=PORTAL) as session:
        session["sid"] = "a session that cannot be looked up"
    assert down.get("/probe/public").status_code == 401
    assert down.get("/signed-out").status_code == 200


def test_static_files_are_for_everybody(browser):
    with browser.get("/static/css/tokens.css") as answer:
        assert answer.status_code == 200
