"""Engines that are broken on purpose are caught: the invariants can fail."""

import subprocess
import sys

import pytest

from config import HERE

SECONDS = 180
SEEDS = (1, 2, 3)
"""A fault meets a broken engine by chance: one seed nearly always does, three always did."""
PLANTS = {
    "claim_without_guard": ("nothing", "a_step_is_claimed_by_one"),
    "ring_before_commit": ("nothing", "bells_ring_after_the_commit"),
    "write_without_token": ("worker frozen", "nothing_is_written_with_a_stale_token"),
}


def run(plant: str, fault: str, seed: int) -> subprocess.CompletedProcess[str]:
    """One fault of one short seed over the broken engine."""
    command = [sys.executable, "-m", "tests.chaos", "--short", "--seed", str(seed), "--plant", plant, "--only", fault]
    return subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=SECONDS, check=False)


@pytest.mark.timeout(SECONDS * len(SEEDS))
@pytest.mark.parametrize("plant", PLANTS)
def test_a_broken_engine_is_caught(plant: str) -> None:
    fault, invariant = PLANTS[plant]
    for seed in SEEDS:
        done = run(plant, fault, seed)
        if done.returncode != 0:
            break
    assert f"BROKEN {invariant}" in done.stdout, done.stdout + done.stderr
    assert done.returncode == 1
