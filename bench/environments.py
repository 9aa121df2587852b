"""Virtual environments of the bench's own, made with uv from locked requirements: plain RQ, and what an installation has."""

import hashlib
import subprocess
import sys
from pathlib import Path

from dev.bootstrap import uv_environment
from dev.folder import ROOT


def plain_rq() -> Path:
    """The interpreter of plain RQ's environment."""
    return _made("bench-rq", ROOT / "bench" / "rq" / "requirements.txt")


def installed() -> Path:
    """The interpreter of an environment without what only developers need: some libraries load more where they find more."""
    return _made("bench-installed", ROOT / "requirements.txt")


def _made(name: str, locked: Path) -> Path:
    """An environment inside our own, made where it is missing or its lock has changed. `make clean` takes it along."""
    home = Path(sys.prefix) / name
    python, stamp = home / "bin" / "python", home / ".stamp"
    wanted = hashlib.sha256(locked.read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        uv = [sys.executable, "-m", "uv", "--quiet"]
        subprocess.run([*uv, "venv", "--clear", "--python", sys.executable, str(home)], check=True)
        sync = [*uv, "pip", "sync", "--require-hashes", "--compile-bytecode", "--python", str(python), str(locked)]
        subprocess.run(sync, check=True, env=uv_environment(sys.executable))
        stamp.write_text(wanted)
    return python
