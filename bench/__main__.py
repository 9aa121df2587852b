"""`make bench`: measure everything, or what ONLY names; write `results.json` and the table. QUICK=1 is short and only shown."""

import os
import sys
from collections.abc import Callable, Mapping

from bench import claims, live, memory, ordering, rows, search, sizes, terraform, web_calls, workflows
from bench.rows import Row
from bench.stage import Scale, Stage, stage

MEASURES: Mapping[str, Callable[[Stage, Scale], list[Row]]] = {
    "workflows": workflows.measure,
    "claims": claims.measure,
    "calls": web_calls.measure,
    "ordering": ordering.measure,
    "sizes": sizes.measure,
    "search": search.measure,
    "terraform": terraform.measure,
    "memory": memory.measure,
    "live": live.measure,
}


def main(only: str, scale: Scale) -> int:
    """Measure; the exit status. Each measure has a stage of its own."""
    names = [only] if only else list(MEASURES)
    if unknown := [name for name in names if name not in MEASURES]:
        sys.exit(f"there is no measure {unknown[0]}: ONLY=… takes one of {', '.join(MEASURES)}")
    found: list[Row] = []
    for name in names:
        print(f"{name} …", flush=True)
        with stage() as here:
            made = MEASURES[name](here, scale)
        print(rows.table(made), flush=True)
        found += made
        if not (scale.quick or scale.tiny):
            rows.write(rows.merged(rows.read(), made))
    missed = sum(not one.met for one in found)
    print(f"bench: {len(found) - missed} reached, {missed} missed", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ.get("ONLY", ""), Scale(quick=bool(os.environ.get("QUICK")), tiny=bool(os.environ.get("TINY")))))
