"""Reads the stream of `terraform … -json`, one object a line: tells people what happens, keeps errors and what was built."""

import json
import re
from collections.abc import Callable
from typing import Any

from app.steps.terraform.diagnostics import ROOT, local_address

PROGRESS = frozenset(
    {
        "apply_complete",
        "apply_errored",
        "apply_progress",
        "apply_start",
        "change_summary",
        "planned_change",
        "provision_errored",
        "provision_progress",
        "resource_drift",
    }
)
"""Events whose `@message` is worth a line. Not `outputs`: it holds values. Not `refresh_*`: two lines for each resource."""
INSTALLING = re.compile(r"^- (Installing|Installed|Using|Reusing|Downloading) |^Downloading ")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")
KEPT_TEXT = 20


def parse(line: bytes) -> Any:
    """One JSON value, NUL characters replaced (no text column takes them); None where it is no JSON."""
    try:
        return json.loads(NUL.sub(rb"\1\\ufffd", line))
    except ValueError:
        return None


def plain_text(written: bytes) -> str:
    """Text without colours and NUL characters."""
    return COLOUR.sub("", written.decode("utf-8", "replace")).replace("\0", "\ufffd").strip()


class Narration:
    """One command's stream.

    diagnostics: as Terraform wrote them. built: `{resource, id}` of each resource that was created, changed or destroyed.
    applied: Terraform said that everything was built, which it does after it saved the state. text: the last lines that were
    no JSON, e.g. of a crash.
    """

    def __init__(self, log: Callable[[str], None], *, silent: frozenset[str] = frozenset()) -> None:
        """`silent`: events that were told before and are not told again."""
        self.diagnostics: list[dict[str, Any]] = []
        self.built: list[dict[str, Any]] = []
        self.applied = False
        self.text: list[str] = []
        self._log = log
        self._told = PROGRESS - silent

    def take(self, line: bytes) -> None:
        """Read one line of the stream."""
        event = parse(line)
        if isinstance(event, dict):
            self._event(event)
        elif plain := plain_text(line):
            self.text = [*self.text, plain][-KEPT_TEXT:]

    def _event(self, event: dict[str, Any]) -> None:
        kind, message = event.get("type"), str(event.get("@message", ""))
        if kind == "diagnostic":
            self._diagnostic(event.get("diagnostic") or {}, message)
        elif kind in self._told or (kind in {"log", "init_output"} and INSTALLING.match(message)):
            self._say(message)
        if kind == "change_summary":
            self.applied = (event.get("changes") or {}).get("operation") == "apply"
        if kind == "apply_complete":
            hook = event.get("hook") or {}
            address = local_address(str((hook.get("resource") or {}).get("addr", "")))
            self.built.append({"resource": address, "action": hook.get("action"), "id": hook.get("id_value")})

    def _diagnostic(self, diagnostic: dict[str, Any], message: str) -> None:
        self.diagnostics.append(diagnostic)
        detail = diagnostic.get("detail")
        self._say(f"{message}: {detail}" if detail else message)

    def _say(self, message: str) -> None:
        for line in message.replace(ROOT, "").splitlines():
            if line.strip():
                self._log(line.rstrip())
