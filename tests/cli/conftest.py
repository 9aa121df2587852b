"""Sarah and carol at the command line, and orders for them to look at."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.api.conftest import work
from tests.cli.terminal import Terminal
from tests.fixtures.house import House
from tests.fixtures.people import People
from tests.fixtures.program import Program
from tests.story import STORY


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
