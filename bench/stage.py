"""What is measured: servers of the bench's own (durable, as `make run` has them), a catalog, people, workers, a web server.

All of it lies in a scratch folder and ends with the bench, however that ends.
"""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from flask import Flask
from flask_migrate import upgrade

from app import create_app
from app.catalog.loader import Catalog, load
from app.catalog.sync import sync
from app.core.access import Person
from app.extensions import db
from app.identity import people, tokens
from app.lifecycle.caller import Caller
from app.transaction import transaction
from bench import environments, noop
from config import HERE, Settings
from dev import ports, terraform_shim
from dev.children import Child, Launch
from dev.embedded import servers as embedded
from dev.embedded.postgres import SUPERUSER
from dev.embedded.servers import Servers, log_of, wait_until
from dev.folder import ROOT
from dev.probe import answers

ISSUER = "http://provider.bench.example"
PLENTY = 1_000_000
STOP_SECONDS = 10.0
NONE: Mapping[str, str] = {}


@dataclass(frozen=True)
class Scale:
    """How much is measured. quick: a short version, whose numbers say little; tiny: for the tests, whether it runs at all."""

    quick: bool = False
    tiny: bool = False

    def of(self, full: int, quick: int, tiny: int) -> int:
        """The number for this scale."""
        return tiny if self.tiny else quick if self.quick else full


@dataclass
class Stage:
    """The house as it is measured. token: Sarah's; admin_token: Dana's."""

    home: Path
    servers: Servers
    postgres_port: int
    variables: Mapping[str, str]
    settings: Settings
    app: Flask
    sarah: Person
    token: str
    admin_token: str

    @property
    def caller(self) -> Caller:
        """Sarah, as use cases take her."""
        return Caller(self.sarah, "127.0.0.1")

    @property
    def postmaster(self) -> int:
        """PostgreSQL's first process."""
        return self._server("postgres")

    @property
    def valkey(self) -> int:
        """Valkey's process."""
        return self._server("valkey")

    def connect(self, *, superuser: bool = False, database: str = "stratus") -> psycopg.Connection:
        """A connection of the bench's own, in autocommit."""
        assert self.servers.postgres is not None
        url = self.servers.postgres.url(database, SUPERUSER) if superuser else self.servers.postgres.url(database)
        return psycopg.connect(url, autocommit=True)

    @contextmanager
    def workers(self, number: int, **settings: str) -> Iterator[list[Child]]:
        """So many workers that know the bench's step types, with these settings besides."""
        environment = {**self.variables, **settings}
        argv = (str(environments.installed()), "-m", "bench.worker")
        names = [f"worker-{count}" for count in range(1, number + 1)]
        launches = [Launch(name, argv, ROOT, environment, orphaned=signal.SIGKILL) for name in names]
        with self.running(launches) as children:
            for child in children:
                wait_until(child, lambda _pid: self._workers_alive() >= number)
            yield children
        with self.connect() as connection:
            connection.execute("DELETE FROM workers")

    @contextmanager
    def web(self, application: str = "app:create_app()", settings: Mapping[str, str] = NONE) -> Iterator[tuple[str, Child]]:
        """A web server as `make run` has it (`dev.programs.web`); its address, which answers, and its process."""
        port = ports.choose()
        options = ("--bind", f"127.0.0.1:{port}", "--worker-class", "gthread", "--workers", "2", "--threads", "8")
        quiet = ("--no-control-socket", "--graceful-timeout", "1", "--worker-tmp-dir", "/dev/shm")  # noqa: S108
        argv = (str(environments.installed()), "-m", "gunicorn", *options, *quiet, application)
        launch = Launch(f"web-{port}", argv, ROOT, {**self.variables, **settings}, orphaned=signal.SIGKILL)
        with self.running([launch]) as (child,):
            url = f"http://127.0.0.1:{port}"
            wait_until(child, lambda _pid: answers(f"{url}/api/v1/health/live") in (200, 404))
            yield url, child

    @contextmanager
    def running(self, launches: list[Launch]) -> Iterator[list[Child]]:
        """Programs, until the block ends."""
        children = [Child(launch, log_of(self.home, launch)).start() for launch in launches]
        try:
            yield children
        finally:
            for child in children:
                child.ask_to_stop()
            for child in children:
                child.end(STOP_SECONDS)

    def _server(self, name: str) -> int:
        return next(child.pid for child in self.servers.children if child.launch.name == name)

    def _workers_alive(self) -> int:
        with self.connect() as connection:
            found = connection.execute("SELECT count(*) FROM workers").fetchone()
        return int(found[0]) if found else 0


@contextmanager
def stage() -> Iterator[Stage]:
    """The stage, until the block ends. What lies in its scratch folder is gone then."""
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)  # a developer's own settings are no part of a measurement
    home = Path(tempfile.mkdtemp(prefix="stratus-bench-"))
    home.chmod(0o755)  # root's PostgreSQL runs as another account, which must get through
    first = ports.choose()
    chosen = {"postgres": first, "valkey": ports.choose([first])}
    servers = embedded.make(home, chosen, os.urandom(16).hex(), os.urandom(16).hex())
    try:
        servers.start()
        yield _furnished(home, servers, chosen["postgres"])
    finally:
        servers.stop()
        shutil.rmtree(home, ignore_errors=True)


def _furnished(home: Path, servers: Servers, port: int) -> Stage:
    noop.register()
    variables = _variables(servers)
    os.environ.update({name: variables[name] for name in ("STRATUS_PROFILE",)})
    settings = Settings.model_validate({name.lower(): value for name, value in variables.items()})
    app = create_app(settings)
    with app.app_context():
        upgrade()
        with transaction():
            sync(db.session, _catalog(home), source="bench", commit=None)
        sarah, token = _person("sarah-123", "Sarah", ["customer-experience"])
        _, admin_token = _person("dana-001", "Dana", [settings.admin_team])
    return Stage(home, servers, port, {**_compiled(), **variables}, settings, app, sarah, token, admin_token)


def _compiled() -> dict[str, str]:
    """Our environment, in which modules are compiled once, as an installation has them: compiling leaves memory behind."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**inherited, "PYTHONPYCACHEPREFIX": str(Path(sys.prefix) / "bench-bytecode")}


def _variables(servers: Servers) -> dict[str, str]:
    assert servers.postgres is not None
    assert servers.valkey is not None
    return {
        "STRATUS_PROFILE": "development",
        "DATABASE_URL": servers.postgres.url().replace("postgresql://", "postgresql+psycopg://"),
        "REDIS_URL": servers.valkey.url(),
        "OIDC_ISSUER": ISSUER,
        "TERRAFORM_BINARY": terraform_shim.binary(),
        "LOG_LEVEL": "WARNING",
        "READS_PER_MINUTE": str(PLENTY),
        "WRITES_PER_MINUTE": str(PLENTY),
    }


def _catalog(home: Path) -> Catalog:
    """The catalog that ships, with the bench's own items."""
    shutil.copytree(HERE / "catalog", home / "catalog")
    shutil.copytree(ROOT / "bench" / "catalog", home / "catalog" / "bench")
    catalog = load(home / "catalog")
    if catalog.faults:
        raise ValueError("\n".join(str(fault) for fault in catalog.faults))
    return catalog


def _person(subject: str, name: str, teams: list[str]) -> tuple[Person, str]:
    with transaction():
        user = people.remember(
            db.session, issuer=ISSUER, subject=subject, name=name, email=f"{name.lower()}@example.com", teams=teams
        )
        token, _ = tokens.mint(db.session, user.id, name="bench", days=1, now=datetime.now(UTC))
    return people.get(db.session, user.id, Settings().admin_team).person, token
