"""The program `stratus`, in this process or in one of its own."""

import io
import os
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import pytest

from stratus_cli.main import main

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
        """Run it in this process, which saves the start of another one: all else is as outside."""
        given, out, err = (io.TextIOWrapper(io.BytesIO(text), "utf-8") for text in (stdin.encode(), b"", b""))
        with mock.patch.dict(os.environ, self.environment, clear=True), mock.patch.object(sys, "stdin", given):
            with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as ended:
                main(words)
            return Ran(int(ended.value.code or 0), _said(out), _said(err))

    def outside(self, *words: str, stdin: str = "") -> Ran:
        """Run it in a process of its own."""
        done = subprocess.run(
            [PROGRAM, *words], input=stdin, env=self.environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Ran(done.returncode, done.stdout, done.stderr)


def _said(stream: io.TextIOWrapper) -> str:
    stream.flush()
    return stream.buffer.getvalue().decode()
