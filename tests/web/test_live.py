"""The live part of a request's page: its stream, tickets for sockets, and logs page by page."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import insert

from app import create_app
from app.core.outcomes import Done
from app.extensions import db
from app.models.tables import LOG
from config import Settings
from dev import ports
from tests.fixtures.browser_client import BrowserClient, words
from tests.fixtures.browser_client import signed_in as browser_of
from tests.fixtures.house import House
from tests.fixtures.people import People
from tests.web import stories

SignedIn = Callable[[str], BrowserClient]
HTMX = {"HX-Request": "true"}


@pytest.fixture
def request_id(house: House, people: People) -> str:
    return stories.ordered(house)


@pytest.fixture
def long_log(house: House, request_id: str) -> str:
    """Where the log of the running first step is, which has 450 lines."""
    step = house.must_claim().step.id
    with house.engine.begin() as connection:
        rows = [{"step_id": step, "attempt_number": 1, "number": n, "line": f"line {n}"} for n in range(1, 451)]
        connection.execute(insert(LOG), rows)
    return f"/requests/{request_id}/steps/step-001/log"


def numbers(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'<li id="log-step-001-1-(\d+)"', page)]


# The page


def test_the_page_knows_where_it_stands(signed_in: SignedIn, request_id: str):
    page = signed_in("sarah-123").get(f"/requests/{request_id}").text
    assert 'data-last="1"' in page
    assert re.search(r'<span [^>]*id="connection" role="status"[^>]*>Connecting</span>', page)


def test_without_scripts_there_is_a_link_that_refreshes(signed_in: SignedIn, request_id: str):
    page = signed_in("sarah-123").get(f"/requests/{request_id}").text
    assert f'<a class="end without-script" href="/requests/{request_id}">Refresh</a>' in page


def test_where_no_streams_are_served_the_page_does_not_look_for_one(signed_in: SignedIn, request_id: str):
    assert 'data-stream=""' in signed_in("sarah-123").get(f"/requests/{request_id}").text


def test_where_streams_are_served_the_page_names_its_own(settings: Settings, people: People, request_id: str):
    app = create_app(settings.model_copy(update={"stream_socket": "/nowhere/streams.sock"}))
    page = browser_of(app, people.person("sarah-123")).get(f"/requests/{request_id}").text
    assert f'data-stream="/requests/{request_id}/stream"' in page
    with app.app_context():
        db.engine.dispose()


def test_a_page_of_a_request_that_has_ended_watches_nothing(house: House, signed_in: SignedIn):
    page = signed_in("sarah-123").get(f"/requests/{stories.done(house)}").text
    assert "data-stream" not in page
    assert 'id="connection"' not in page


def test_the_page_follows_the_log_of_the_step_that_runs(signed_in: SignedIn, long_log: str):
    page = signed_in("sarah-123").get(long_log.partition("/steps")[0]).text
    assert 'data-step="step-001" data-attempt="1"' in page
    assert f'data-log="{long_log}?attempt=1" data-last="450" hx-morph-skip-children' in page
    assert numbers(page) == list(range(251, 451))
    assert f'href="{long_log}?attempt=1&amp;before=251"' in page


# Its stream


@pytest.mark.parametrize("who", ["mallory-666", "bob-456"])
def test_a_stream_is_for_those_who_see_the_request(signed_in: SignedIn, request_id: str, who: str):
    answer = signed_in(who).get(f"/requests/{request_id}/stream")
    assert answer.status_code == (404 if who == "mallory-666" else 503)


def test_a_stream_wants_a_session(client, request_id: str):
    answer = client.get(f"/requests/{request_id}/stream")
    assert answer.location.startswith("/sign-in")


def test_a_stream_that_has_told_all_tells_the_browser_to_stop(house: House, signed_in: SignedIn):
    request_id = stories.done(house)
    last = house.request(request_id).last_event
    browser = signed_in("sarah-123")
    assert browser.get(f"/requests/{request_id}/stream?after={last}").status_code == 204
    assert browser.get(f"/requests/{request_id}/stream", headers={"Last-Event-ID": str(last)}).status_code == 204


# Tickets for sockets


HANDSHAKE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
}


def opened(browser: BrowserClient, request_id: str, ticket: str) -> int:
    """What the socket answers; 503 is as far as this client gets: its server has no sockets to give away."""
    return browser.get(f"/requests/{request_id}/ws?ticket={ticket}", headers=HANDSHAKE).status_code


def test_a_ticket_opens_the_socket_once(signed_in: SignedIn, request_id: str):
    browser = signed_in("sarah-123")
    given = browser.send(f"/requests/{request_id}/ticket").json
    assert given["expires_in"] == 30
    assert opened(browser, request_id, given["ticket"]) == 503
    assert opened(browser, request_id, given["ticket"]) == 403


def test_no_socket_opens_without_a_ticket(signed_in: SignedIn, request_id: str):
    assert opened(signed_in("sarah-123"), request_id, "") == 403


def test_a_ticket_is_good_for_one_request_and_one_session(house: House, signed_in: SignedIn, request_id: str):
    sarah, bob = signed_in("sarah-123"), signed_in("bob-456")
    other = stories.again(house)
    for browser, wanted in [(sarah, other), (bob, request_id)]:
        ticket = sarah.send(f"/requests/{request_id}/ticket").json["ticket"]
        assert opened(browser, wanted, ticket) == 403


def test_a_ticket_is_given_to_pages_of_the_portal_only(signed_in: SignedIn, request_id: str):
    assert signed_in("sarah-123").post(f"/requests/{request_id}/ticket").status_code == 400
    assert signed_in("mallory-666").send(f"/requests/{request_id}/ticket").status_code == 404


def test_without_redis_no_ticket_is_given(settings: Settings, people: People, request_id: str):
    app: Flask = create_app(settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{ports.choose()}/0"}))
    browser = browser_of(app, people.person("sarah-123"))
    assert browser.send(f"/requests/{request_id}/ticket").status_code == 503
    with app.app_context():
        db.engine.dispose()


# Logs page by page


def test_a_log_begins_with_its_tail(signed_in: SignedIn, long_log: str):
    page = signed_in("sarah-123").get(long_log)
    assert numbers(page.text) == list(range(251, 451))
    assert "Earlier lines" in words(page)
    assert "Later lines" not in words(page)


def test_a_log_is_paged_backwards_and_forwards(signed_in: SignedIn, long_log: str):
    browser = signed_in("sarah-123")
    earlier = browser.get(f"{long_log}?before=251")
    assert numbers(earlier.text) == list(range(51, 251))
    assert f'href="{long_log}?attempt=1&amp;after=250"' in earlier.text
    first = browser.get(f"{long_log}?before=51")
    assert numbers(first.text) == list(range(1, 51))
    assert "Earlier lines" not in words(first)


def test_a_script_gets_the_lines_alone(signed_in: SignedIn, long_log: str):
    answer = signed_in("sarah-123").get(f"{long_log}?after=448", headers=HTMX)
    assert numbers(answer.text) == [449, 450]
    assert answer.text.strip().startswith("<li")
    assert signed_in("sarah-123").get(f"{long_log}?after=450", headers=HTMX).text.strip() == ""


def test_a_log_is_for_those_who_see_the_request(signed_in: SignedIn, long_log: str):
    assert signed_in("mallory-666").get(long_log).status_code == 404


def test_the_log_of_a_step_that_is_done_is_still_paged(house: House, signed_in: SignedIn, request_id: str):
    house.finish(Done({"address": "db-1", "password": "hunter2"}, frozenset({"password"})))
    page = signed_in("sarah-123").get(f"/requests/{request_id}/steps/step-001/log")
    assert "Nothing has been written yet." in words(page)
