"""The page of the engine: how much waits and how long, and who works."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

import pytest

from app.queries.queue import MOST, AtWork, Load, Waiting
from app.web.tickets.engine import in_hand, said
from tests.fixtures.browser_client import BrowserClient, words
from tests.fixtures.house import House
from tests.web import stories

SignedIn = Callable[[str], BrowserClient]
NOON = datetime(2025, 8, 16, 12, 0, tzinfo=UTC)
NOTHING = Waiting(0, None)
WORKER = AtWork("w1", 4, 2, NOON, NOON)


def load(
    ready: Waiting = NOTHING, *, running: Mapping[str, int] | None = None, workers: tuple[AtWork, ...] = (WORKER,)
) -> Load:
    return Load(NOON, ready, NOTHING, NOTHING, NOTHING, running or {"run": 2}, workers)


def test_when_work_is_taken_as_it_comes_it_says_so():
    told = said(load())
    assert (told.title, told.label.tone) == ("Work is taken as it comes", "done")
    assert told.text == "No step waits for a worker. 1 worker is alive, 2 of 4 threads free."


def test_steps_that_wait_long_come_first():
    told = said(load(Waiting(7, NOON - timedelta(minutes=9))))
    assert (told.title, told.label.tone) == ("7 steps wait for a worker", "soon")
    assert told.text.startswith("The oldest waits for 9 min.")


def test_a_queue_too_long_to_count_is_said_as_such():
    assert said(load(Waiting(MOST, NOON - timedelta(hours=1)))).title == "More than 10,000 steps wait for a worker"


def test_a_house_without_workers_says_what_that_means():
    told = said(load(Waiting(1, NOON), running={}, workers=()))
    assert told.title == "No worker is alive"
    assert told.text == "1 step waits for a worker. Nothing is built until a worker starts."


def test_what_workers_do_is_told_in_words():
    assert in_hand(load(running={"run": 3, "undo": 1})) == "3 running and 1 being undone"


def test_it_shows_what_waits_and_for_how_long(house: House, signed_in: SignedIn):
    stories.ordered(house)
    text = words(signed_in("carol-789").get("/engine"))
    assert "Steps wait for a worker 1 " in text
    assert "Requests wait for their turn behind a limit 0 nothing waits" in text
    assert "No worker is alive" in text


@pytest.mark.parametrize(("who", "shown"), [("carol-789", True), ("dana-001", True), ("sarah-123", False)])
def test_only_those_who_keep_the_engine_going_find_it(house: House, signed_in: SignedIn, who: str, shown: bool):
    stories.offer(house)
    browser = signed_in(who)
    assert ('href="/engine"' in browser.get("/").text) == shown
    assert browser.get("/engine").status_code == (200 if shown else 403)
