"""Fixtures: a portal with streams, and a request to watch."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app import create_app
from app.extensions import db
from config import Settings
from tests.fixtures.house import House, http, item
from tests.fixtures.people import People
from tests.stream.listening import ServedPortal


@pytest.fixture
def serve(settings: Settings, people: People, tmp_path: Path) -> Iterator[Callable[..., ServedPortal]]:
    """Serves a portal with other settings over the emptied database: `serve(ask_seconds=0.1, streams_per_person=2)`."""
    served: list[ServedPortal] = []

    def make(ask_seconds: float = 20.0, **other: Any) -> ServedPortal:
        path = str(tmp_path / f"streams-{len(served)}.sock")
        app = create_app(settings.model_copy(update={"stream_socket": path, **other}))
        served.append(ServedPortal(app, ask_seconds))
        return served[-1]

    yield make
    for one in served:
        one.stop()
        with one.app.app_context():
            db.engine.dispose()


@pytest.fixture
def portal(serve: Callable[..., ServedPortal]) -> ServedPortal:
    return serve()


@pytest.fixture
def sarah(people: People) -> str:
    """Her token."""
    return people.token_of("sarah-123")


@pytest.fixture
def request_id(house: House) -> str:
    """A request of three steps in a row, which nobody works on yet: its first event has been told."""
    steps = [http("one"), http("two", depends_on="[one]"), http("three", depends_on="[two]")]
    house.offer(trio=item("\n".join(steps)))
    return house.order("trio").request_id


@pytest.fixture
def until() -> Callable[[Callable[[], object]], None]:
    """Waits until something holds; fails when it does not within ten seconds."""

    def wait(holds: Callable[[], object]) -> None:
        deadline = time.monotonic() + 10
        while not holds():
            assert time.monotonic() < deadline, "it did not come to pass"
            time.sleep(0.01)

    return wait
