"""How news are written, and what clients of a WebSocket may say."""

import pytest

from app.stream.frames import BrokenFrame, Closing, Op, ServerSentEvents, WebSocket, frame, take

MASK = b"\x01\x02\x03\x04"


def said(first: int, payload: bytes = b"", *, masked: int = 0x80) -> bytearray:
    body = bytes(byte ^ MASK[place % 4] for place, byte in enumerate(payload))
    return bytearray(bytes([first, masked | len(payload)]) + MASK + body)


def test_an_event_has_its_number_as_id():
    assert ServerSentEvents().event(7, '{"number":7}') == b'id: 7\ndata: {"number":7}\n\n'


def test_a_line_beside_events_is_an_event_of_another_type_without_id():
    assert ServerSentEvents().line(3, "{}") == b"event: log\ndata: {}\n\n"


def test_a_line_of_a_log_alone_has_its_number_as_id():
    assert ServerSentEvents(only_log=True).line(3, "{}") == b"id: 3\ndata: {}\n\n"


def test_a_beat_is_a_comment():
    assert ServerSentEvents().beat() == b":\n\n"


@pytest.mark.parametrize(
    ("size", "head"),
    [(5, b"\x81\x05"), (125, b"\x81\x7d"), (126, b"\x81\x7e\x00\x7e"), (70_000, b"\x81\x7f" + (70_000).to_bytes(8))],
)
def test_a_frame_says_its_length_in_as_few_bytes_as_the_standard_wants(size, head):
    assert frame(Op.TEXT, b"x" * size) == head + b"x" * size


def test_the_last_words_of_a_websocket_are_a_code_and_a_reason_of_bounded_length():
    assert WebSocket().bye(Closing.DONE, "x" * 200) == b"\x88\x7d\x03\xe8" + b"x" * 123


def test_a_masked_ping_is_taken_off_what_was_heard():
    heard = said(0x89, b"are you there?") + b"\x8a"
    assert take(heard) == (Op.PING, b"are you there?")
    assert heard == b"\x8a"


def test_half_a_frame_waits_for_the_rest():
    heard = said(0x89, b"are you there?")
    assert take(heard[:1]) is take(heard[:9]) is None


@pytest.mark.parametrize(
    ("heard", "closing"),
    [
        (said(0x81, b"hello"), Closing.UNSUPPORTED),
        (said(0x82, b"hello"), Closing.UNSUPPORTED),
        (said(0x00, b"hello"), Closing.UNSUPPORTED),
        (said(0x89, b"hello", masked=0), Closing.PROTOCOL),
        (said(0xC9, b"hello"), Closing.PROTOCOL),
        (said(0x09, b"hello"), Closing.PROTOCOL),
        (said(0x8B, b"hello"), Closing.PROTOCOL),
        (bytearray(b"\x89\xfe\x00\x7e"), Closing.PROTOCOL),
    ],
    ids=["text", "binary", "continuation", "unmasked", "extension", "fragment", "reserved", "long"],
)
def test_whatever_else_a_client_says_ends_the_socket(heard, closing):
    with pytest.raises(BrokenFrame) as refused:
        take(heard)
    assert refused.value.closing == closing
