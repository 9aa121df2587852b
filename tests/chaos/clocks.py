"""libfaketime, for processes whose clocks are wrong: where it is on this machine, and whether it works here."""

import os
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

SYSTEM = Path("/usr/lib")
PROBE = "import time; print(time.time())"
ENOUGH = 250.0


@cache
def library() -> Path | None:
    """The library that is to be preloaded: the wheel's, else the system's; None where neither is or neither works."""
    return next((path for path in _candidates() if _works(path)), None)


def missing() -> str | None:
    """Why clocks cannot be wrong here, or None when they can."""
    return (
        None if library() else "no libfaketime that works here: install the development dependencies, or Debian's libfaketime"
    )


def _candidates() -> list[Path]:
    spec = find_spec("libfaketime")
    wheel = sorted(Path(spec.origin).parent.rglob("libfaketime.so.1")) if spec and spec.origin else []
    return [*wheel, *sorted(SYSTEM.glob("*/faketime/libfaketime.so.1"))]


def _works(path: Path) -> bool:
    here = float(_ask({}))
    there = _ask({"LD_PRELOAD": str(path), "FAKETIME": "+5m"})
    return bool(there) and float(there) - here > ENOUGH


def _ask(more: dict[str, str]) -> str:
    done = subprocess.run([sys.executable, "-c", PROBE], env=os.environ | more, capture_output=True, text=True, check=False)
    return done.stdout.strip()
