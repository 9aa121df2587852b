"""The program itself, in a process of its own, in front of a real portal on a port of its own."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import make_server

from tests.api.conftest import work
from tests.fixtures.house import House
from tests.fixtures.people import People
from tests.story import STORY

PROGRAM = Path(sys.executable).with_name("stratus")


@dataclass
class Ran:
    """How a run of the program ended."""

    code: int
    out: str
    err: str


@dataclass
class Program:
    """Runs `stratus` as one person, with a home of its own."""

    home: Path
    url: str
    token: str | None = None
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("STRATUS_", "COVERAGE"))}
        told = {"STRATUS_CONFIG_DIR": str(self.home), "STRATUS_URL": self.url, "NO_COLOR": "1"}
        return {**kept, **told, **({"STRATUS_TOKEN": self.token} if self.token else {}), **self.more}

    def __call__(self, *words: str, stdin: str = "") -> Ran:
        done = subprocess.run(
            [PROGRAM, *words], input=stdin, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="session")
def served(app: Flask) -> Iterator[str]:
    """The URL of the portal of this worker's tests."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def stratus(served: str, people: People, synced_catalog: Any, tmp_path: Path) -> Callable[[str | None], Program]:
    """`stratus("sarah-123")` is her program; of None, that of nobody."""

    def of(who: str | None) -> Program:
        return Program(tmp_path / (who or "nobody"), served, people.token_of(who) if who else None)

    return of


@pytest.fixture
def sarah(stratus: Callable[[str | None], Program]) -> Program:
    return stratus("sarah-123")


@pytest.fixture
def carol(stratus: Callable[[str | None], Program]) -> Program:
    return stratus("carol-789")


@pytest.fixture
def placed(people: People, synced_catalog: Any) -> str:
    """The id of sarah's order of the story; nothing of it has begun."""
    return people.api("sarah-123").post("/api/v1/requests", json=STORY).json["request_id"]


@pytest.fixture
def stuck(placed: str, house: House) -> str:
    """The same, with a ticket for its database."""
    work(house, "provision_postgres")
    return placed
