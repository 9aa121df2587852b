"""How the bench times: the sides in turn (ABAB…) in one sitting, so that a slow minute of the machine hits both; medians."""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

Samples = dict[str, list[float]]


def alternate(sides: Mapping[str, Callable[[], Sequence[float]]], rounds: int) -> Samples:
    """Each side's samples of all rounds. A side answers the samples of one turn; every second round has the other order."""
    samples: Samples = {name: [] for name in sides}
    for number in range(rounds):
        for name in list(sides) if number % 2 == 0 else reversed(list(sides)):
            samples[name] += sides[name]()
    return samples


def timed(call: Callable[[], object]) -> float:
    """Milliseconds of one call."""
    began = time.perf_counter()
    call()
    return (time.perf_counter() - began) * 1000


def times(call: Callable[[], object], number: int) -> Callable[[], list[float]]:
    """A side that makes `number` calls a turn, in milliseconds each."""
    return lambda: [timed(call) for _ in range(number)]


def p50(samples: Sequence[float]) -> float:
    """The median."""
    return median(samples)


def p95(samples: Sequence[float]) -> float:
    """What all but one in twenty stay below."""
    return sorted(samples)[max(0, round(len(samples) * 0.95) - 1)]


def p99(samples: Sequence[float]) -> float:
    """What all but one in a hundred stay below."""
    return sorted(samples)[max(0, round(len(samples) * 0.99) - 1)]
