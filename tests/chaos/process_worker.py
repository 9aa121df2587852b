"""The worker process, watched and in a hurry: `python -m tests.chaos.process_worker`."""

from datetime import timedelta

import worker
from app.jobs import leases
from app.steps import github
from tests.chaos import witness


def hurry() -> None:
    """Patience that is minutes in production is seconds here, as leases and sweeps are."""
    github.PATIENCE, github.FIRST_POLL = timedelta(seconds=5), timedelta(seconds=0.5)
    leases.GRACE_SECONDS = 8.0


if __name__ == "__main__":
    hurry()
    witness.install("worker")
    worker.main()
