"""Live streams: what thousands of idle watchers cost, how soon an event is with them, and whether pages notice them.

`measure(stage, scale) -> list[Row]`, as every part of the bench. It stops by itself: each phase has a deadline.
"""

import os
import re
import resource
import selectors
import signal
import socket
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from sqlalchemy import select

from app import events
from app.extensions import db
from app.lifecycle.orders.submit import submit
from app.models.tables import REQUEST
from app.transaction import transaction
from bench import environments
from bench.calls import Call, Line
from bench.processes import rss_mb
from bench.rows import Row, row
from bench.stage import Scale, Stage
from bench.timing import p50, p99, timed
from dev.children import Launch
from dev.embedded.servers import wait_until
from dev.folder import ROOT

LIMIT_MB = 100.0
LIMIT_MS = 250.0
NOT_SLOWER = 1.1
"""Two equal halves of one sitting differ by so much."""
SETTLE_SECONDS = 3.0
BETWEEN_EVENTS = 0.02
TOO_LONG = 120.0
ID = re.compile(rb"^id: (\d+)$", re.MULTILINE)


def measure(stage: Stage, scale: Scale) -> list[Row]:
    """The rows of live streams."""
    many, requests = scale.of(3_000, 1_000, 20), scale.of(300, 100, 4)
    _raise_limit_of_files()
    path = str(stage.home / "streams.sock")
    settings = {"STREAM_SOCKET": path, "STREAMS_PER_PERSON": "100000"}
    launch = Launch(
        "streams",
        (str(environments.installed()), "-m", "app.stream"),
        ROOT,
        {**stage.variables, **settings},
        orphaned=signal.SIGKILL,
    )
    with stage.running([launch]) as (streams,), stage.web(settings=settings) as (url, _web):
        wait_until(streams, lambda _pid: (stage.home / "streams.sock").exists())
        keys = _ordered(stage, requests)
        alone = _pages(stage, url, scale)
        with _watching(url, list(keys), stage.token, many) as watchers:
            time.sleep(SETTLE_SECONDS)
            resident = rss_mb(streams.pid)
            beside = _pages(stage, url, scale)
            late = _delays(stage, keys, watchers, scale.of(300, 100, 5))
            after = rss_mb(streams.pid)
        alone += _pages(stage, url, scale)
    who = f"{many:,} idle watchers on one stream process"
    return [
        row(f"{who}, resident", f"{LIMIT_MB:g} MB", max(resident, after), LIMIT_MB, "<= 1", "MB"),
        row(f"{who}: event to client, p99", f"{LIMIT_MS:g} ms", p99(late), LIMIT_MS, "<= 1", "ms"),
        row(f"{who}: a page and a call, p50", "nobody watches", p50(beside), p50(alone), f"<= {NOT_SLOWER}", "ms"),
    ]


def _ordered(stage: Stage, number: int) -> dict[str, uuid.UUID]:
    """So many requests that nobody works on: their ids, and the keys of their rows."""
    with stage.app.app_context():
        found = {}
        for _ in range(number):
            with transaction() as unit:
                found[submit(unit, stage.caller, {"catalog_item": "five-steps"}, None).request_id] = uuid.uuid4()
        rows = db.session.execute(select(REQUEST.c.request_id, REQUEST.c.id).where(REQUEST.c.request_id.in_(found)))
        return {row.request_id: row.id for row in rows}


def _pages(stage: Stage, url: str, scale: Scale) -> list[float]:
    """Milliseconds of a page that anybody sees and a call of the API, in turn."""
    calls = [Call.get("/signed-out"), Call.get("/api/v1/catalog/items/five-steps", stage.token)]
    with Line(url) as line:

        def both() -> None:
            for call in calls:
                line.send(call)

        return [timed(both) for _ in range(scale.of(1_000, 300, 5))]


@dataclass
class Watchers:
    """Clients that read what they are told. heard: by request, (number, when) of each event with each client."""

    sockets: dict[socket.socket, str] = field(default_factory=dict)
    heard: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    def read(self) -> None:
        """Note what comes in, until `ended`."""
        with selectors.DefaultSelector() as selector:
            for client, request_id in self.sockets.items():
                selector.register(client, selectors.EVENT_READ, request_id)
            while not self.ended.is_set():
                for key, _ in selector.select(0.1):
                    now = time.perf_counter()
                    data = os.read(key.fd, 65536)
                    if not data:
                        selector.unregister(key.fileobj)
                    self.heard.setdefault(key.data, []).extend((int(number), now) for number in ID.findall(data))


@contextmanager
def _watching(url: str, requests: Sequence[str], token: str, many: int) -> Iterator[Watchers]:
    """So many who watch, spread over the requests, until the block ends."""
    watchers = Watchers()
    address = (urlsplit(url).hostname or "", urlsplit(url).port or 0)
    reader = threading.Thread(target=watchers.read)
    try:
        for number in range(many):
            request_id = requests[number % len(requests)]
            client = socket.create_connection(address, timeout=TOO_LONG)
            watchers.sockets[client] = request_id
            head = f"GET /api/v1/requests/{request_id}/stream HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {token}\r\n\r\n"
            client.sendall(head.encode())
            if (status := client.recv(12, socket.MSG_WAITALL)) != b"HTTP/1.1 200":
                raise RuntimeError(f"a stream was not opened: {status!r}")
        reader.start()
        yield watchers
    finally:
        watchers.ended.set()
        if reader.ident:
            reader.join(TOO_LONG)
        for client in watchers.sockets:
            client.close()


def _delays(stage: Stage, keys: dict[str, uuid.UUID], watchers: Watchers, number: int) -> list[float]:
    """Milliseconds from the moment before the commit of an event to each client that is told, of so many events."""
    per_request = len(watchers.sockets) // len(keys)
    said: dict[tuple[str, int], float] = {}
    names = list(keys)
    with stage.app.app_context():
        for count in range(number):
            request_id = names[count % len(names)]
            began = time.perf_counter()
            with transaction() as unit:
                events.tell(unit.connection, keys[request_id], "bench", [events.Event("bench.tick")], [])
            said[request_id, 2 + count // len(names)] = began
            time.sleep(BETWEEN_EVENTS)
    until = time.monotonic() + 10
    while sum(map(len, watchers.heard.values())) < number * per_request and time.monotonic() < until:
        time.sleep(0.05)
    return [
        (when - said[request_id, number]) * 1000
        for request_id, heard in watchers.heard.items()
        for number, when in heard
        if (request_id, number) in said
    ]


def _raise_limit_of_files() -> None:
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
