"""Clients that do not read, or are gone without saying so."""

import asyncio
import socket
import time

from sqlalchemy import insert, update

from app.handover.message import Credential, Watch
from app.models.tables import EVENT, REQUEST
from app.stream import clients
from app.stream.clients import FULL_BYTES, Client
from app.stream.frames import Closing

WATCH = Watch("sse", "00000000-0000-0000-0000-000000000000", Credential("sarah"), 0)
MANY = 4000


def fill(database, request_id) -> None:
    """Let a great deal have happened to a request at once."""
    with database.begin() as connection:
        key = connection.scalar(
            update(REQUEST).where(REQUEST.c.request_id == request_id).values(last_event=MANY).returning(REQUEST.c.id)
        )
        row = {"request_id": key, "kind": "step.ready", "payload": {"words": "x" * 500}}
        connection.execute(insert(EVENT), [row | {"number": number} for number in range(2, MANY + 1)])


def test_a_client_that_reads_late_gets_everything_in_order_and_costs_little(portal, sarah, database, request_id, until):
    slow = portal.sse(f"/api/v1/requests/{request_id}/stream", sarah)
    fill(database, request_id)
    until(lambda: any(client.full for client in portal.streams.clients))
    quick = portal.sse(f"/api/v1/requests/{request_id}/stream?after={MANY - 1}", sarah)
    assert quick.next().data["number"] == MANY
    (stuck,) = [client for client in portal.streams.clients if client.pending]
    assert stuck.pending < FULL_BYTES + 1000
    assert [event["number"] for event in slow.take(MANY)] == list(range(1, MANY + 1))


def alone(act, way: str = "sse"):
    """Let `act` do something with one client and its other end; answers how often the client said that it is gone."""
    ours, theirs = socket.socketpair()
    gone = []

    async def run() -> None:
        client = Client(ours, WATCH if way == "sse" else Watch(way, WATCH.request, WATCH.credential, 0), gone.append)
        await act(client, theirs)
        client.drop()

    with ours, theirs:
        theirs.settimeout(5)
        asyncio.run(run())
    return len(gone)


def test_a_beat_shows_that_somebody_is_there():
    async def act(client, other):
        client.beat()
        assert other.recv(100) == b":\n\n"

    alone(act)


def test_a_client_that_reads_nothing_for_long_is_dropped():
    async def act(client, _other):
        while not client.full:
            client.tell(b"x" * 10_000)
        client.beat()
        assert not client.closing
        client.moved_at -= clients.STUCK_SECONDS + 1
        client.beat()
        assert client.closing

    assert alone(act) == 1


def test_a_websocket_that_answers_no_ping_is_dropped():
    async def act(client, _other):
        client.beat()
        client.moved_at = time.monotonic() - clients.STUCK_SECONDS - 1
        client.beat()
        assert client.closing

    assert alone(act, "websocket") == 1


def test_the_last_words_reach_a_client_that_reads_late():
    async def act(client, other):
        client.tell(b"x" * 1_000_000)
        client.end(Closing.DONE, "over")
        heard = await asyncio.to_thread(lambda: b"".join(iter(lambda: other.recv(65536), b"")))
        assert len(heard) == 1_000_000

    alone(act)


def test_an_end_that_is_read_is_the_end_once():
    async def act(client, other):
        client.end(Closing.DONE, "over")
        client.end(Closing.DONE, "over")
        other.close()
        await asyncio.sleep(0.05)

    assert alone(act) == 1
