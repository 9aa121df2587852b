"""Server-sent events, WebSocket and long poll tell one story."""

import threading

from app.core.outcomes import Done


def build(house):
    for _ in range(3):
        house.finish(Done({}))


def polled(portal, request_id, token):
    """All events, as a client gets them that asks again and again until the request has ended."""
    found, after, ended = [], 0, False
    while not ended:
        status, body = portal.get(f"/api/v1/requests/{request_id}/events?after={after}&wait=5&limit=2", token)
        assert status == 200
        found += body["events"]
        after, ended = body["last_number"], body["ended"]
    return found


def test_all_ways_tell_the_same_events_and_end_after_the_last(portal, sarah, house, request_id):
    sse = portal.sse(f"/api/v1/requests/{request_id}/stream", sarah)
    websocket = portal.websocket(f"/api/v1/requests/{request_id}/ws?after=0", sarah)
    polls: list = []
    poller = threading.Thread(target=lambda: polls.extend(polled(portal, request_id, sarah)))
    poller.start()
    build(house)
    streamed = sse.rest()
    messages, code = websocket.rest()
    poller.join(10)
    assert [event["number"] for event in streamed] == list(range(1, len(streamed) + 1))
    assert streamed == messages == polls
    assert (streamed[-1]["kind"], code) == ("request.completed", 1000)


def test_all_ways_go_on_after_a_number(portal, sarah, house, request_id):
    build(house)
    sse = portal.sse(f"/api/v1/requests/{request_id}/stream?after=4", sarah).rest()
    websocket, _ = portal.websocket(f"/api/v1/requests/{request_id}/ws?after=4", sarah).rest()
    _, body = portal.get(f"/api/v1/requests/{request_id}/events?after=4&wait=5", sarah)
    assert sse == websocket == body["events"]
    assert sse[0]["number"] == 5
