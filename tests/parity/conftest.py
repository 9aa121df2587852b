"""Sarah at a browser, at the API and at a terminal, in front of the same portal and the shipped catalog."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from tests.fixtures.browser_client import signed_in
from tests.fixtures.people import People
from tests.fixtures.program import Program
from tests.parity.ways import Ways


@pytest.fixture
def ways(app: Flask, people: People, synced_catalog: Any, stratus: Callable[[str], Program]) -> Ways:
    browser = signed_in(app, people.person("sarah-123"))
    return Ways(browser, people.api("sarah-123"), stratus("sarah-123"))
