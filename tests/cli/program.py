"""The program `stratus` in a process of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

PROGRAM = Path(sys.executable).with_name("stratus")


@dataclass
class Ran:
    """How a run of the program ended."""

    code: int
    out: str
    err: str


@dataclass
class Program:
    """Runs `stratus` as one person, with a home of its own."""

    home: Path
    url: str
    token: str | None = None
    more: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("STRATUS_", "COVERAGE"))}
        told = {"STRATUS_CONFIG_DIR": str(self.home), "STRATUS_URL": self.url, "NO_COLOR": "1"}
        return {**kept, **told, **({"STRATUS_TOKEN": self.token} if self.token else {}), **self.more}

    def __call__(self, *words: str, stdin: str = "") -> Ran:
        done = subprocess.run(
            [PROGRAM, *words], input=stdin, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)
