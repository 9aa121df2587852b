"""Everything of one run: servers, proxies, systems outside, web and worker processes, people with tokens."""

import json
import os
import secrets
import shutil
import time
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import psycopg
from flask_migrate import upgrade
from psycopg.rows import namedtuple_row
from redis import Redis

from app import create_app
from app.catalog.loader import load
from app.catalog.sync import sync
from app.extensions import db
from app.identity import people, tokens
from app.transaction import transaction
from config import Settings
from dev import ports, terraform_shim
from dev.accounts import ACCOUNTS
from dev.pdeathsig import adopt_orphans
from dev.probe import answers
from dev.standins import github
from dev.standins.serving import Running
from tests.chaos import servers, witness
from tests.chaos.fleet import Fleet
from tests.chaos.outside import Outside
from tests.chaos.proxy import Proxies, Proxy
from tests.fixtures.scratch import scratch

HERE = Path(__file__).parent
VAULT_KEYS = "chaos1:Y2hhb3Mta2V5LW9mLTMyLWJ5dGVzLWZvci10ZXN0cyE="
ISSUER = "http://provider.test"
WEBS, WORKERS, STREAMS = ("web-1", "web-2"), ("worker-1", "worker-2", "worker-3"), ("streams-1",)
EVERYBODY = (*WEBS, *WORKERS, *STREAMS)
LEASE_SECONDS, SWEEP_SECONDS = 3.0, 0.5
START_SECONDS = 60.0


@dataclass
class Canaries:
    """What must never be seen anywhere but where it belongs. Each is a text that occurs nowhere by chance."""

    outside_token: str = field(default_factory=lambda: f"canary-step-secret-{secrets.token_hex(8)}")
    output: str = field(default_factory=lambda: f"canary-output-{secrets.token_hex(8)}")
    github: str = field(default_factory=lambda: f"canary-github-{secrets.token_hex(8)}")
    answer: str = field(default_factory=lambda: f"canary-answer-{secrets.token_hex(8)}")


class Stack:
    """A whole house in a scratch folder. `start` takes some ten seconds; `stop` leaves nothing behind.

    plant: the name of a broken engine in `tests.planted`, or nothing. keep: the folder stays.
    """

    def __init__(self, seed: int, plant: str = "", *, keep: bool = False) -> None:
        adopt_orphans()
        self.seed, self.plant, self.keep = seed, plant, keep
        self.home = scratch("chaos")
        for folder in ("tmp", "witness", "log", *(f"die/{name}" for name in witness.FAILPOINTS)):
            (self.home / folder).mkdir(parents=True)
        self.canaries = Canaries()
        self.postgres, self.pg = servers.postgres(self.home)
        self.valkey, self.vk = servers.valkey(self.home, self.pg.port)
        self.proxies = Proxies(seed)
        self.outside = Outside(seed, self.canaries.output).start()
        self.github = Running(github.create_app(run_seconds=0.6))
        self.fleet = Fleet(self.home)
        self.tokens: dict[str, str] = {}
        self.pg_proxies: dict[str, Proxy] = {}
        self.hit: Counter[str] = Counter()
        """What the fault that goes on has done so far, in words."""
        self.rolled: dict[str, int] = {}
        """Exit statuses of the last rolling restart."""

    def start(self) -> "Stack":
        """Start all of it; ready when every web answers."""
        self.github.__enter__()
        self.postgres.start()
        self.pg.admit()
        self.valkey.start()
        self._furnish()
        self.redis_proxy = self.proxies.before(self.vk.port)
        taken = [self.pg.port, self.vk.port]
        self.web_ports = {name: ports.choose(taken) for name in WEBS}
        for name in EVERYBODY:
            self.pg_proxies[name] = self.proxies.before(self.pg.port)
            self.fleet.add(name, self._argv(name), self._environment(name))
        self.fleet.keep()
        self.await_web()
        return self

    def stop(self) -> None:
        """Stop all of it and remove the folder."""
        self.fleet.stop()
        self.proxies.close()
        self.github.__exit__()
        self.outside.stop()
        self.valkey.stop()
        self.postgres.stop()
        if not self.keep:
            shutil.rmtree(self.home, ignore_errors=True)

    def await_web(self) -> None:
        """Wait until every web answers. Raises TimeoutError with the end of its log."""
        until = time.monotonic() + START_SECONDS
        for name, port in self.web_ports.items():
            while answers(f"http://127.0.0.1:{port}/api/v1/health/live") != 200:
                if time.monotonic() > until:
                    raise TimeoutError(f"{name} does not answer:\n{self.fleet.members[name].child.tail()}")
                time.sleep(0.05)

    def database(self) -> psycopg.Connection:
        """A connection of our own, past the proxies; rows have names."""
        return psycopg.connect(self.pg.url(), autocommit=True, row_factory=namedtuple_row, connect_timeout=5)

    def holder_of(self, key: str) -> int | None:
        """The process id of the worker that holds the step of an idempotency key."""
        statement = "SELECT claimed_by FROM request_steps WHERE id = %s::uuid"
        with self.database() as connection:
            found = connection.execute(statement, [key.partition(":")[0]]).fetchone()
        return int(found.claimed_by.split("-")[-2]) if found is not None and found.claimed_by else None

    def redis(self) -> Redis:
        """A client of Valkey, past the proxy."""
        return Redis.from_url(self.vk.url(), socket_timeout=5)

    def tell_github(self, behaviour: str | None) -> None:
        """Let GitHub misbehave at its next dispatch, or behave well again."""
        body = json.dumps({"behaviour": behaviour}).encode() if behaviour else None
        headers = {"Content-Type": "application/json"}
        method = "POST" if behaviour else "DELETE"
        with urlopen(Request(f"{self.github.url}/_control", body, headers, method=method), timeout=10):
            return

    def order_death(self, failpoint: str, times: int) -> None:
        """The next `times` processes that pass the failpoint die there."""
        for _ in range(times):
            (self.home / "die" / failpoint / secrets.token_hex(6)).touch()

    def deaths_left(self, failpoint: str) -> int:
        """How many were ordered and have not happened."""
        return len(list((self.home / "die" / failpoint).iterdir()))

    def pardon(self) -> None:
        """Take back every order to die that nobody has obeyed."""
        for order in (self.home / "die").glob("*/*"):
            with suppress(FileNotFoundError):
                order.unlink()

    def dispatches(self) -> list[dict[str, Any]]:
        """Every workflow that GitHub was asked to run and took."""
        with urlopen(f"{self.github.url}/_log", timeout=10) as reply:
            return list(json.load(reply)["dispatches"])

    def run_failed(self, dispatch: Mapping[str, Any]) -> bool:
        """Whether the runs of a dispatch have failed, or are none."""
        return all(self._conclusion(number) not in (None, "success") for number in dispatch["run_ids"])

    def _conclusion(self, number: int) -> str | None:
        url = f"{self.github.url}/repos/platform/monitoring/actions/runs/{number}"
        with urlopen(Request(url, headers={"Authorization": "Bearer chaos"}), timeout=10) as reply:
            return json.load(reply)["conclusion"]

    def runs_of(self, request_id: str) -> int:
        """How many workflow runs were made for a request."""
        return sum(one["inputs"].get("stratus_id", "").startswith(f"{request_id}.") for one in self.dispatches())

    def _furnish(self) -> None:
        settings = Settings(
            stratus_profile="test",
            vault_keys=VAULT_KEYS,
            database_url=self.pg.url(),
            redis_url=self.vk.url(),
            oidc_issuer=ISSUER,
        )
        app = create_app(settings)
        with app.app_context():
            upgrade()
            catalog = load(HERE / "catalog")
            assert not catalog.faults, [str(fault) for fault in catalog.faults]
            with transaction():
                sync(db.session, catalog, source="chaos", commit=None)
            self._invite()
            db.session.remove()
            db.engine.dispose()
        with self.database() as connection:
            connection.execute((HERE / "witness.sql").read_text())

    def _invite(self) -> None:
        for account in ACCOUNTS.values():
            user = people.remember(
                db.session,
                issuer=ISSUER,
                subject=account.user_id,
                name=account.name,
                email=account.email,
                teams=account.teams,
            )
            self.tokens[account.user_id], _ = tokens.mint(
                db.session, user.id, name="chaos", days=1, now=datetime.now(UTC), scopes=tokens.SCOPES
            )
        db.session.commit()

    def _argv(self, name: str) -> tuple[str, ...]:
        if name in WORKERS:
            return ("-m", "tests.chaos.process_worker")
        if name in STREAMS:
            return ("-m", "app.stream")
        options = (
            "--bind",
            f"127.0.0.1:{self.web_ports[name]}",
            "--worker-class",
            "gthread",
            "--workers",
            "1",
            "--threads",
            "6",
        )
        quiet = ("--no-control-socket", "--graceful-timeout", "5", "--worker-tmp-dir", "/dev/shm", "--log-level", "warning")
        return ("-m", "gunicorn", *options, *quiet, "tests.chaos.process_web:create()")

    def _environment(self, name: str) -> Mapping[str, str]:
        known = {field.upper() for field in Settings.model_fields}
        ours = {key: value for key, value in os.environ.items() if key not in known}
        return ours | {
            "STRATUS_PROFILE": "development",
            "SECRET_KEY": "a secret key that is long enough for chaos",
            "VAULT_KEYS": VAULT_KEYS,
            "DATABASE_URL": _through(self.pg.url(), self.pg.port, self.pg_proxies[name]),
            "REDIS_URL": _through(self.vk.url(), self.vk.port, self.redis_proxy),
            "OIDC_ISSUER": ISSUER,
            "OUTBOUND_HOSTS": "outside.example,127.0.0.1,localhost",
            "OUTBOUND_REWRITES": json.dumps({"outside.example": self.outside.url}),
            "GITHUB_API_URL": self.github.url,
            "GITHUB_TOKEN": self.canaries.github,
            "STEP_SECRETS": json.dumps({"outside_token": self.canaries.outside_token}),
            "TERRAFORM_BINARY": terraform_shim.binary(),
            "LEASE_SECONDS": str(LEASE_SECONDS),
            "SWEEP_SECONDS": str(SWEEP_SECONDS),
            "DRAIN_SECONDS": "5",
            "READS_PER_MINUTE": "1000000",
            "WRITES_PER_MINUTE": "1000000",
            "LOG_LEVEL": "WARNING",
            "STREAM_SOCKET": str(self.home / "streams.sock"),
            "TMPDIR": str(self.home / "tmp"),
            witness.FOLDER: str(self.home),
            witness.PLANT: self.plant,
        }


def _through(url: str, port: int, proxy: Proxy) -> str:
    return url.replace(f":{port}/", f":{proxy.port}/")
