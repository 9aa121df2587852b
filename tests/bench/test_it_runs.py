"""Every part of the bench runs, at its smallest size. What it measures then means nothing, so nothing of it is asserted."""

import os
import subprocess
import sys

import pytest

from bench.__main__ import MEASURES
from config import HERE
from tests.fixtures.scratch import place

SECONDS = 300


@pytest.fixture(scope="module")
def told() -> str:
    """What it prints. In a process of its own: the bench tells its process of step types that the portal does not know."""
    command = [sys.executable, "-m", "bench"]
    environment = {name: value for name, value in os.environ.items() if name not in ("ONLY", "QUICK")}
    environment |= {"TINY": "1", "TMPDIR": place()}
    done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)
    return done.stdout + done.stderr


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("name", MEASURES)
def test_every_part_runs(told: str, name: str) -> None:
    assert f"{name} …\n| measure |" in told, told


def test_it_tells_how_much_is_reached(told: str) -> None:
    assert "\nbench: " in told, told
