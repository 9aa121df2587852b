"""Folders and leftovers for the tests of the development programs."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.fixtures.scratch import scratch


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """An empty folder that every account can pass, unlike pytest's own."""
    folder = scratch("dev")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def gone_within() -> Callable[[list[int], float], list[int]]:
    """Waits until processes have ended; those that did not."""

    def wait(pids: list[int], seconds: float) -> list[int]:
        deadline = time.monotonic() + seconds
        left = [pid for pid in pids if alive(pid)]
        while left and time.monotonic() < deadline:
            time.sleep(0.05)
            left = [pid for pid in left if alive(pid)]
        return left

    return wait


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root drops rights")
