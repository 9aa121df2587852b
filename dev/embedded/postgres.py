"""The embedded PostgreSQL: make its files once, say how it is launched, know when it is ready."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import psycopg
from psycopg import sql

from dev.children import Launch
from dev.embedded import owner as owners
from dev.embedded import programs
from dev.errors import RefusedError

ROLE = "stratus"
SUPERUSER = "postgres"
SCRATCH = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "max_wal_size=2GB",
    "wal_level=minimal",
    "max_wal_senders=0",
)


class Postgres:
    """A cluster in `home` on 127.0.0.1:`port`. `scratch`: nothing needs to survive a power cut (the suite's own)."""

    def __init__(self, home: Path, port: int, password: str, *, scratch: bool = False) -> None:
        self.home = home
        self.port = port
        self.password = password
        self.scratch = scratch

    def prepare(self) -> Launch:
        """Make what is missing (seconds, the first time) and say how to launch it. Raises RefusedError with the remedy."""
        self.owner = owners.choose(self.home)
        self.real = owners.place(self.home, self.owner)
        self.programs = programs.postgres(self.owner)
        if not (self.real / "data").exists():
            self._initialise()
        self._forget_dead_server()
        return Launch(
            "postgres", self._argv(), self.real, _environment(), self.owner, stop=signal.SIGINT, orphaned=signal.SIGINT
        )

    def ready(self, pid: int) -> bool:
        """Whether the server with this process id takes connections. PostgreSQL writes so in its pid file."""
        try:
            lines = (self.real / "data" / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[0] == str(pid) and lines[7].strip() == "ready"

    def url(self, database: str = ROLE, role: str = ROLE) -> str:
        """Where the portal (or the superuser) connects."""
        return f"postgresql://{role}:{self.password}@127.0.0.1:{self.port}/{database}"

    def admit(self) -> None:
        """Make the portal's role and database unless they are there. The role is no superuser, as in production."""
        with psycopg.connect(self.url("postgres", SUPERUSER), autocommit=True) as connection:
            role = sql.Identifier(ROLE)
            if not connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone():
                connection.execute(
                    sql.SQL("CREATE ROLE {} LOGIN CREATEDB PASSWORD {}").format(role, sql.Literal(self.password))
                )
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [ROLE]).fetchone():
                connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(role, role))

    def _argv(self) -> tuple[str, ...]:
        settings = [
            "listen_addresses=127.0.0.1",
            f"port={self.port}",
            "unix_socket_directories=",  # a path would have to be short, unique and reachable; TCP with a password is neither
            "max_connections=200",
            "timezone=UTC",
            "log_timezone=UTC",
            *(SCRATCH if self.scratch else ()),
        ]
        flags = [part for setting in settings for part in ("-c", setting)]
        return (str(self.programs / "postgres"), "-D", str(self.real / "data"), *flags)

    def _initialise(self) -> None:
        # Into a side folder, renamed when whole: an interrupted first start leaves no half cluster.
        side, words = self.real / "data.new", self.real / "password"
        shutil.rmtree(side, ignore_errors=True)
        words.write_text(self.password + "\n")
        words.chmod(0o600)
        if not self.owner.is_us:
            os.chown(words, self.owner.uid, self.owner.gid)
        flags = ("--auth=scram-sha-256", f"--pwfile={words}", f"--username={SUPERUSER}", "--encoding=UTF8", "--no-instructions")
        locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        self._run("initdb", "-D", str(side), *flags, *locale, *(("--no-sync",) if self.scratch else ()))
        words.unlink()
        side.rename(self.real / "data")

    def _run(self, program: str, *arguments: str) -> None:
        who = self.owner
        done = subprocess.run(
            [str(self.programs / program), *arguments],
            cwd=self.real,
            env=_environment(),
            capture_output=True,
            text=True,
            check=False,
            user=None if who.is_us else who.uid,
            group=None if who.is_us else who.gid,
            extra_groups=None if who.is_us else [],
        )
        if done.returncode != 0:
            raise RefusedError(f"{program} failed: {(done.stderr or done.stdout).strip()}")

    def _forget_dead_server(self) -> None:
        # After a power cut the pid file may name a number that a stranger has now; PostgreSQL would refuse to start.
        note = self.real / "data" / "postmaster.pid"
        if not note.exists():
            return
        pid = int(note.read_text().split()[0])
        if _works_in(pid) == self.real / "data":
            raise RefusedError(f"a PostgreSQL (process {pid}) still serves {self.real}: stop it first (kill -INT {pid})")
        note.unlink()


def _works_in(pid: int) -> Path | None:
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}
