"""The embedded servers that are needed, started together and stopped in order."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from dev.children import Child, Launch
from dev.embedded.postgres import Postgres
from dev.embedded.valkey import Valkey
from dev.errors import RefusedError

Server = Postgres | Valkey
Pause = Callable[[float], None]
"""How to wait: `time.sleep`, or something that also looks for a signal to stop."""

START_SECONDS = 60.0


def make(
    home: Path, ports: Mapping[str, int], postgres_password: str, valkey_password: str, *, scratch: bool = False
) -> "Servers":
    """Both servers with their files below `home`, on `ports["postgres"]` and `ports["valkey"]`."""
    postgres = Postgres(home / "postgres", ports["postgres"], postgres_password, scratch=scratch)
    return Servers(home, postgres, Valkey(home / "valkey", ports["valkey"], valkey_password, scratch=scratch))


class Servers:
    """PostgreSQL and Valkey, or the one of them that is not given from outside (None)."""

    def __init__(self, home: Path, postgres: Postgres | None, valkey: Valkey | None) -> None:
        self.home = home
        self.postgres = postgres
        self.valkey = valkey
        self.children: list[Child] = []

    def start(self, pause: Pause = time.sleep) -> None:
        """Start what is needed and wait until it answers. Raises RefusedError with the end of the log."""
        for server in (self.postgres, self.valkey):
            if server is not None:
                launch = server.prepare()
                child = Child(launch, log_of(self.home, launch)).start()
                self.children.append(child)
                wait_until(child, server.ready, pause)
        if self.postgres is not None:
            self.postgres.admit()

    def stop(self, seconds: float = 5.0) -> None:
        """Stop them, the last one first; what has not stopped after `seconds` is ended, and recovers at its next start."""
        deadline = time.monotonic() + seconds
        while self.children:
            child = self.children.pop()
            child.ask_to_stop()
            child.end(deadline - time.monotonic())


def log_of(home: Path, launch: Launch) -> Path:
    """Where a launch under this data folder writes its log."""
    return home / "log" / f"{launch.name}.log"


def wait_until(child: Child, ready: Callable[[int], bool], pause: Pause = time.sleep, seconds: float = START_SECONDS) -> None:
    """Wait until `ready(pid)`. Raises RefusedError, with the end of its log, when it ends before or takes too long."""
    deadline = time.monotonic() + seconds
    while not ready(child.pid):
        ended = child.status
        if ended is not None:
            raise RefusedError(f"{child.launch.name} did not start (status {ended}); {child.log} says:\n{child.tail()}")
        if time.monotonic() > deadline:
            raise RefusedError(f"{child.launch.name} was not ready after {seconds:.0f} s; {child.log} says:\n{child.tail()}")
        pause(0.05)
