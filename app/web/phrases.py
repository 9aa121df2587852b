"""Turns what machines and documents say into sentences of a page. Pure: text in, text out; nothing here is markup."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.core.step_params import CHECKS as CHECKS
from app.web.filters import duration, plain, pretty, shorten, shown

LONGEST_CAUSE = 140
TOLD_FIRST = re.compile(r"^(?:error:\s*)*(?:error\b[^:]{0,80}|failed to [^:]{0,80}):\s+", re.IGNORECASE)
"""What programs put before the cause: `Error creating RDS instance: …`."""
SMALL_INSIDE = frozenset({"A", "An", "The", "This", "That", "There", "No", "Nothing", "Nobody", "Its", "It"})
ENTRY = re.compile(r"^\s*(?:\d{1,3}[.)]|[-*•])\s+(?P<text>.+)$")
NUMBERED = re.compile(r"^\s*\d")

SYSTEMS: Mapping[str, str] = {
    "TerraformFile": "Terraform",
    "GitHubWorkflow": "GitHub",
    "HttpPost": "HTTP",
    "HttpPut": "HTTP",
    "HttpGet": "HTTP",
    "ManualTask": "By hand",
    "JiraTicket": "Jira",
    "HttpCheck": "HTTP",
    "TcpCheck": "TCP",
    "DnsCheck": "DNS",
    "ExpressionCheck": "A rule",
    "UniqueCheck": "Other orders",
    "QuotaCheck": "Quotas",
}
"""What runs a step of each type, as people call it."""
ACTIVITIES: Mapping[str, str] = {
    "run": "running",
    "poll": "looked at again outside",
    "verify": "being checked",
    "probe": "being looked into",
    "undo": "being undone",
}
"""What a worker does with a step that it has in hand."""
REPLIES: Mapping[str, str] = {"HttpPost": "the other system", "HttpPut": "the other system", "HttpGet": "the other system"}


LATE: Mapping[str, str] = {
    "Done": "the news that the step was done",
    "Failed": "a failure",
    "Waiting": "a wait for something outside",
    "NeedsHuman": "a task for a person",
    "Indeterminate": "an unknown outcome",
    "Again": "the news that nothing was done",
}
"""What a late result says, by its outcome."""


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph of one entry, or a list. kind: `p`, `ol` or `ul`."""

    kind: str
    entries: Sequence[str]


def listed(names: Sequence[str], most: int = 4) -> str:
    """Names as people list them: `EKS app`, `EKS app and Redis`, `A, B and C`; beyond `most` the rest is counted."""
    shown = list(names)
    if len(shown) > most:
        shown = [*shown[: most - 1], f"{len(shown) - most + 1} more"]
    return " and ".join(part for part in (", ".join(shown[:-1]), shown[-1] if shown else "") if part)


def are(names: Sequence[str], what: str) -> str:
    """`EKS app is kept`, `EKS app and Redis are kept`."""
    return f"{listed(names)} {'is' if len(names) == 1 else 'are'} {what}"


def in_time(length: timedelta, word: str = "in") -> str:
    """` in 2 min 30 s`, to end a sentence with; nothing for what took no second."""
    return f" {word} {duration(length)}" if length >= timedelta(seconds=1) else ""


def whose(name: str) -> str:
    """`Carol` -> the same with an apostrophe of print and an s."""
    return f"{name}\N{RIGHT SINGLE QUOTATION MARK}s"


def cause(message: str) -> str:
    """Why something failed, as the end of a sentence: without what programs say first, without a full stop, one line."""
    lines = [line.strip() for line in plain(message).splitlines() if line.strip()]
    text = TOLD_FIRST.sub("", lines[0], count=1) if lines else "it gave no reason"
    first, space, rest = text.partition(" ")
    if first in SMALL_INSIDE:
        text = first.lower() + space + rest
    return shorten(text.rstrip(" .:;"), LONGEST_CAUSE)


def failed(title: str, step_type: str) -> str:
    """`PostgreSQL could not be created`: how a step of that type failed."""
    if step_type in CHECKS:
        return f"The check {title} does not hold"
    return f"{title} could not be created" if step_type == "TerraformFile" else f"{title} failed"


def known(evidence: Mapping[str, Any]) -> str:
    """What is known of an attempt whose outcome nobody knows, in one line."""
    return "; ".join(
        f"{key.replace('_', ' ')}: {shown(value)}" for key, value in evidence.items() if value not in (None, "", {})
    )


def late(result: Mapping[str, Any]) -> str:
    """What a worker wanted to record that had lost its lease."""
    came = LATE.get(str(result.get("outcome")), "a result")
    message = result.get("message")
    told = f"{came}: {cause(str(message))}" if message else came
    return f"A worker that had lost its lease came back with {told}. It changed nothing."


def to_check(step_type: str, known: Mapping[str, Any]) -> str:
    """At what a person looks who is to find out whether a step took effect. known: the evidence."""
    match step_type:
        case "HttpPost" | "HttpPut" if known.get("url"):
            key = known.get("idempotency_key")
            carried = f" with the idempotency key {key}" if key else ""
            return f"Ask {known['url']} whether it took a {known.get('method', 'call')}{carried}"
        case "GitHubWorkflow":
            return "Look at the runs of the workflow on GitHub for one that was started for this step"
        case "TerraformFile":
            return "Look in the provider's console for what Terraform may have made, and compare it with the step's log"
        case _:
            return "Look whether the step took effect"


def who_said(step_type: str) -> str:
    """`What Terraform said`: the heading over an error as the machine told it."""
    return f"What {REPLIES.get(step_type) or SYSTEMS.get(step_type, 'the step')} said"


def as_told(error: Mapping[str, Any]) -> str:
    """An error as it was told, with type and details: for those who look at codes."""
    details = dict(error.get("details") or {})
    parts = [plain(str(error.get("message") or "")), f"type: {error.get('type') or 'unknown'}"]
    parts += [f"{key}: {value if isinstance(value, str) else pretty(value)}" for key, value in details.items()]
    return "\n".join(parts)


def blocks(text: str) -> list[Block]:
    """Instructions as paragraphs and lists. Numbers or dashes at the start of lines make entries; deeper lines go on."""
    found: list[tuple[str, list[str]]] = []
    fresh = True
    for line in plain(text).splitlines():
        if not line.strip():
            fresh = True
            continue
        _take(found, line, fresh=fresh)
        fresh = False
    return [Block(kind, tuple(entries)) for kind, entries in found]


def _take(found: list[tuple[str, list[str]]], line: str, *, fresh: bool) -> None:
    entry = ENTRY.match(line)
    if entry is not None:
        kind = "ol" if NUMBERED.match(line) else "ul"
        if not found or found[-1][0] != kind:
            found.append((kind, []))
        found[-1][1].append(entry["text"].strip())
    elif not fresh and found and (found[-1][0] == "p" or line[0] in " \t"):
        found[-1][1][-1] += " " + line.strip()
    else:
        found.append(("p", [line.strip()]))
