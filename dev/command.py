"""Run one command over a development portal's data, with `make run` up or not. Only the command writes to standard output.

python -m dev.command migrate | catalog | token | PROGRAM OF PYTHON'S -m [ARGUMENT ...]
"""

import subprocess
import sys
import time
from collections.abc import Sequence

from dev import environment as environments
from dev import folder as folders
from dev.embedded.servers import log_of
from dev.environment import Environment
from dev.errors import RefusedError
from dev.folder import ROOT, DataFolder
from dev.keeper import WHAT
from dev.programs import FLASK, migrate

PATIENCE = 120.0
NAMED = {
    "migrate": (*FLASK, "db", "upgrade"),
    "catalog": (*FLASK, "catalog", "sync"),
    "token": ("-m", "dev.mint"),
}


def main(words: Sequence[str]) -> int:
    """Wait for the servers of a `make run`, or start them for the while, and run the command; its exit status."""
    arguments = NAMED.get(words[0], ("-m", *words)) if words else ()
    if not arguments:
        raise RefusedError("name a command: migrate, catalog, token, or a module of Python's with its arguments")
    folder = folders.named()
    folder.make()
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if folder.hold(f"make {words[0]}", 0):
            return _with_own_servers(folder, arguments)
        holder = folder.holder()
        if holder and holder.what == WHAT and holder.migrated:
            return _run(environments.load(folder), arguments)
        time.sleep(0.1)
    raise RefusedError(f"{folder.path} is held by another program that does not get ready; its log/ tells more")


def _with_own_servers(folder: DataFolder, arguments: Sequence[str]) -> int:
    environment = environments.load(folder)
    servers = environment.servers()
    try:
        servers.start()
        if arguments != NAMED["migrate"]:
            _bring_up_to_date(environment)
        return _run(environment, arguments)
    finally:
        servers.stop()
        folder.release()


def _bring_up_to_date(environment: Environment) -> None:
    launch = migrate(environment)
    log = log_of(environment.folder.path, launch)
    with log.open("ab") as output:
        done = subprocess.run(launch.argv, cwd=ROOT, env=launch.env, stdout=output, stderr=output, check=False)
    if done.returncode != 0:
        raise RefusedError(f"the tables cannot be brought up to date; {log} tells why")


def _run(environment: Environment, arguments: Sequence[str]) -> int:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, env=environment.variables(), check=False).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except RefusedError as refused:
        sys.exit(str(refused))
