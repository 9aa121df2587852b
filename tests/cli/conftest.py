"""The program itself, in a process of its own, in front of a real portal on a port of its own."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.api.conftest import work
from tests.cli.program import Program
from tests.cli.terminal import Terminal
from tests.fixtures.house import House
from tests.fixtures.people import People
from tests.story import STORY


class Silent(WSGIRequestHandler):
    """Says nothing of each call."""

    def log_request(self, *_: Any) -> None: ...


@pytest.fixture(scope="session")
def served(app: Flask) -> Iterator[str]:
    """The URL of the portal of this worker's tests."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Silent)
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
def at_terminal() -> Iterator[Callable[..., Terminal]]:
    """`at_terminal(sarah, "order", "redis-cache")` runs her program at a terminal; none is left behind."""
    begun: list[Terminal] = []

    def begin(program: Program, *words: str) -> Terminal:
        begun.append(Terminal(program, *words))
        return begun[-1]

    yield begin
    for one in begun:
        one.close()


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
