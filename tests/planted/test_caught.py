"""Engines that are broken on purpose are caught: the invariants can fail."""

import subprocess
import sys

import pytest

from config import HERE
from tests.planted.engines import ENGINES, Engine

SECONDS = 300


@pytest.fixture(scope="module")
def told() -> str:
    """What is told of all of them. In a process of its own, as chaos is, and over one house: to start one takes ten seconds."""
    command = [sys.executable, "-m", "tests.planted"]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=SECONDS, check=False)
    return done.stdout + done.stderr


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.plant)
def test_a_broken_engine_is_caught(told: str, engine: Engine) -> None:
    assert f"{engine.plant}: caught by {engine.invariant}" in told.splitlines(), told
