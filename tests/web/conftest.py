"""Fixtures: browsers of the cast."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.fixtures import browser_client
from tests.fixtures.browser_client import BrowserClient
from tests.fixtures.people import People


@pytest.fixture
def signed_in(app: Flask, people: People) -> Callable[[str], BrowserClient]:
    """Opens a browser in which somebody of the cast has signed in: `signed_in("sarah-123")`."""
    return lambda user_id: browser_client.signed_in(app, people.person(user_id))
