"""Engines that are broken on purpose, so that the invariants of `tests.chaos` can be seen to fail.

Each module has a `plant()` that replaces functions in the process that calls it. Only the wrappers of `tests.chaos` call one,
for a run that a test has asked for (`CHAOS_PLANT`): nothing in `app/` knows of them.
"""
