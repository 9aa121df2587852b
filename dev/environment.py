"""What a development portal's processes find in their environment, whoever starts them: `make run` or a single command."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from dev import ports, terraform_shim
from dev.device import COMMAND_LINE
from dev.embedded.postgres import Postgres
from dev.embedded.servers import Servers
from dev.embedded.valkey import Valkey
from dev.errors import RefusedError
from dev.folder import DataFolder, Secrets

CONNECTIONS_HOST = "connections.platform.example"
CLIENT = "stratus"
STAND_INS = ("provider", "github", "connections", "tfe")
DEFAULT_PORT = 8000


@dataclass(frozen=True)
class Environment:
    """Addresses and secrets of one data folder, and what the caller's own environment `given` puts in their place."""

    folder: DataFolder
    secrets: Secrets
    ports: Mapping[str, int]
    web_port: int
    given: Mapping[str, str]

    @property
    def public_url(self) -> str:
        """Where people reach the portal."""
        return self.given.get("PUBLIC_URL") or f"http://127.0.0.1:{self.web_port}"

    @property
    def issuer(self) -> str:
        """The bundled sign-in provider."""
        return self.at("provider")

    def at(self, name: str) -> str:
        """The base URL of the child `name`."""
        return f"http://127.0.0.1:{self.ports[name]}"

    def servers(self) -> Servers:
        """The embedded servers that `DATABASE_URL` and `REDIS_URL` do not replace."""
        home = self.folder.path
        postgres = Postgres(self.folder.postgres, self.ports["postgres"], self.secrets.postgres_password)
        valkey = Valkey(self.folder.valkey, self.ports["valkey"], self.secrets.valkey_password)
        return Servers(
            home,
            None if self.given.get("DATABASE_URL") else postgres,
            None if self.given.get("REDIS_URL") else valkey,
        )

    def needed_ports(self) -> dict[str, int]:
        """The ports that must be free before `make run` starts."""
        replaced = {"postgres": "DATABASE_URL", "valkey": "REDIS_URL"}
        needed = {name: port for name, port in self.ports.items() if not self.given.get(replaced.get(name, ""))}
        return {"web": self.web_port, **needed}

    def variables(self) -> dict[str, str]:
        """The whole environment of a child: ours, the development settings, and before them what the caller set."""
        chosen = {**self._settings(), **{name: value for name, value in self.given.items() if value}}
        for system, address in {"GITHUB": "GITHUB_API_URL", "TFE": "TFE_API_URL"}.items():
            if not self.given.get(address):
                chosen[f"{system}_TOKEN"] = "development"  # a token of the developer's own has no business at a stand-in
        chosen["STRATUS_PROFILE"] = "development"
        chosen["PYTHONUNBUFFERED"] = "1"
        for name in ("NO_PROXY", "no_proxy"):
            chosen[name] = ",".join(filter(None, (chosen.get(name), "127.0.0.1,localhost")))
        return chosen

    def _settings(self) -> dict[str, str]:
        servers = self.servers()
        settings = {
            "PUBLIC_URL": self.public_url,
            "SECRET_KEY": self.secrets.secret_key,
            "VAULT_KEYS": self.secrets.vault_keys,
            "OIDC_ISSUER": self.issuer,
            "OIDC_CLIENT_ID": CLIENT,
            "OIDC_CLIENT_SECRET": self.secrets.oidc_client_secret,
            "OIDC_CLI_CLIENT_ID": COMMAND_LINE,
            "GITHUB_API_URL": self.at("github"),
            "TFE_API_URL": self.at("tfe"),
            "TFE_ORGANIZATION": "acme",
            "OUTBOUND_HOSTS": f"{CONNECTIONS_HOST},127.0.0.1,localhost",
            "OUTBOUND_REWRITES": json.dumps({CONNECTIONS_HOST: self.at("connections")}),
            "READINESS_URLS": ",".join(f"{self.at(name)}/health" for name in STAND_INS),
            "READY_WORKERS": "2",
            "STOP_GRACE_SECONDS": "1",
            "TERRAFORM_BINARY": terraform_shim.binary(),
            "STREAM_SOCKET": str(self.folder.path / "streams.sock"),
        }
        if servers.postgres:
            settings["DATABASE_URL"] = servers.postgres.url()
        if servers.valkey:
            settings["REDIS_URL"] = servers.valkey.url()
        return settings


def load(folder: DataFolder) -> Environment:
    """The environment of `folder`, whose missing secrets and ports are made. Raises RefusedError."""
    given = dict(os.environ)
    return Environment(folder, folder.secrets(), ports.remembered(folder.ports), _web_port(given), given)


def _web_port(given: Mapping[str, str]) -> int:
    text = given.get("PORT") or str(DEFAULT_PORT)
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise RefusedError(f"PORT must be a number from 1 to 65535, not {text!r}")
    return int(text)
