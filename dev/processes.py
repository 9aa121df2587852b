"""What /proc says about processes: who descends from whom."""

import os
import signal
from pathlib import Path

PROC = Path("/proc")


def descendants(ancestor: int) -> list[int]:
    """Every living process below `ancestor`, itself left out, children before their own children. Zombies do not count."""
    children = _children()
    found: list[int] = []
    ahead = [ancestor]
    while ahead:
        below = children.get(ahead.pop(0), [])
        found += below
        ahead += below
    return found


def kill_all(numbers: list[int]) -> None:
    """End processes at once. One that is gone already is what was wanted."""
    for number in numbers:
        try:
            os.kill(number, signal.SIGKILL)
        except ProcessLookupError:
            continue


def reap_adopted(own: set[int]) -> None:
    """Collect dead children other than `own` (orphans we adopted), so that they do not stay as zombies."""
    while True:
        try:
            seen = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:
            return
        if seen is None or seen.si_pid in own:
            return
        os.waitpid(seen.si_pid, 0)


def _children() -> dict[int, list[int]]:
    children: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        try:
            fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
        except OSError:
            continue  # it ended while we looked
        if fields[0] != "Z":
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    return children
