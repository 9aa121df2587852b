"""Engines that are broken on purpose are caught: the invariants can fail."""

import subprocess
import sys

import pytest

from config import HERE

SECONDS = 180
PLANTS = {
    "claim_without_guard": ("nothing", "a_step_is_claimed_by_one"),
    "ring_before_commit": ("nothing", "bells_ring_after_the_commit"),
    "write_without_token": ("worker frozen", "nothing_is_written_with_a_stale_token"),
}


@pytest.mark.timeout(SECONDS)
@pytest.mark.parametrize("plant", PLANTS)
def test_a_broken_engine_is_caught(plant: str) -> None:
    fault, invariant = PLANTS[plant]
    command = [sys.executable, "-m", "tests.chaos", "--short", "--seed", "1", "--plant", plant, "--only", fault]
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert f"BROKEN {invariant}" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 1
