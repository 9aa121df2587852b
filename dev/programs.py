"""The programs of a development portal besides its embedded servers, in the order in which they start."""

import signal
import sys
from dataclasses import replace

from dev.children import Launch
from dev.environment import CLIENT, Environment
from dev.folder import ROOT

WORKERS = ("worker-1", "worker-2")
FLASK = ("-m", "flask", "--app", "app:create_app")


def stand_ins(environment: Environment) -> list[Launch]:
    """The sign-in provider and other people's systems; each answers `GET /health` on its own port."""
    provider = ["-m", "dev.provider", "--issuer", environment.issuer, "--data", str(environment.folder.path / "provider")]
    modules = {
        "provider": [*provider, "--client-id", CLIENT, "--redirect", f"{environment.public_url}/sign-in/callback"],
        "github": ["-m", "dev.standins.github"],
        "connections": ["-m", "dev.standins.connections"],
        "tfe": ["-m", "dev.standins.tfe", "--organization", environment.variables()["TFE_ORGANIZATION"]],
    }
    return [_python(environment, name, *words, "--port", str(environment.ports[name])) for name, words in modules.items()]


def migrate(environment: Environment) -> Launch:
    """Brings the tables up to date, and ends."""
    return _python(environment, "migrate", *FLASK, "db", "upgrade")


def sync(environment: Environment) -> Launch:
    """Reads `catalog/` into the database, and ends; a status other than 0 means that some entry has faults."""
    return _python(environment, "catalog", *FLASK, "catalog", "sync")


def web(environment: Environment) -> Launch:
    """The portal and its API."""
    options = ("--bind", f"127.0.0.1:{environment.web_port}", "--worker-class", "gthread", "--workers", "2", "--threads", "8")
    quiet = ("--no-control-socket", "--graceful-timeout", "1", "--access-logfile", "-", "--worker-tmp-dir", "/dev/shm")  # noqa: S108
    return _python(environment, "web", "-m", "gunicorn", *options, *quiet, "app:create_app()")


def streams(environment: Environment) -> Launch:
    """What tells those who watch; `web` hands their connections over to it."""
    return _python(environment, "streams", "-m", "app.stream")


def workers(environment: Environment) -> list[Launch]:
    """Two workers, as the smallest installation that survives the loss of one.

    Orphaned they are killed: whoever would stop them in order is gone, and the servers they would record to as well.
    """
    return [replace(_python(environment, name, "worker.py"), orphaned=signal.SIGKILL) for name in WORKERS]


def _python(environment: Environment, name: str, *arguments: str) -> Launch:
    return Launch(name, (sys.executable, *arguments), ROOT, environment.variables())
