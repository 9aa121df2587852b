"""`python -m tests.chaos [--seeds N] [--seed FIRST] [--short]`: a row a fault, and in the end how many invariants held."""

import argparse
import random
import sys
import time
from collections.abc import Sequence

from tests.chaos.faults import FAULTS, Fault
from tests.chaos.invariants import INVARIANTS
from tests.chaos.run import Row, Size, run_seed
from tests.chaos.stack import Stack

SHORT = ("worker killed during the call", "connections cut during COMMIT", "everything killed at once")
SHORT_SIZE = Size(orders=16, seconds=3.0, patience=30.0)
PLANTS = ("claim_without_guard", "ring_before_commit", "write_without_token")
SHOWN, LONGEST = 6, 500
"""How many violations of one invariant are told, and how much of each."""


def say(text: str) -> None:
    """A line on standard output, at once: whoever watches sees how far it is."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tell(row: Row) -> None:
    """The row of a fault, and below it what it broke."""
    say(row.text())
    for name, violations in row.broken.items():
        say(f"    BROKEN {name}: {len(violations)}")
        for violation in violations[:SHOWN]:
            say(f"        {' '.join(violation.split())[-LONGEST:]}")


def main(arguments: Sequence[str]) -> int:
    """Run the seeds; 0 when every invariant held after every fault, 1 otherwise."""
    asked = _parse(arguments)
    broken: set[str] = set()
    missing = 0
    for seed in range(asked.seed, asked.seed + asked.seeds):
        say(f"seed {seed} (again: python -m tests.chaos --seed {seed}{' --short' if asked.short else ''})")
        began, rows = time.monotonic(), _run(seed, asked)
        broken |= {name for row in rows for name in row.broken}
        missing += sum(row.cannot is not None for row in rows)
        say(f"seed {seed}: {len(rows)} faults, {sum(row.requests for row in rows)} requests, {time.monotonic() - began:.0f} s")
    if missing:
        say(f"{missing} faults could not be made on this machine")
    say(f"invariants: {len(INVARIANTS) - len(broken)} held, {len(broken)} broken")
    return 1 if broken else 0


def _run(seed: int, asked: argparse.Namespace) -> list[Row]:
    stack = Stack(seed, asked.plant, keep=asked.keep)
    try:
        return run_seed(stack.start(), _chosen(asked, seed), SHORT_SIZE if asked.short else Size(), tell)
    finally:
        stack.stop()
        if asked.keep:
            say(f"logs: {stack.home / 'log'}")


def _chosen(asked: argparse.Namespace, seed: int) -> list[Fault]:
    """The faults in the order of this seed; the calm one first."""
    wanted = asked.only or (SHORT if asked.short else [fault.name for fault in FAULTS])
    faults = [fault for fault in FAULTS if fault.name in wanted]
    first, rest = faults[:1], faults[1:]
    random.Random(seed).shuffle(rest)
    return first + rest


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Faults, and what holds after each.")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds")
    parser.add_argument("--seed", type=int, default=None, help="the first of them (default: by the clock)")
    parser.add_argument("--short", action="store_true", help="a handful of faults and a small load")
    parser.add_argument(
        "--only", action="append", choices=[fault.name for fault in FAULTS], help="only this fault; again for more"
    )
    parser.add_argument("--keep", action="store_true", help="leave the folder with the logs")
    parser.add_argument("--plant", default="", choices=PLANTS, help="switch a broken engine of tests.planted on")
    asked = parser.parse_args(arguments)
    asked.seed = int(time.time()) % 100_000 if asked.seed is None else asked.seed
    return asked


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
