"""The checks of one document, before anything is built and after it is, as the plan freezes them. Pure.

A check is a row like a step and is run like one, by one of the `CHECK_TYPES`; it is told apart by its `kind` and shown apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from app.core.durations import parse_duration
from app.core.expressions.grammar import as_template

Kind = Literal["step", "preflight", "health"]
CHECK_TYPES: Mapping[str, str] = {
    "http": "HttpCheck",
    "tcp": "TcpCheck",
    "dns": "DnsCheck",
    "expression": "ExpressionCheck",
    "unique": "UniqueCheck",
    "quota": "QuotaCheck",
}
"""What a document calls a check -> the step type that looks."""
KEYS: Mapping[str, tuple[Kind, str, str]] = {
    "preflight": ("preflight", "0s", "10s"),
    "health_checks": ("health", "5m", "10s"),
}
"""Key of `fulfillment` -> kind of its checks, how patient they are, and how often they look, unless they say so."""
NOT_THE_TEMPLATE = frozenset({"name", "title", "type", "within", "every"})
LAST_LOOK_SECONDS = 60
"""How long after its patience a check may still take for its last look."""
ASKED = "See to it that this holds, then run the check again. Resolving this ticket lets the request go on without it."


@dataclass(frozen=True, slots=True)
class Check:
    """One check. template: what its step type takes, maybe expressions still. timeout: seconds, the last look included."""

    kind: Kind
    name: str
    title: str | None
    type: str
    template: dict[str, Any]
    timeout: float

    @property
    def instructions(self) -> str:
        """What a person reads who is asked about it; a template."""
        return "\n\n".join(part for part in (self.template.get("message"), ASKED) if part)


def checks_of(fulfillment: Mapping[str, Any], key: str) -> list[Check]:
    """The checks under one of `KEYS`, in their order."""
    return [_check(one, *KEYS[key]) for one in fulfillment.get(key) or ()]


def _check(written: Mapping[str, Any], kind: Kind, patience: str, pause: str) -> Check:
    unique = written["type"] == "unique"
    # What is unique is so within a team or within all; it is looked at once.
    lasts = None if unique else written.get("within")
    within, every = _seconds(lasts or patience), _seconds(written.get("every") or pause)
    template = {key: value for key, value in written.items() if key not in NOT_THE_TEMPLATE}
    if unique:
        template |= {"among": written["within"], "named": written["name"]}
    if "when" in template:
        template |= {"when": as_template(template["when"]), "expression": _bare(template["when"])}
    return Check(
        kind=kind,
        name=written["name"],
        title=written.get("title"),
        type=CHECK_TYPES[written["type"]],
        template={**template, "within": within, "every": every},
        timeout=within + every + LAST_LOOK_SECONDS,
    )


def _bare(expression: str) -> str:
    """An expression without its braces, so that it is shown and not worked out."""
    return expression.strip().removeprefix("{{").removesuffix("}}").strip()


def _seconds(duration: str) -> float:
    return parse_duration(duration).total_seconds()
