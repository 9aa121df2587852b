"""Chaos, as a command: a mixed load, every fault of the engine's contract, and the invariants that hold after each.

`python -m tests.chaos --seeds 2` (`make chaos SEEDS=2`). The programs under test are the portal's own; what is added around
them is in `process_web`, `process_worker` and `witness`, and nothing of it is in `app/`.
"""
