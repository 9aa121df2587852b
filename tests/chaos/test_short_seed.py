"""A short seed of the chaos suite, as `make chaos` runs it, with servers and processes of its own."""

import subprocess
import sys

import pytest

from config import HERE
from tests.chaos import clocks
from tests.chaos.invariants import INVARIANTS

SECONDS = 240


def chaos(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the command. In a process of its own: it adopts orphans, and its threads are the parents of what it starts."""
    command = [sys.executable, "-m", "tests.chaos", *words]
    return subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=SECONDS, check=False)


@pytest.mark.timeout(SECONDS)
def test_a_short_seed_breaks_nothing() -> None:
    done = chaos("--short", "--seed", "1")
    assert done.stdout.splitlines()[-1:] == [f"invariants: {len(INVARIANTS)} held, 0 broken"], done.stdout + done.stderr
    assert done.returncode == 0


def test_clocks_can_be_wrong_on_this_machine() -> None:
    assert clocks.missing() is None
