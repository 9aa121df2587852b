"""The process of the streams ends and another one takes its place."""

from app.core.outcomes import Done


def test_streams_end_and_go_on_at_the_next_process(portal, sarah, house, request_id):
    stream = portal.sse(f"/api/v1/requests/{request_id}/stream", sarah)
    socket = portal.websocket(f"/api/v1/requests/{request_id}/ws", sarah)
    told = stream.take(1)
    socket.take(1)
    portal.restart_streams()
    assert stream.rest() == []
    assert socket.rest() == ([], 1001)
    for _ in range(3):
        house.finish(Done({}))
    told += portal.sse(f"/api/v1/requests/{request_id}/stream?after=1", sarah).rest()
    assert [event["number"] for event in told] == list(range(1, len(told) + 1))


def test_without_streams_the_client_is_told_to_come_back(portal, sarah, request_id):
    portal.streams.stop()
    status, problem = portal.get(f"/api/v1/requests/{request_id}/stream", sarah)
    assert (status, problem["code"]) == (503, "unavailable")


def test_a_second_process_takes_the_place_of_the_first(portal, sarah, request_id):
    first = portal.streams
    portal.streams = type(first)(portal.settings)
    first.stop()
    assert portal.sse(f"/api/v1/requests/{request_id}/stream", sarah).next().data["number"] == 1
