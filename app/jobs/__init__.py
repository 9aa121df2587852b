"""What a worker does when woken. RQ calls `drain`; everything else is in the modules of this package."""

from app.jobs.runtime import current


def drain() -> None:
    """The one function that a queue may ask for: run steps until nothing is ready and the time is up."""
    runtime = current()
    if not runtime.drain():
        runtime.stopping.wait(1.0)  # One goes on that began without Redis; asking for the next at once would ask without end.
