"""Watches the list of processes while a fault goes on: secrets on command lines, two Terraform runs of one step, orphans."""

import os
import re
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dev.processes import descendants
from tests.chaos.evidence import needles
from tests.chaos.stack import Stack

PAUSE_SECONDS = 0.2
SECOND_LOOK_SECONDS = 0.5
APPLYING = re.compile(rb"sleep 1 # (applying-[a-z0-9-]+)")


@dataclass
class Watch:
    """Looks until `stop`. `leaks` and `overlaps` are what it saw, in words."""

    stack: Stack
    leaks: set[str] = field(default_factory=set)
    overlaps: set[str] = field(default_factory=set)
    _over: threading.Event = field(default_factory=threading.Event)

    def start(self) -> "Watch":
        """Begin to look."""
        self._secret = needles(self.stack)
        self._thread = threading.Thread(target=self._look_on, name="watch", daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        self._thread.join(5)

    def _look_on(self) -> None:
        while not self._over.wait(PAUSE_SECONDS):
            applying = defaultdict(set)
            for pid, line in command_lines():
                for name, text in self._secret.items():
                    if text.encode() in line:
                        self.leaks.add(f"a command line holds a {name}: {line.replace(text.encode(), b'***')[:200]!r}")
                if (found := APPLYING.search(line)) and line.startswith(b"/bin/sh"):
                    applying[found[1].decode()].add(pid)
            self.overlaps |= {f"{what}: {sorted(pids)}" for what, pids in applying.items() if len(pids) > 1}


def command_lines() -> Iterator[tuple[int, bytes]]:
    """Process id and command line of everything below us, words joined by spaces."""
    for pid in descendants(os.getpid()):
        try:
            yield pid, Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
        except OSError:
            continue  # it ended while we looked


def orphans(stack: Stack) -> list[str]:
    """What runs below us and belongs to nobody: neither server, nor member of the fleet, nor a living member's child.

    We adopt orphans: whatever a killed worker left behind has us as its parent. What was only ending or beginning when we
    looked is not there, or has a parent, at the second look.
    """
    first = _strangers(stack)
    time.sleep(SECOND_LOOK_SECONDS)
    second = _strangers(stack)
    return [f"{pid} {line[:200]}" for pid, line in first.items() if pid in second]


def _strangers(stack: Stack) -> dict[int, str]:
    lines = dict(command_lines())
    known = {member.child.pid for member in stack.fleet.members.values()}
    known |= {ledger.child.pid for ledger in (stack.postgres, stack.valkey) if ledger.child is not None}
    theirs = {pid for root in known for pid in descendants(root)}
    return {pid: line.decode(errors="replace") for pid, line in lines.items() if pid not in known | theirs}
