"""The web and worker processes of one run: kept alive as a supervisor would, killed and rolled as faults want it."""

import signal
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from dev.children import Child, Launch
from dev.folder import ROOT
from dev.processes import descendants, kill_all

AGAIN_SECONDS = 0.3
ROLL_SECONDS = 30.0


@dataclass
class Member:
    """One process that is to be there. leaving: it was asked to go, whoever asked starts the next one."""

    child: Child
    leaving: bool = False
    died_at: float | None = None


@dataclass
class Fleet:
    """Processes by name (`web-1`, `worker-2`). Add and roll from threads that live as long as it: they are the parents."""

    home: Path
    members: dict[str, Member] = field(default_factory=dict)
    deaths: list[tuple[str, int]] = field(default_factory=list)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _stopping: bool = False
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def add(self, name: str, argv: tuple[str, ...], env: Mapping[str, str]) -> None:
        """Start a process and keep it alive from now on. Killed outright when we die: nobody is left to stop it in order."""
        launch = Launch(name, (sys.executable, *argv), ROOT, env, orphaned=signal.SIGKILL)
        with self._lock:
            self.members[name] = Member(Child(launch, self.home / "log" / f"{name}.log").start())

    def keep(self) -> None:
        """Start again what dies, until `stop`."""
        self._thread = threading.Thread(target=self._look_on, name="keeper", daemon=True)
        self._thread.start()

    def names(self, kind: str) -> list[str]:
        """Members of a kind, `web` or `worker`."""
        return sorted(name for name in self.members if name.startswith(kind))

    def pid(self, name: str) -> int:
        """The process id of a member now."""
        return self.members[name].child.pid

    def kill(self, names: Iterable[str]) -> None:
        """End members with -9. A web's own children go with it: its port must be free for the next one."""
        with self._lock:
            for name in names:
                below = descendants(self.pid(name)) if name.startswith("web") else []
                kill_all([self.pid(name), *below])

    def change(self, names: Iterable[str], **env: str | None) -> None:
        """Kill members and start them with other variables; None takes one away."""
        with self._lock:
            for name in names:
                child = self.members[name].child
                merged = {**(child.launch.env or {}), **{key: value or "" for key, value in env.items()}}
                kept = {key: value for key, value in merged.items() if env.get(key, "") is not None}
                child.launch = replace(child.launch, env=kept)
        self.kill(names)

    def roll(self, name: str) -> int:
        """Ask a member to go, start the next one when it has gone; its exit status."""
        with self._lock:
            member = self.members[name]
            member.leaving = True
            member.child.ask_to_stop()
        polite = member.child.end(ROLL_SECONDS)
        status = member.child.status if polite else -signal.SIGKILL
        with self._lock:
            member.child.start()
            member.leaving = False
        return status if status is not None else 0

    def stop(self, seconds: float = 15.0) -> None:
        """Ask all to go, and end those that did not."""
        with self._lock:
            self._stopping = True
        until = time.monotonic() + seconds
        for member in self.members.values():
            member.child.ask_to_stop()
        for member in self.members.values():
            member.child.end(until - time.monotonic())
        self._over.set()
        if self._thread is not None:
            self._thread.join(5)

    def _look_on(self) -> None:
        # The kernel ends a process with the thread that started it: this one stays until all have been stopped.
        while not self._over.wait(0.05):
            with self._lock:
                for name, member in self.members.items():
                    if not self._stopping:
                        self._look_after(name, member)

    def _look_after(self, name: str, member: Member) -> None:
        status = member.child.status
        if status is None or member.leaving:
            return
        if member.died_at is None:
            self.deaths.append((name, status))
            member.died_at = time.monotonic()
        elif time.monotonic() - member.died_at > AGAIN_SECONDS:
            member.died_at = None
            member.child.start()
