"""The page of one request: what it says, to whom, and how it moves."""

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import insert

from app.core.outcomes import Done, Waiting
from app.models.tables import LOG
from tests.fixtures.browser_client import BrowserClient, words
from tests.fixtures.house import House
from tests.web import stories

SignedIn = Callable[[str], BrowserClient]
HTMX = {"HX-Request": "true"}


def write_log(house: House, *lines: str) -> None:
    with house.engine.begin() as connection:
        for number, line in enumerate(lines, 1):
            connection.execute(insert(LOG).values(step_id=house.step("make").id, attempt_number=1, number=number, line=line))


def test_a_request_that_was_sent_says_what_begins(house: House, signed_in: SignedIn):
    page = signed_in("sarah-123").get(f"/requests/{stories.ordered(house)}")
    assert "Database begins with the next free worker Nobody has to do anything." in words(page)


def test_a_failed_step_is_told_with_whose_move_it_is_and_what_to_press(house: House, signed_in: SignedIn):
    page = signed_in("sarah-123").get(f"/requests/{stories.failed(house)}")
    text = words(page)
    assert "Database failed: there is no room" in text
    assert "move, not yours. Ticket TCK-" in text
    assert "Choose a smaller size." in text
    assert "Run Database again…" in text


def test_the_page_asks_for_itself_until_the_request_has_ended(house: House, signed_in: SignedIn):
    browser = signed_in("sarah-123")
    request_id = stories.ordered(house)
    assert f'hx-get="/requests/{request_id}" hx-trigger="news"' in browser.get(f"/requests/{request_id}").text
    house.finish(Done({"address": "db-1", "password": "hunter2"}, frozenset({"password"})))
    house.finish(Done())
    assert "hx-get" not in browser.get(f"/requests/{request_id}").text


def test_a_poll_is_answered_with_the_moving_part_alone(house: House, signed_in: SignedIn):
    answer = signed_in("sarah-123").get(f"/requests/{stories.failed(house)}", headers=HTMX)
    assert answer.text.lstrip().startswith("<title>Small Database: ")
    assert 'id="live"' in answer.text
    assert "<nav class=" not in answer.text
    assert "HX-Request" in answer.vary


def test_a_poll_keeps_the_step_that_was_chosen(house: House, signed_in: SignedIn):
    request_id = stories.ordered(house)
    page = signed_in("sarah-123").get(f"/requests/{request_id}?step=step-002")
    assert f'hx-get="/requests/{request_id}?step=step-002"' in page.text
    assert '<h2 id="step-title">Announcement</h2>' in page.text


def test_ids_of_the_page_are_unique(house: House, signed_in: SignedIn):
    page = signed_in("sarah-123").get(f"/requests/{stories.failed(house)}").text
    ids = re.findall(r'\sid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_a_step_shows_its_attempts_inputs_and_checks(house: House, signed_in: SignedIn):
    checks = [{"name": "status", "ok": False, "expected": 201, "actual": 500}]
    text = words(signed_in("sarah-123").get(f"/requests/{stories.failed(house, checks=checks)}?step=step-001"))
    assert "1, by automation Failed Error creating it: there is no room" in text
    assert "status Differs 201 500" in text
    assert '"url": "https://rooms.example.com"' in text


def test_the_log_has_numbers_and_shows_failures(house: House, signed_in: SignedIn):
    request_id = stories.failed(house)
    write_log(house, "begun", "http_error: no room")
    page = signed_in("sarah-123").get(f"/requests/{request_id}").text
    assert re.search(r'<li id="log-step-001-1-1"><span>1</span><time [^>]+>[\d:]{8}</time><span>begun</span>', page)
    assert '<li id="log-step-001-1-2" class="is-failed">' in page


def test_the_log_can_be_had_as_text(house: House, signed_in: SignedIn):
    request_id = stories.failed(house)
    write_log(house, "\x1b[31mred\x1b[0m <b>")
    answer = signed_in("sarah-123").get(f"/requests/{request_id}/steps/step-001/log.txt")
    assert answer.mimetype == "text/plain"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{request_id}-step-001-1.log.txt"'
    assert re.fullmatch(r"1\t\S+\tred <b>\n", answer.text)


@pytest.mark.parametrize("path", ["step-001/log.txt?attempt=2", "step-009/log.txt"])
def test_a_log_that_there_is_not_is_not_found(house: House, signed_in: SignedIn, path: str):
    assert signed_in("sarah-123").get(f"/requests/{stories.failed(house)}/steps/{path}").status_code == 404


def test_what_came_from_outside_is_text(house: House, signed_in: SignedIn):
    outcome = stories.Failed("Error: <script>alert(1)</script>\x1b[31m", details={"advice": "<script>2</script>"})
    request_id = stories.failed(house, outcome, inputs={"url": "<script>3</script>"})
    write_log(house, "\x1b[31m<script>4</script>\x1b[0m")
    page = signed_in("sarah-123").get(f"/requests/{request_id}").text
    assert not re.search(r"<script>\w", page)
    assert "\x1b" not in page
    assert "&lt;script&gt;4&lt;/script&gt;" in page


def test_outputs_that_are_to_come_are_named_with_whom_they_wait_for(house: House, signed_in: SignedIn):
    request_id = stories.failed(house)
    text = words(signed_in("sarah-123").get(f"/requests/{request_id}"))
    assert "Outputs 0 of 2 so far" in text
    assert "url not yet" in text


def test_outputs_can_be_copied_and_secrets_are_not_in_the_page(house: House, signed_in: SignedIn):
    page = signed_in("sarah-123").get(f"/requests/{stories.done(house)}")
    assert 'data-copy="https://db-1.example.com"' in page.text
    assert "secret, hidden" in page.text
    assert "hunter2" not in page.text
    assert "Open db-1 " in words(page)


def test_answers_are_shown_and_sensitive_ones_are_not(house: House, signed_in: SignedIn):
    page = signed_in("sarah-123").get(f"/requests/{stories.ordered(house)}")
    assert "Size of it 3 GB" in words(page)
    assert "s3same" not in page.text


def test_a_request_that_is_done_says_how_long_it_took_and_who_made_what(house: House, signed_in: SignedIn):
    text = words(signed_in("sarah-123").get(f"/requests/{stories.done(house)}"))
    assert "Small Database is ready Both steps are done. Everything ran by itself." in text


def test_a_wait_for_another_system_is_named(house: House, signed_in: SignedIn):
    request_id = stories.ordered(house)
    house.finish(Waiting({}, timedelta(minutes=1), external_id="run-7", tracking_url="https://ci.example.com/7"))
    page = signed_in("sarah-123").get(f"/requests/{request_id}")
    assert "Waiting on HTTP" in words(page)
    assert '<a href="https://ci.example.com/7">' in page.text


@pytest.mark.parametrize(
    ("who", "status"),
    [("sarah-123", 200), ("bob-456", 200), ("carol-789", 200), ("dana-001", 200), ("mallory-666", 404), ("erin-321", 404)],
)
def test_only_its_team_its_owners_and_administrators_see_a_request(house: House, signed_in: SignedIn, who: str, status: int):
    request_id = stories.failed(house)
    browser = signed_in(who)
    paths = ("", "?step=step-001", "/steps/step-001/log.txt")
    assert {browser.get(f"/requests/{request_id}{path}").status_code for path in paths} == {status}


@pytest.mark.parametrize("odd", ["req-%00", "req-20250816-nobody", "%2e%2e", "x" * 200, "req ü"])
def test_a_request_that_there_is_not_is_not_found(client: object, signed_in: SignedIn, odd: str):
    assert signed_in("sarah-123").get(f"/requests/{odd}").status_code == 404


def test_whoever_is_not_signed_in_is_sent_to_sign_in(house: House, app: object):
    answer = house.app.test_client().get(f"/requests/{stories.ordered(house)}")
    assert answer.headers["Location"].startswith("/sign-in?next=%2Frequests%2F")


def test_nothing_of_a_later_part_is_linked(house: House, signed_in: SignedIn):
    page = signed_in("sarah-123").get(f"/requests/{stories.failed(house)}").text
    assert not re.search(r'href="/(?:services|account|receipt)|href="#"', page)
