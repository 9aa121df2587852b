"""What a worker brings back from a step, before it is recorded."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class Result:
    """What a worker brings back from a step.

    inputs: the rendered template, masked, or None where it could not be rendered. checks: what verification saw. stopped:
    whether the step had been told to end soon.
    """

    outcome: Outcome
    inputs: Mapping[str, Any] | None = None
    checks: Sequence[Mapping[str, Any]] | None = None
    stopped: bool = False
