"""Calls that wait."""

import threading
import time

import pytest

from app.core.outcomes import Done


def url(request_id: str, query: str) -> str:
    return f"/api/v1/requests/{request_id}/events?{query}"


@pytest.fixture
def asked(portal):
    """Makes a call on a thread; answers what will be its status, its body and its seconds."""
    threads = []

    def ask(path: str, token: str) -> list:
        found: list = []

        def call() -> None:
            began = time.monotonic()
            found.extend([*portal.get(path, token), time.monotonic() - began])

        threads.append(thread := threading.Thread(target=call))
        thread.start()
        return found

    yield ask
    for thread in threads:
        thread.join(10)


def test_a_call_is_answered_at_once_when_there_is_something(portal, sarah, request_id):
    began = time.monotonic()
    _, body = portal.get(url(request_id, "after=0&wait=30"), sarah)
    assert [event["number"] for event in body["events"]] == [1]
    assert time.monotonic() - began < 10


def test_a_call_is_answered_as_soon_as_something_happens(portal, sarah, house, request_id, asked, until):
    found = asked(url(request_id, "after=1&wait=30"), sarah)
    until(lambda: portal.streams.clients)
    house.finish(Done({}))
    until(lambda: found)
    status, body, seconds = found
    assert (status, body["events"][0]["number"], seconds < 15) == (200, 2, True)


def test_when_the_time_is_up_the_answer_is_empty(portal, sarah, request_id):
    began = time.monotonic()
    status, body = portal.get(url(request_id, "after=1&wait=1"), sarah)
    assert (status, body["events"], body["last_number"], body["ended"]) == (200, [], 1, False)
    assert time.monotonic() - began >= 1


def test_nothing_is_waited_for_after_the_end(portal, sarah, house, request_id):
    for _ in range(3):
        house.finish(Done({}))
    last = house.request(request_id).last_event
    began = time.monotonic()
    _, body = portal.get(url(request_id, f"after={last}&wait=30"), sarah)
    assert (body["events"], body["ended"]) == ([], True)
    assert time.monotonic() - began < 10


def test_a_request_is_answered_when_it_changes(portal, sarah, house, request_id, asked, until):
    found = asked(f"/api/v1/requests/{request_id}?wait=30", sarah)
    until(lambda: portal.streams.clients)
    house.must_claim()
    until(lambda: found)
    assert (found[1]["fulfillment"]["steps"][0]["status"], found[1]["last_event"]) == ("running", 3)


def test_a_request_that_has_changed_since_is_answered_at_once(portal, sarah, house, request_id):
    house.must_claim()
    began = time.monotonic()
    assert portal.get(f"/api/v1/requests/{request_id}?wait=30&after=1", sarah)[1]["last_event"] == 3
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("wait", ["-1", "61", "long"])
def test_a_wait_has_bounds(portal, sarah, request_id, wait):
    assert portal.get(url(request_id, f"wait={wait}"), sarah)[0] == 422


def test_waiting_costs_no_thread_of_the_web_server(portal, sarah, house, request_id, asked, until):
    waiting = [asked(url(request_id, "after=1&wait=30"), sarah) for _ in range(30)]
    until(lambda: len(portal.streams.clients) == 30)
    until(lambda: not any("process_request_thread" in thread.name for thread in threading.enumerate()))
    house.must_claim()
    until(lambda: all(waiting))
    assert {found[0] for found in waiting} == {200}


def test_without_streams_a_call_waits_where_it_is(portal, sarah, house, request_id, asked):
    portal.streams.stop()
    found = asked(url(request_id, "after=1&wait=20"), sarah)
    time.sleep(0.5)
    assert not found
    house.must_claim()
    while not found:
        time.sleep(0.05)
    assert found[1]["events"][0]["number"] == 2


def test_a_call_that_waits_is_answered_when_the_streams_stop(portal, sarah, request_id, asked, until):
    found = asked(url(request_id, "after=1&wait=30"), sarah)
    until(lambda: portal.streams.clients)
    portal.streams.stop()
    until(lambda: found)
    assert (found[0], found[1]["events"]) == (200, [])
