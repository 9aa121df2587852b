"""Real worker processes against an outside that the test controls."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from redis import Redis

from config import HERE, Settings
from tests.fixtures.house import House


@dataclass
class Outside:
    """Somebody else's system on loopback. `seen` holds (path, idempotency key); `hold` keeps answers back until it is set."""

    port: int = 0
    seen: list[tuple[str, str]] = field(default_factory=list)
    hold: threading.Event = field(default_factory=threading.Event)
    meeting: threading.Barrier = field(default_factory=lambda: threading.Barrier(2, timeout=20))

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}/{path}"


class _Handler(BaseHTTPRequestHandler):
    outside: Outside

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.outside.seen.append((self.path, self.headers.get("Idempotency-Key", "")))
        if self.path.startswith("/held"):
            self.outside.hold.wait(20)
        if self.path.startswith("/meet"):
            self.outside.meeting.wait()
        body = json.dumps({"value": "from outside"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the name is the base class's
        """Tests are quiet."""


@pytest.fixture
def outside() -> Iterator[Outside]:
    outside = Outside()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"outside": outside}))
    outside.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield outside
    outside.hold.set()
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Workers:
    """Starts workers with short leases and sweeps, and ends every one of them."""

    settings: Settings
    started: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, **more: str) -> subprocess.Popen[bytes]:
        environment = os.environ | {
            "STRATUS_PROFILE": "test",
            "SECRET_KEY": self.settings.secret_key,
            "VAULT_KEYS": self.settings.vault_keys,
            "DATABASE_URL": self.settings.database_url,
            "REDIS_URL": self.settings.redis_url,
            "OUTBOUND_HOSTS": "127.0.0.1",
            "LEASE_SECONDS": "3",
            "SWEEP_SECONDS": "0.5",
            "DRAIN_SECONDS": "5",
            "LOG_LEVEL": "WARNING",
            **more,
        }
        worker = subprocess.Popen([sys.executable, "worker.py"], cwd=HERE, env=environment, start_new_session=True)
        self.started.append(worker)
        return worker

    def end(self) -> None:
        for worker in self.started:
            if worker.poll() is None:
                worker.send_signal(signal.SIGKILL)
            worker.wait(10)


@pytest.fixture
def workers(settings: Settings, redis_client: Redis) -> Iterator[Workers]:
    workers = Workers(settings)
    yield workers
    workers.end()


def until(what: Callable[[], bool], seconds: float = 45) -> None:
    """Wait until `what` holds. Fails the test when the time is up."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)


def ends_as(house: House, request_id: str, status: str) -> None:
    """Wait for a request to come to `status`."""
    until(lambda: house.request(request_id).status == status)
