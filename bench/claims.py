"""Claiming from a full house: 100,000 steps that wait among 1,000,000 that are done, 30,000 claims in a row.

The call is a worker's own, for one that has nothing to record.
"""

from datetime import timedelta
from statistics import median

from sqlalchemy import create_engine

from app.database import engine_options
from app.lifecycle.engine import advance
from app.lifecycle.engine.claims import Claimant
from app.vault import Vault
from bench import seed
from bench.rows import Row, row
from bench.stage import Scale, Stage
from bench.timing import timed

LIMIT_MS = 3.0
FLAT = 1.25


def measure(stage: Stage, scale: Scale) -> list[Row]:
    """The rows of claims."""
    ready, done, number = scale.of(100_000, 10_000, 50), scale.of(1_000_000, 50_000, 50), scale.of(30_000, 2_000, 20)
    with stage.connect(superuser=True) as connection:
        seed.requests(connection, done // 5, prefix="done-")
        seed.requests(connection, ready // 5, prefix="wait-", ready=True)
        seed.settle(connection)
    taken = _claims(stage, number)
    tenth = max(1, number // 10)
    first, last = median(taken[:tenth]), median(taken[-tenth:])
    about = f"{ready:,} ready and {done:,} finished steps"
    return [
        row(f"claim with {about}", f"{LIMIT_MS:g} ms", median(taken), LIMIT_MS, "<= 1", "ms"),
        row(f"the last tenth of {number:,} claims", "the first tenth", last, first, f"<= {FLAT}", "ms"),
    ]


def _claims(stage: Stage, number: int) -> list[float]:
    engine = create_engine(stage.settings.database_url, isolation_level="AUTOCOMMIT", **engine_options("stratus-bench"))
    claimant, vault = Claimant("bench", timedelta(minutes=30)), Vault.from_text(stage.settings.vault_ring)

    def claim() -> None:
        if advance.advance(connection, None, None, claimant, vault, take=True).taken is None:
            raise RuntimeError("there was nothing to claim")

    try:
        with engine.connect() as connection:
            return [timed(claim) for _ in range(number)]
    finally:
        engine.dispose()
