"""How a command ends: its exit code, and what it says of why."""

import json
from collections.abc import Mapping
from enum import IntEnum
from typing import IO, Any

import click

from stratus_cli.text import clean, fault_lines


class Exit(IntEnum):
    """What scripts may rely on; the command's `--help` and the README list them."""

    FAILED = 1
    INVALID = 2
    REFUSED = 3
    MISSING = 4
    CONFLICT = 5
    AWAY = 6
    UNFINISHED = 7
    INTERRUPTED = 130


CODES = """\b
Exit codes:
  0  done
  1  the request ended without being completed
  2  wrong use, or values that the portal does not accept
  3  not signed in, or not allowed
  4  there is no such thing, or none that you may see
  5  it does not go with how things stand now
  6  the portal does not answer, or cannot now
  7  still under way when --timeout was over
  130  interrupted; what was ordered goes on"""


class Stop(click.ClickException):
    """Ends the command with `code`. problem: what the portal answered, if it did (RFC 9457)."""

    def __init__(self, code: Exit, message: str, problem: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.problem = problem or {}
        # It is over by the time that this is shown.
        self._context = click.get_current_context(silent=True)

    def show(self, file: IO[Any] | None = None) -> None:
        """Say on standard error what is wrong: every fault at once, or the problem as JSON where JSON was asked for."""
        wants_json = self._context is not None and self._context.find_root().meta.get("output") == "json"
        if self.problem and wants_json:
            click.echo(json.dumps(dict(self.problem), indent=2), file=file, err=file is None)
            return
        for line in [f"Error: {clean(self.message)}", *fault_lines(self.problem.get("errors") or ())]:
            click.echo(line, file=file, err=file is None)
