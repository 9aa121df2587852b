"""The whole sign-in over real HTTP: out to the provider, back with a code, and a session that ends when it should."""

import hashlib
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select, text, update

from app.models import AuditEntry, User, UserSession
from dev.accounts import Account
from tests.identity.loopback import CALLBACK, PORTAL, rows


def test_a_person_comes_in_and_goes_on_where_they_were_going(browser):
    back = browser.sign_in("sarah-123", "/probe/page?tab=log")
    assert (back.status_code, back.location) == (302, "/probe/page?tab=log")
    assert browser.get("/probe/page").json == {
        "user_id": "sarah-123",
        "name": "Sarah",
        "teams": ["customer-experience"],
        "admin": False,
    }


def test_the_administrators_team_makes_an_administrator(browser):
    browser.sign_in("dana-001")
    assert browser.get("/probe/page").json["admin"] is True


def test_the_provider_is_asked_with_pkce_state_and_nonce(browser):
    query = parse_qs(urlsplit(browser.get("/sign-in").location).query)
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    assert len(query["state"][0]) >= 30
    assert len(query["nonce"][0]) >= 20
    assert query["redirect_uri"] == [CALLBACK]


def test_a_page_sends_people_to_sign_in_and_back(browser):
    away = browser.get("/probe/page?q=a%20b&x=%C3%A9")
    assert away.status_code == 302
    assert parse_qs(urlsplit(away.location).query)["next"] == ["/probe/page?q=a%20b&x=%C3%A9"]


@pytest.mark.parametrize("target", ["//evil.com", "/\\evil.com", "https:evil.com", "https://evil.com/", "/\tevil"])
def test_nobody_is_led_elsewhere(browser, target):
    assert browser.sign_in("sarah-123", target).location == "/"


def test_signing_in_twice_makes_one_person(browser, portal, database):
    browser.sign_in("sarah-123")
    type(browser)(portal.test_client()).sign_in("sarah-123")
    assert [user.subject for user in rows(database, select(User))] == ["sarah-123"]
    assert len(rows(database, select(UserSession))) == 2


def test_an_answer_started_in_another_browser_is_refused(browser, portal):
    url = browser.choose("mallory-666")
    answer = type(browser)(portal.test_client()).follow(url)
    assert answer.status_code == 403
    assert "started in another browser" in answer.text


def test_an_answer_is_good_once(browser, portal):
    url = browser.choose("sarah-123")
    browser.follow(url)
    browser.client.delete_cookie("stratus-8000", domain="127.0.0.1")
    assert browser.follow(url).status_code == 403


def test_a_second_tab_that_comes_late_is_sent_home(browser):
    first, second = browser.choose("sarah-123"), browser.choose("sarah-123")
    browser.follow(first)
    answer = browser.follow(second)
    assert (answer.status_code, answer.location) == (302, "/")


def test_a_made_up_code_is_refused_in_words(browser):
    state = parse_qs(urlsplit(browser.choose("sarah-123")).query)["state"][0]
    answer = browser.get("/sign-in/callback", query_string={"code": "made-up", "state": state})
    assert answer.status_code == 403
    assert "Start again" in answer.text


def test_a_person_who_cancels_there_is_told_so(browser):
    answer = browser.follow(browser.choose("nobody"))
    assert answer.status_code == 403
    assert "you cancelled there" in answer.text


def test_a_refused_sign_in_is_in_the_audit_log(browser, database):
    browser.follow(browser.choose("nobody"))
    assert [(entry.action, entry.result) for entry in rows(database, select(AuditEntry))] == [("session.start", "refused")]


def test_a_sign_in_is_in_the_audit_log(browser, database):
    browser.sign_in("sarah-123")
    (entry,) = rows(database, select(AuditEntry))
    assert (entry.actor, entry.action, entry.result, entry.address) == ("sarah-123", "session.start", "done", "127.0.0.1")


def test_a_provider_that_lists_no_groups_is_refused(browser, provider, monkeypatch):
    monkeypatch.setattr(Account, "claims", lambda self, _scope: {"sub": self.user_id, "name": self.name})
    answer = browser.sign_in("sarah-123")
    assert answer.status_code == 403
    assert "the claim “groups” is missing" in answer.text


def test_a_provider_that_calls_itself_otherwise_is_refused(make_portal, provider):
    answer = make_portal(oidc_issuer=provider.url + "/").test_client().get("/sign-in")
    assert answer.status_code == 503
    assert "is not the one that this portal was set up with" in answer.text


def test_a_provider_that_is_down_is_a_sentence_and_stops_nothing(make_portal):
    answer = make_portal(oidc_issuer="http://127.0.0.1:9").test_client().get("/sign-in")
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert "does not answer right now" in answer.text


def test_a_provider_that_comes_up_late_is_found(browser, provider, portal):
    provider.down = True
    assert browser.get("/sign-in").status_code == 503
    provider.down = False
    assert browser.sign_in("sarah-123").status_code == 302


def test_without_a_provider_the_setting_is_named(make_portal):
    answer = make_portal(oidc_issuer="").test_client().get("/sign-in")
    assert (answer.status_code, "OIDC_ISSUER" in answer.text) == (503, True)


def test_the_session_is_renewed_at_sign_in(browser):
    with browser.client.session_transaction(base_url=PORTAL) as session:
        session["sid"] = "planted"
        session["csrf_token"] = "planted"
    browser.sign_in("sarah-123")
    with browser.client.session_transaction(base_url=PORTAL) as session:
        assert session["sid"] != "planted"
        assert "csrf_token" not in session


def test_signing_in_again_ends_the_session_before(browser, database):
    browser.sign_in("sarah-123")
    browser.follow(browser_url_of_a_new_sign_in(browser))
    assert [row.ended_at is None for row in rows(database, select(UserSession).order_by(UserSession.created_at))] == [
        False,
        True,
    ]


def browser_url_of_a_new_sign_in(browser):
    """Start to sign in with the session's id kept aside, since `/sign-in` does nothing for who is in already."""
    with browser.client.session_transaction(base_url=PORTAL) as session:
        kept = session.pop("sid")
    url = browser.choose("bob-456")
    with browser.client.session_transaction(base_url=PORTAL) as session:
        session["sid"] = kept
    return url


def test_the_cookie_is_kept_from_scripts_and_other_sites(browser):
    cookie = browser.sign_in("sarah-123").headers["Set-Cookie"]
    assert cookie.startswith("stratus-8000=")
    assert {"HttpOnly", "SameSite=Lax", "Path=/"} <= set(cookie.split("; "))


def test_many_started_sign_ins_do_not_outgrow_the_cookie(browser):
    for number in range(10):
        started = browser.get("/sign-in", query_string={"next": f"/{number}" + hashlib.sha512(bytes(number)).hexdigest() * 5})
        assert len(started.headers["Set-Cookie"]) < 4093
    assert browser.sign_in("sarah-123").status_code == 302


def test_over_https_the_cookie_is_bound_to_its_host(make_portal):
    app = make_portal(public_url="https://stratus.example.com")
    assert (app.config["SESSION_COOKIE_NAME"], app.config["SESSION_COOKIE_SECURE"]) == ("__Host-stratus", True)


def test_the_database_holds_neither_the_cookie_nor_the_providers_tokens_in_clear(browser, database):
    browser.sign_in("sarah-123")
    with browser.client.session_transaction(base_url=PORTAL) as session:
        secret = session["sid"]
    with database.connect() as connection:
        dump = connection.execute(text("SELECT row_to_json(user_sessions)::text FROM user_sessions")).scalar_one()
    assert secret not in dump
    assert all(
        b"eyJ" not in sealed for row in rows(database, select(UserSession)) for sealed in (row.id_token, row.refresh_token)
    )


def test_signing_out_ends_the_session_here_and_at_the_provider(browser, database):
    browser.sign_in("sarah-123")
    answer = browser.post("/sign-out", data={"csrf_token": browser.form_token()})
    query = parse_qs(urlsplit(answer.location).query)
    assert urlsplit(answer.location).path == "/end-session"
    assert query["post_logout_redirect_uri"] == [PORTAL + "/signed-out"]
    assert query["id_token_hint"][0].count(".") == 2
    (row,) = rows(database, select(UserSession))
    assert (row.ended_at is not None, row.id_token, row.refresh_token) == (True, None, None)
    assert browser.get("/probe/page").status_code == 302


def test_a_copied_cookie_is_worth_nothing_after_signing_out(browser):
    browser.sign_in("sarah-123")
    stolen = browser.client.get_cookie("stratus-8000", domain="127.0.0.1").value
    browser.post("/sign-out", data={"csrf_token": browser.form_token()})
    browser.client.set_cookie("stratus-8000", stolen, domain="127.0.0.1")
    assert browser.get("/probe/page").status_code == 302


def test_signing_out_while_the_provider_is_down_ends_the_session_here(browser, provider, portal, database):
    browser.sign_in("sarah-123")
    token = browser.form_token()
    portal.extensions["identity"].provider._client.server_metadata.clear()
    provider.down = True
    answer = browser.post("/sign-out", data={"csrf_token": token})
    assert answer.location == PORTAL + "/signed-out"
    assert rows(database, select(UserSession))[0].ended_at is not None


def test_signing_out_wants_the_form_token(browser, database):
    browser.sign_in("sarah-123")
    assert browser.post("/sign-out").status_code == 400
    assert browser.get("/probe/page").status_code == 200


def test_a_session_ends_by_itself(browser, database):
    browser.sign_in("sarah-123")
    with database.begin() as connection:
        connection.execute(update(UserSession).values(expires_at=datetime.now(UTC)))
    assert browser.get("/probe/page").status_code == 302
