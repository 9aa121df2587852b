"""Fixtures: people in front of a running portal."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.visitor import Visitor
from tests.fixtures.running import RunningPortal


@pytest.fixture
def visit(chromium: Browser, running_portal: RunningPortal) -> Iterator[Callable[..., Visitor]]:
    """Opens a browser for somebody of the cast: `visit("sarah-123")`, or one that runs no scripts."""
    visitors: list[Visitor] = []

    def open_for(user_id: str, *, scripts: bool = True) -> Visitor:
        visitors.append(Visitor(chromium, running_portal.url, user_id, scripts=scripts))
        return visitors[-1]

    yield open_for
    for visitor in visitors:
        visitor.leave()


@pytest.fixture
def behave(running_portal: RunningPortal) -> Iterator[Callable[..., None]]:
    """Tells a stand-in how to behave at its next calls: `behave("github", "delay", seconds=5)`. Well again at the end."""
    ports = json.loads((running_portal.home / "data" / "ports.json").read_text())

    def control(name: str, method: str, body: Any = None) -> None:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        url = f"http://127.0.0.1:{ports[name]}/_control"
        urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=10).close()

    yield lambda name, behaviour, times=1, **options: control(name, "POST", {"behaviour": behaviour, "times": times, **options})
    for name in ("github", "connections"):
        control(name, "DELETE")
