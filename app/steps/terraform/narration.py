"""Reads the stream of `terraform … -json`, one object a line: tells people what happens, keeps errors and what was done."""

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
CHANGES_NOTHING = frozenset({"read", "noop", "no-op"})
OPERATIONS = frozenset({"apply", "destroy"})
"""What the summary that comes last is about, after everything was done and saved."""
UNSAVED = re.compile(r"operation canceled|Failed to (save|persist) (the )?state|Error saving state")
"""Errors after which the state lacks what was done. The first one is told after a second interrupt."""


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

    diagnostics: as Terraform wrote them. planned: `{resource, action, before?}` of each change of a plan (`before`: the id of
    what the state had there, "" where it has none). begun: the addresses that an apply came to. done: `{resource, action, id}`
    of each resource that was created, changed or destroyed. applied: Terraform said that everything was done, which it does
    after it saved the state. unsaved: it said that it could not save it. text: the last lines that were no JSON, e.g. of a
    crash.
    """

    def __init__(self, log: Callable[[str], None], *, silent: frozenset[str] = frozenset()) -> None:
        """`silent`: events that were told before and are not told again."""
        self.diagnostics: list[dict[str, Any]] = []
        self.planned: list[dict[str, Any]] = []
        self.begun: set[str] = set()
        self.done: list[dict[str, Any]] = []
        self.applied = self.unsaved = False
        self.text: list[str] = []
        self._log = log
        self._told = PROGRESS - silent
        self._before: dict[str, str] = {}

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
        self._keep(event, kind, event.get("hook") or {})

    def _keep(self, event: dict[str, Any], kind: Any, hook: dict[str, Any]) -> None:
        match kind:
            case "refresh_start":
                self._before[_address(hook)] = str(hook.get("id_value") or "")
            case "planned_change":
                self._plan(event.get("change") or {})
            case "apply_start":
                self.begun.add(_address(hook))
            case "apply_complete":
                self.done.append({"resource": _address(hook), "action": hook.get("action"), "id": hook.get("id_value")})
            case "change_summary":
                self.applied = (event.get("changes") or {}).get("operation") in OPERATIONS

    def _plan(self, change: dict[str, Any]) -> None:
        if change.get("action") not in CHANGES_NOTHING:
            address = _address(change)
            before = {"before": self._before[address]} if address in self._before else {}
            self.planned.append({"resource": address, "action": change.get("action"), **before})

    def _diagnostic(self, diagnostic: dict[str, Any], message: str) -> None:
        self.diagnostics.append(diagnostic)
        self.unsaved = self.unsaved or UNSAVED.match(str(diagnostic.get("summary") or "")) is not None
        detail = diagnostic.get("detail")
        self._say(f"{message}: {detail}" if detail else message)

    def _say(self, message: str) -> None:
        for line in message.replace(ROOT, "").splitlines():
            if line.strip():
                self._log(line.rstrip())


def _address(about: dict[str, Any]) -> str:
    """The address that a hook or a change is about, as the module's author knows it."""
    return local_address(str((about.get("resource") or {}).get("addr", "")))
