"""How connections change hands."""

import asyncio
import socket
import stat
from pathlib import Path

import pytest

from app.errors import Unavailable
from app.handover.door import Door
from app.handover.message import LARGEST, Credential, Log, Watch, named
from app.stream.intake import Intake

WATCH = Watch(
    "wait",
    "6a1cd3d0-9d5b-4a11-8e0a-0f2f1f5f3a11",
    Credential("someone", session="one", until=1.5),
    after=3,
    log=Log("step", 2, 7),
    head="HTTP/1.1 200 OK\r\nX: \xe9\r\n\r\n",
    address=("127.0.0.1", 8000),
)


def test_a_message_is_read_as_it_was_written():
    assert Watch.read(WATCH.written()) == WATCH


@pytest.mark.parametrize("message", [b"", b"{}", b"[]", b'{"request": "no key"}', WATCH.written()[:-2]])
def test_what_is_no_message_is_refused(message):
    with pytest.raises((ValueError, TypeError, KeyError)):
        Watch.read(message)


def test_a_socket_may_lie_deeper_than_its_address_is_long(tmp_path):
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listening, named(str(deep / "streams.sock")) as short:
        listening.bind(short)
    assert (deep / "streams.sock").is_socket()


def test_only_our_own_account_may_hand_over(tmp_path):
    path = tmp_path / "streams.sock"

    async def listen() -> int:
        intake = Intake(str(path), lambda _watch, _socket: None)
        intake.open()
        mode = stat.S_IMODE(path.stat().st_mode)
        intake.close()
        intake.close()
        return mode

    assert asyncio.run(listen()) == 0o600
    assert not path.exists()


def handed_over(tmp_path: Path, *messages: bytes) -> list[Watch]:
    """What an intake takes of messages that come with a socket each."""
    path, taken = tmp_path / "streams.sock", []

    def take(watch: Watch, client: socket.socket) -> None:
        taken.append(watch)
        client.close()

    async def listen() -> None:
        intake = Intake(str(path), take)
        intake.open()
        for message in messages:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as web, socket.socket() as client:
                web.connect(str(path))
                await asyncio.sleep(0.02)
                socket.send_fds(web, [message], [client.fileno()])
                await asyncio.sleep(0.02)
        intake.close()

    asyncio.run(listen())
    return taken


def test_a_message_that_comes_late_is_taken(tmp_path):
    assert handed_over(tmp_path, WATCH.written()) == [WATCH]


def test_one_bad_message_does_not_keep_others_from_being_taken(tmp_path):
    assert handed_over(tmp_path, b"nonsense", WATCH.written()) == [WATCH]


def test_nothing_is_handed_over_where_the_server_keeps_its_sockets(app):
    with app.test_request_context("/"), pytest.raises(Unavailable, match="not served here"):
        Door("/nowhere").hand(WATCH)


def test_nothing_is_handed_over_when_nobody_is_there(app, tmp_path):
    with socket.socket() as client:
        environ = {"gunicorn.socket": client}
        with app.test_request_context("/", environ_base=environ), pytest.raises(Unavailable, match="away"):
            Door(str(tmp_path / "streams.sock")).hand(WATCH)


def test_a_call_whose_head_is_too_long_is_not_handed_over(app):
    with socket.socket() as client:
        long = Watch("wait", WATCH.request, WATCH.credential, replay="x" * LARGEST)
        with app.test_request_context("/", environ_base={"gunicorn.socket": client}), pytest.raises(Unavailable):
            Door("/nowhere").hand(long)
