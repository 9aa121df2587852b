"""WebSocket."""

from contextlib import suppress

import pytest

PING, PONG, TEXT, CLOSE = 0x9, 0xA, 0x1, 0x8


def url(request_id: str) -> str:
    return f"/api/v1/requests/{request_id}/ws"


def test_events_are_messages(portal, sarah, request_id):
    socket = portal.websocket(url(request_id), sarah)
    assert (socket.status, socket.headers["upgrade"]) == (101, "websocket")
    assert socket.take(1)[0]["kind"] == "request.submitted"


def test_the_handshake_proves_that_it_was_read(portal, sarah, request_id):
    # The example of RFC 6455, section 1.3.
    socket = portal.websocket(url(request_id), sarah, Sec_WebSocket_Key="dGhlIHNhbXBsZSBub25jZQ==")
    assert socket.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_a_ping_is_answered(portal, sarah, request_id):
    socket = portal.websocket(url(request_id), sarah)
    socket.take(1)
    socket.send(PING, b"there?")
    assert socket.next() == (PONG, b"there?")


def test_a_close_is_answered_and_the_client_forgotten(portal, sarah, request_id, until):
    socket = portal.websocket(url(request_id), sarah)
    socket.send(CLOSE, b"\x03\xe8")
    assert socket.rest()[1] == 1000
    socket.close()
    until(lambda: not portal.streams.clients)


def test_messages_are_not_taken(portal, sarah, request_id):
    socket = portal.websocket(url(request_id), sarah)
    socket.send(TEXT, b"hello")
    assert socket.rest()[1] == 1003


def test_a_flood_ends_it(portal, sarah, request_id, until):
    socket = portal.websocket(url(request_id), sarah)
    socket.take(1)
    with suppress(ConnectionError):  # it may have been ended before we are through
        for _ in range(100):
            socket.send(PING, b"x" * 100)
    until(lambda: not portal.streams.clients)


def test_an_upgrade_that_is_none_is_refused(portal, sarah, request_id):
    status, problem = portal.get(url(request_id), sarah)
    assert (status, problem["code"]) == (400, "malformed")


@pytest.mark.parametrize(("header", "value"), [("Sec_WebSocket_Version", "8"), ("Sec_WebSocket_Key", "short")])
def test_a_handshake_of_another_kind_is_refused(portal, sarah, request_id, header, value):
    assert portal.websocket(url(request_id), sarah, **{header: value}).status == 400


def test_a_page_of_another_site_is_refused(portal, sarah, request_id):
    assert portal.websocket(url(request_id), sarah, Origin="https://growth.example").status == 403
    assert portal.websocket(url(request_id), sarah, Origin=portal.settings.public_url).status == 101
