"""With Redis, without it, and with one that is another."""

import asyncio
import contextlib
import socketserver
import threading
import time
import uuid
from collections.abc import Callable

import pytest

from app.dispatch import Doorbell
from app.events import CHANNEL
from app.lifecycle import decide
from app.stream import wakes
from app.stream.subscription import RedisAway, heard
from app.stream.wakes import keys_in
from dev import ports


def test_what_is_committed_is_told_at_once(portal, sarah, house, request_id, monkeypatch):
    monkeypatch.setattr(wakes, "LOOK_SECONDS", 3600)
    portal.restart_streams()
    stream = portal.sse(f"/api/v1/requests/{request_id}/stream", sarah)
    stream.next()
    time.sleep(0.3)  # it subscribes in the meantime
    with house.unit() as unit:
        decide.cancel(unit, house.caller("sarah-123"), request_id, "no")
    assert stream.rest()[-1]["kind"] == "request.cancelled"


def test_without_redis_news_come_a_little_later(serve, sarah, house, request_id):
    portal = serve(redis_url=f"redis://127.0.0.1:{ports.choose()}/0")
    stream = portal.sse(f"/api/v1/requests/{request_id}/stream", sarah)
    stream.next()
    house.must_claim()
    began = time.monotonic()
    assert stream.next().data["number"] == 2
    assert time.monotonic() - began < wakes.LOOK_SECONDS + 3


def test_whatever_else_is_published_is_not_heard():
    key = uuid.uuid4()
    assert list(keys_in(f"nonsense {key} \xff".encode("latin-1"))) == [key]


def heard_among_others(url: str, wanted: Callable[[bytes], bool], say: Callable[[], object]) -> bool:
    """Whether a wanted message comes within 10 s, said again and again: others of this server talk on the channel too."""

    async def listen() -> bool:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(10):
                async for message in heard(url, CHANNEL):
                    if wanted(message):
                        return True
        return False

    done = threading.Event()

    def speak() -> None:
        while not done.wait(0.02):
            say()

    speaker = threading.Thread(target=speak)
    speaker.start()
    try:
        return asyncio.run(listen())
    finally:
        done.set()
        speaker.join()


def test_a_message_is_heard_as_it_was_published(valkey_url, redis_client):
    assert heard_among_others(valkey_url, lambda m: m == b"good news", lambda: redis_client.publish(CHANNEL, "good news"))


def test_what_the_doorbell_tells_is_heard(valkey_url):
    keys = [uuid.uuid4() for _ in range(3)]
    bell = Doorbell(valkey_url)
    assert heard_among_others(valkey_url, lambda m: set(keys_in(m)) == set(keys), lambda: bell.tell(keys))
    bell.close()


def never_heard(url: str) -> None:
    assert not heard_among_others(url, lambda _: False, lambda: None)


def test_a_wrong_password_is_said(valkey_url):
    with pytest.raises(RedisAway, match=r"WRONGPASS|invalid"):
        never_heard(valkey_url.replace("://:", "://:not"))


class Nonsense(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        self.request.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def test_a_server_of_another_kind_is_not_redis():
    with socketserver.TCPServer(("127.0.0.1", 0), Nonsense) as server:
        thread = threading.Thread(target=server.handle_request)
        thread.start()
        with pytest.raises(RedisAway, match="HTTP"):
            never_heard(f"redis://127.0.0.1:{server.server_address[1]}/0")
        thread.join()


def test_telling_never_waits_for_redis():
    bell = Doorbell(f"redis://127.0.0.1:{ports.choose()}/0")
    began = time.monotonic()
    for _ in range(1000):
        bell.tell([uuid.uuid4()])
    assert time.monotonic() - began < 2
    bell.close()
