"""What a step answers: a value. Steps raise only for bugs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any


@dataclass(frozen=True, slots=True)
class Done:
    """The step took effect.

    outputs: what it yields, by name. sensitive: the names whose values are secret.
    evidence: what was observed, for `core.verification` (keys by step type, see there).
    """

    outputs: Mapping[str, Any] = field(default_factory=dict)
    sensitive: frozenset[str] = frozenset()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    external_id: str | None = None
    tracking_url: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something outside goes on. `handle` is all that the next `poll` needs, JSON only; it comes after `check_after`."""

    handle: Mapping[str, Any]
    check_after: timedelta
    external_id: str | None = None
    tracking_url: str | None = None


@dataclass(frozen=True, slots=True)
class NeedsHuman:
    """A person does this step. `fields` is the form of what they fill in (presentation fields)."""

    instructions: str
    title: str | None = None
    assign_to: str | None = None
    due: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Failed:
    """The step did not take effect, as far as is known. kind: e.g. `terraform_error`, `http_error`, `timeout`."""

    message: str
    kind: str = "step_error"
    details: Mapping[str, Any] = field(default_factory=dict)
    retryable: bool = True
    retry_after: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Indeterminate:
    """Nobody can tell whether the step took effect. evidence: what is known, for the person who looks."""

    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Again:
    """Nothing keeps the step from being run again: it did not take effect, or what it did is found by the next run.

    A probe answers it, and a step that was stopped in time (its worker is told to go, or the request is cancelled).
    """

    reason: str


Outcome = Done | Waiting | NeedsHuman | Failed | Indeterminate | Again
