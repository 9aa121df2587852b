"""Fixtures: people in front of a running portal."""

from collections.abc import Callable, Iterator

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
