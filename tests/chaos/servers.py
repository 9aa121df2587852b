"""PostgreSQL and Valkey of one run, which may be killed and started again on the same files."""

import os
from pathlib import Path

from dev import ports
from dev.children import Child, Launch
from dev.embedded.postgres import ROLE, SUPERUSER, Postgres
from dev.embedded.servers import Server, log_of, wait_until
from dev.embedded.valkey import Valkey
from dev.processes import descendants, kill_all

STOP_SECONDS = 8.0


class Ledger:
    """One server of the two: started, killed as a power cut would, started again."""

    def __init__(self, home: Path, server: Server) -> None:
        self.home, self.server = home, server
        self.child: Child | None = None

    def start(self) -> None:
        """Start it and wait until it answers. Raises RefusedError with the end of its log."""
        launch: Launch = self.server.prepare()
        self.child = Child(launch, log_of(self.home, launch)).start()
        wait_until(self.child, self.server.ready)

    def kill(self) -> None:
        """End it and all below it with -9, and wait until they are gone: a second server must not meet the first one's."""
        if self.child is not None and self.child.popen is not None:
            below = descendants(self.child.pid)
            kill_all([self.child.pid, *below])
            self.child.popen.wait()
            self.child = None

    def stop(self) -> None:
        """Stop it in order."""
        if self.child is not None:
            self.child.ask_to_stop()
            self.child.end(STOP_SECONDS)
            self.child = None

    @property
    def runs(self) -> bool:
        """Whether it was started and has not ended."""
        return self.child is not None and self.child.status is None


def postgres(home: Path) -> tuple[Ledger, Postgres]:
    """A PostgreSQL whose commits outlive its death. What only a power cut of the machine would take needs no waiting for."""
    server = Postgres(home / "postgres", ports.choose(), os.urandom(16).hex())
    server.prepare()
    with (server.real / "data" / "postgresql.auto.conf").open("a") as settings:
        settings.write("fsync = off\n")
    return Ledger(home, server), server


def valkey(home: Path, taken: int) -> tuple[Ledger, Valkey]:
    """A Valkey that keeps nothing: a doorbell."""
    server = Valkey(home / "valkey", ports.choose([taken]), os.urandom(16).hex(), scratch=True)
    return Ledger(home, server), server


__all__ = ["ROLE", "SUPERUSER", "Ledger", "postgres", "valkey"]
