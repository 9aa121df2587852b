"""How long an entry usually takes, out of its last runs: pure figures over plain numbers, in seconds.

Nothing is said of fewer than ten runs: a guess in the shape of a figure would be believed.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

FEWEST = 10
"""How many runs it takes to say what is usual."""
KEPT = 200
"""How many of the last runs count: what was usual a year ago is not any more."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run that completed. took: from the order to its end; waited: how long people were waited for, None where none was
    needed; steps: by step, how long it took."""

    took: float
    waited: float | None = None
    steps: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What the last runs tell. runs: how many; usual, late: what half and what nine tenths of them took at most.

    helped: in how many a person was needed; wait: for how long in half of those, None where nobody ever was. steps: by step,
    what is usual.
    """

    runs: int
    usual: float
    late: float
    helped: int
    wait: float | None
    steps: Mapping[str, float] = field(default_factory=dict)

    @property
    def share(self) -> float:
        """In what part of the runs a person was needed, 0 to 1."""
        return self.helped / self.runs


def forecast(runs: Sequence[Run]) -> Forecast | None:
    """What `runs`, the newest last, tell of the next one; None where they are too few."""
    counted = runs[-KEPT:]
    if len(counted) < FEWEST:
        return None
    took = [run.took for run in counted]
    waits = [run.waited for run in counted if run.waited is not None]
    steps: dict[str, list[float]] = {}
    for run in counted:
        for name, seconds in run.steps.items():
            steps.setdefault(name, []).append(seconds)
    return Forecast(
        runs=len(counted),
        usual=part(took, 0.5),
        late=part(took, 0.9),
        helped=len(waits),
        wait=part(waits, 0.5) if waits else None,
        steps={name: part(seconds, 0.5) for name, seconds in steps.items() if len(seconds) >= FEWEST},
    )


def step_key(alias: str | None, name: str) -> str:
    """What a step is called among the figures of its entry; a bundle's own steps have no alias."""
    return f"{alias}.{name}" if alias else name


def usual(seconds: Sequence[float]) -> float | None:
    """What half of these took at most; None where they are too few."""
    return part(seconds, 0.5) if len(seconds) >= FEWEST else None


def part(values: Sequence[float], share: float) -> float:
    """The value that a `share` of them does not exceed: one of them, none that nothing ever took."""
    return sorted(values)[max(0, ceil(share * len(values)) - 1)]


def one_in(share: float) -> int:
    """`1 in 8`: how many runs there are, about, to one in which it happened. Raises ZeroDivisionError for a share of 0."""
    return max(1, round(1 / share))


def covered(spans: Iterable[tuple[datetime, datetime]]) -> float:
    """How many seconds the spans cover, times that overlap counted once."""
    total, reached = 0.0, None
    for start, end in sorted(spans):
        begin = start if reached is None else max(start, reached)
        if end > begin:
            total += (end - begin).total_seconds()
            reached = end
    return total
