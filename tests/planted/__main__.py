"""`python -m tests.planted`: one broken engine after the other over one house, and for each whether it is caught."""

import sys

from tests.chaos.__main__ import say, tell
from tests.chaos.faults import FAULTS
from tests.chaos.run import Row, Size, run_fault
from tests.chaos.stack import Stack
from tests.chaos.witness import PLANT
from tests.planted.engines import ENGINES, Engine

SEED = 1
TRIES = 3
"""A fault meets a broken engine by chance: one load nearly always does, three always did."""
SIZE = Size(orders=16, seconds=3.0, patience=4.0, rounds=0)
"""Nobody waits for a broken engine to come to rest, and nobody mends what it does."""


def main() -> int:
    """Switch each engine on and look; 0 when all are caught, 1 otherwise."""
    stack = Stack(SEED, ENGINES[0].plant)
    try:
        stack.start()
        missed = [engine.plant for place, engine in enumerate(ENGINES) if not _caught(stack, engine, place)]
    finally:
        stack.stop()
    return 1 if missed else 0


def _caught(stack: Stack, engine: Engine, place: int) -> bool:
    """Whether the invariant that has to see this engine does, in one of some loads."""
    if place > 0:
        stack.fleet.change(engine.members, **{PLANT: engine.plant})
        stack.await_web()
    rows: list[Row] = []
    while len(rows) < TRIES and not any(engine.invariant in row.broken for row in rows):
        rows.append(run_fault(stack, FAULT[engine.fault], SIZE, place * TRIES + len(rows)))
        tell(rows[-1])
    caught = engine.invariant in rows[-1].broken
    say(f"{engine.plant}: {'caught' if caught else 'MISSED'} by {engine.invariant}")
    return caught


FAULT = {fault.name: fault for fault in FAULTS}

if __name__ == "__main__":
    sys.exit(main())
