"""Make the virtual environment, or bring it up to the locked requirements. Standard library of any Python 3.7 or newer only.

python3 -I dev/bootstrap.py .venv
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
UV = ROOT / "dev" / "uv.txt"
REQUIREMENTS = (ROOT / "requirements.txt", ROOT / "requirements-dev.txt")
COMMAND_LINE = ROOT / "cli"


class FailedError(Exception):
    """A program that we need did not do its work; its output is in the text."""


def main(venv: Path) -> None:
    """Leave when the stamp says that `venv` is as the requirements want it, else make it so. Two at once take turns."""
    use_new_enough_python()
    checkout = os.open(ROOT, os.O_RDONLY)
    fcntl.flock(checkout, fcntl.LOCK_EX)
    stamp, wanted = venv / ".stamp", fingerprint(venv)
    if stamp.exists() and stamp.read_text() == wanted and works(venv):
        return
    say(f"Setting up {venv} (once, and when the requirements change) …")
    if not works(venv):
        make(venv)
    install(venv)
    stamp.write_text(wanted)


def use_new_enough_python() -> None:
    """Go on under a newer `python3.N` from PATH when this one is too old; without one, say so and exit."""
    if sys.version_info >= OLDEST:
        return
    for minor in range(OLDEST[1], 20):
        newer = shutil.which(f"python3.{minor}")
        if newer:
            os.execv(newer, [newer, "-I", *sys.argv])  # noqa: S606 - no shell is wanted
    sys.exit(f"Stratus needs Python 3.11 or newer and found {sys.version.split()[0]}: install python3.11, or set PYTHON=…")


def fingerprint(venv: Path) -> str:
    """What the stamp holds: the requirements, and where the environment lies, since its scripts know their place."""
    digest = hashlib.sha256(str(venv.absolute()).encode())
    for file in (UV, *REQUIREMENTS, COMMAND_LINE / "pyproject.toml"):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def works(venv: Path) -> bool:
    """Whether the environment's interpreter runs and has pip: it is a link, and what it points at may have been removed."""
    python = venv / "bin" / "python"
    try:
        return subprocess.run([python, "-I", "-c", "import pip"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    except OSError:
        return False


def make(venv: Path) -> None:
    """Make an empty environment with pip. Debian keeps what that takes in a package of its own."""
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if importlib.util.find_spec("ensurepip") is None:
        packages = [f"python{version}-venv"]
        if os.geteuid() != 0 or not shutil.which("apt-get"):
            sys.exit(f"This Python cannot make virtual environments yet: install {packages[0]} (apt-get install {packages[0]})")
        say(f"Installing {packages[0]} with apt …")
        apt_install(packages)
    run([sys.executable, "-I", "-m", "venv", "--clear", str(venv)])


def install(venv: Path) -> None:
    """Install uv with pip, and with it exactly what is locked; every archive is checked against its hash. Then our own `cli/`.

    Compiled at once: a dozen processes start at the same time later, and some machines forbid them to write bytecode.
    """
    python = str(venv / "bin" / "python")
    pip = [python, "-I", "-m", "pip", "--disable-pip-version-check", "--quiet"]
    run([*pip, "install", "--require-hashes", "-r", str(UV)])
    sync = [python, "-I", "-m", "uv", "pip", "sync", "--quiet", "--compile-bytecode", "--require-hashes", "--python", python]
    run([*sync, *map(str, REQUIREMENTS)], uv_environment(python))
    # What builds it is locked above, and all that it needs: nothing is fetched. Editable, so that tests run it as it is now.
    local = ["--offline", "--no-deps", "--no-build-isolation", "--editable", str(COMMAND_LINE)]
    run([python, "-I", "-m", "uv", "pip", "install", "--quiet", "--python", python, *local])


def uv_environment(python: str) -> dict[str, str]:
    """Our environment, with what a company told pip about its package index told to uv as well."""
    environment = dict(os.environ)
    told = subprocess.run(
        [python, "-I", "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False
    )
    index = environment.get("PIP_INDEX_URL") or told.stdout.strip()
    if index:
        environment.setdefault("UV_DEFAULT_INDEX", index)
    if environment.get("PIP_CERT"):
        environment.setdefault("SSL_CERT_FILE", environment["PIP_CERT"])
    return environment


def apt_install(packages: list[str]) -> None:
    """Install Debian packages as root, quietly. Raises FailedError."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run(["apt-get", "update", "-qq"], environment)
    run(["apt-get", "install", "-qq", "--yes", "--no-install-recommends", *packages], environment)


def run(command: list[str], environment: dict[str, str] | None = None) -> None:
    """Run a program quietly. Raises FailedError with all it said when it fails."""
    done = subprocess.run(
        command,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise FailedError(f"{done.stdout.strip()}\n`{' '.join(command[:8])} …` failed with status {done.returncode}")


def say(text: str) -> None:
    """Tell the person at the terminal. Standard output belongs to the command that needed the environment."""
    sys.stderr.write(text + "\n")


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except FailedError as failed:
        sys.exit(str(failed))
