"""`stratus status --follow` over server-sent events, as a portal with streams serves them, and over calls that wait without."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app import create_app
from app.core.outcomes import Done
from app.extensions import db
from config import Settings
from tests.fixtures.house import House, http, item
from tests.fixtures.people import People
from tests.fixtures.program import Program, Ran
from tests.stream.listening import ServedPortal


@pytest.fixture
def portal(settings: Settings, people: People, tmp_path: Path) -> Iterator[ServedPortal]:
    app = create_app(settings.model_copy(update={"stream_socket": str(tmp_path / "streams.sock")}))
    served = ServedPortal(app)
    yield served
    served.stop()
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def request_id(house: House) -> str:
    house.offer(pair=item("\n".join([http("one"), http("two", depends_on="[one]")])))
    return house.order("pair").request_id


@pytest.fixture
def begun(portal: ServedPortal, people: People, tmp_path: Path, request_id: str) -> Callable[..., Callable[[], Ran]]:
    """Begins to follow the request; then answers how that ended."""

    def begin(*more: str) -> Callable[[], Ran]:
        sarah = Program(tmp_path / "sarah", f"http://127.0.0.1:{portal.port}", people.token_of("sarah-123"))
        ran: list[Ran] = []
        thread = threading.Thread(target=lambda: ran.append(sarah("status", request_id, "--follow", *more)))
        thread.start()

        def end() -> Ran:
            thread.join(30)
            return ran[0]

        return end

    return begin


def until(holds: Callable[[], object]) -> None:
    for _ in range(500):
        if holds():
            return
        threading.Event().wait(0.02)
    raise AssertionError("it never came to that")


def test_it_listens_to_one_stream_and_ends_with_the_request(portal, begun, house):
    end = begun()
    until(lambda: portal.streams.clients)
    ((stream, (follow,)),) = portal.streams.streams.hub.follows.items()
    assert follow.changed is None, "a call that waits is no stream"
    house.finish(Done({}))
    until(lambda: follow.last > 2)
    assert portal.streams.clients == [stream]
    house.finish(Done({}))
    ran = end()
    assert (ran.code, ran.out.splitlines()[-1].rpartition(": ")[2]) == (0, "completed")


def test_it_comes_back_when_the_streams_restart_and_misses_nothing(portal, begun, house):
    end = begun()
    until(lambda: portal.streams.clients)
    portal.restart_streams()
    house.finish(Done({}))
    house.finish(Done({}))
    ran = end()
    assert (ran.code, "two: completed" in ran.out.casefold()) == (0, True)


def test_it_goes_on_with_calls_that_wait_where_the_streams_are_gone(portal, begun, house):
    end = begun()
    until(lambda: portal.streams.clients)
    portal.streams.stop()
    house.finish(Done({}))
    house.finish(Done({}))
    assert end().code == 0


def test_it_ends_with_1_when_the_request_does_not_complete(portal, begun, house, request_id):
    end = begun()
    until(lambda: portal.streams.clients)
    house.cancel(request_id)
    assert end().code == 1


def test_it_ends_with_7_when_its_time_is_over(portal, begun):
    assert begun("--timeout", "1")().code == 7
