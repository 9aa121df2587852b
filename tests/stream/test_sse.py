"""Server-sent events."""

import http.client

from app.core.outcomes import Done
from app.lifecycle import decide


def url(request_id: str, query: str = "") -> str:
    return f"/api/v1/requests/{request_id}/stream{query}"


def test_what_has_happened_comes_first_then_what_happens(portal, sarah, house, request_id):
    stream = portal.sse(url(request_id), sarah)
    assert stream.next().data["kind"] == "request.submitted"
    house.finish(Done({}))
    told = stream.take(2)
    assert [event["number"] for event in told] == [2, 3]


def test_the_number_of_an_event_is_its_id(portal, sarah, request_id):
    said = portal.sse(url(request_id), sarah).next()
    assert (said.id, said.event, said.data["number"]) == ("1", "message", 1)


def test_the_answer_is_a_stream_that_nobody_keeps(portal, sarah, request_id):
    stream = portal.sse(url(request_id), sarah)
    assert stream.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (stream.headers["cache-control"], stream.headers["x-accel-buffering"]) == ("no-store", "no")
    assert stream.headers["x-request-id"]
    assert "content-length" not in stream.headers


def test_whoever_was_cut_off_misses_nothing_and_hears_nothing_twice(portal, sarah, house, request_id):
    first = portal.sse(url(request_id), sarah)
    house.finish(Done({}))
    seen = first.take(2)
    first.close()
    house.finish(Done({}))
    house.finish(Done({}))
    seen += portal.sse(url(request_id), sarah, Last_Event_ID="2").rest()
    assert [event["number"] for event in seen] == list(range(1, len(seen) + 1))


def test_the_header_of_a_browser_counts_before_the_address(portal, sarah, house, request_id):
    house.finish(Done({}))
    assert portal.sse(url(request_id, "?after=0"), sarah, Last_Event_ID="2").next().data["number"] == 3


def test_an_id_that_is_no_number_is_refused(portal, sarah, request_id):
    assert portal.get(url(request_id), sarah, Last_Event_ID="many")[0] == 422


def test_after_the_end_a_browser_is_told_to_stop(portal, sarah, house, request_id):
    for _ in range(3):
        house.finish(Done({}))
    last = portal.sse(url(request_id), sarah).rest()[-1]["number"]
    assert portal.get(url(request_id, f"?after={last}"), sarah) == (204, None)


def test_an_earlier_end_does_not_end_the_story(portal, sarah, house, request_id):
    caller = house.caller("sarah-123")
    cancel_and_resume(house, caller, request_id)
    stream = portal.sse(url(request_id), sarah)
    kinds = [event["kind"] for event in stream.take(house.request(request_id).last_event)]
    assert "request.cancelled" in kinds
    while house.claim() is None:  # it goes on
        pass
    assert stream.next().data["kind"] == "step.running"


def cancel_and_resume(house, caller, request_id):
    with house.unit() as unit:
        decide.cancel(unit, caller, request_id, "not yet")
    with house.unit() as unit:
        decide.resume(unit, caller, request_id)


def test_many_who_watch_are_all_told(portal, sarah, house, request_id):
    streams = [portal.sse(url(request_id), sarah) for _ in range(20)]
    for _ in range(3):
        house.finish(Done({}))
    stories = [stream.rest() for stream in streams]
    assert all(story == stories[0] for story in stories)


def test_one_person_has_a_bounded_number_of_streams(serve, sarah, request_id):
    portal = serve(streams_per_person=2)
    kept = [portal.sse(url(request_id), sarah) for _ in range(2)]
    assert [stream.next().data["number"] for stream in kept] == [1, 1]
    assert portal.get(url(request_id), sarah)[0] == 429


def test_a_client_that_leaves_is_forgotten(portal, sarah, request_id, until):
    stream = portal.sse(url(request_id), sarah)
    stream.next()
    stream.close()
    until(lambda: not portal.streams.clients)
    assert not portal.streams.streams.of_person


def test_a_head_is_answered_with_the_head_alone(portal, sarah, request_id):
    connection = http.client.HTTPConnection("127.0.0.1", portal.port, timeout=10)
    connection.request("HEAD", url(request_id), headers={"Authorization": f"Bearer {sarah}"})
    answer = connection.getresponse()
    assert (answer.status, answer.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
    connection.close()
    assert portal.streams.clients == []
