"""What /proc says of processes: how much processor time they took, how much memory they hold."""

import os
from collections.abc import Iterable
from pathlib import Path

from dev.processes import descendants

TICK_MS = 1000 / os.sysconf("SC_CLK_TCK")


def cpu_ms(roots: Iterable[int]) -> float:
    """Milliseconds of processor that these processes, all below them and their children that ended have taken so far."""
    return sum(_ticks(number) for root in roots for number in (root, *descendants(root))) * TICK_MS


def rss_mb(number: int) -> float:
    """Megabytes (of 2**20 bytes, as `free -m` counts) of memory that a process holds now, shared libraries included."""
    pages = int(Path(f"/proc/{number}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _ticks(number: int) -> int:
    try:
        fields = Path(f"/proc/{number}/stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return 0  # it has just ended; its parent counts it
    return sum(map(int, fields[11:15]))
