"""Ends the processes that work in a folder: what got away from the group of its run, or lost both its guard and its worker."""

import os
import signal
import time
from pathlib import Path

PROCESSES = Path("/proc")
"""Linux only. Elsewhere nothing is found here, and the killing of the group has to do."""
ROUNDS = 20
PAUSE_SECONDS = 0.01


def end_all_in(folder: Path) -> int:
    """Kill what has its working directory in `folder`, again and again while it forks; answers how many were killed.

    The folder must be a private one of ours: who stands in it is part of its run, however it was started.
    Cost: one `readlink` a process of this machine.
    """
    killed: set[int] = set()
    for _ in range(ROUNDS):
        found = _working_in(folder.resolve()) - {os.getpid()}
        if not found:
            break
        for number in found:
            _kill(number)
        killed |= found
        time.sleep(PAUSE_SECONDS)
    return len(killed)


def _working_in(folder: Path) -> set[int]:
    return {int(process.name) for process in PROCESSES.glob("[0-9]*") if _is_in(process, folder)}


def _is_in(process: Path, folder: Path) -> bool:
    try:
        return (process / "cwd").readlink().is_relative_to(folder)
    except OSError:  # gone, a zombie, or somebody else's
        return False


def _kill(number: int) -> None:
    try:
        os.kill(number, signal.SIGKILL)
    except ProcessLookupError:
        return
