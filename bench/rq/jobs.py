"""What plain RQ runs: a job that does nothing and one that waits 20 ms. Runs in RQ's own environment."""

import time


def noop() -> None:
    """Nothing."""


def nap() -> None:
    """Wait as a call to somewhere else would."""
    time.sleep(0.02)
