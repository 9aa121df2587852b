"""Every part of the bench runs, at its smallest size. What it measures then means nothing, so nothing of it is asserted."""

import os
import subprocess
import sys

import pytest

from bench.__main__ import MEASURES
from config import HERE


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", MEASURES)
def test_every_part_runs(name: str) -> None:
    """In a process of its own: the bench tells its process of step types that the portal does not know."""
    environment = {**os.environ, "ONLY": name, "TINY": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "bench"], cwd=HERE, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| measure |" in done.stdout
