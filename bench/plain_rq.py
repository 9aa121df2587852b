"""The other side: the same five jobs on plain RQ 2.12, SimpleWorker with `depends_on`, in an environment of its own."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from subprocess import PIPE
from typing import Any

from bench import environments
from bench.stage import Stage
from dev.children import Child, Launch
from dev.folder import ROOT

PROGRAMS = ROOT / "bench" / "rq"
DATABASE = 5
"""RQ's own number in the bench's Valkey."""


@dataclass
class PlainRq:
    """Two workers and somebody who orders. `workers`: their processes."""

    workers: list[Child]
    driver: subprocess.Popen[str]

    def one(self, job: str, number: int) -> list[float]:
        """Milliseconds of flows of `job`, one at a time."""
        answer: list[float] = self._ask(f"one {job} {number}")
        return answer

    def many(self, job: str, number: int) -> float:
        """Seconds until so many flows, ordered at once, have ended."""
        return float(self._ask(f"many {job} {number}"))

    def _ask(self, line: str) -> Any:
        assert self.driver.stdin is not None
        assert self.driver.stdout is not None
        self.driver.stdin.write(line + "\n")
        self.driver.stdin.flush()
        return json.loads(self.driver.stdout.readline())


@contextmanager
def plain_rq(stage: Stage, number: int = 2) -> Iterator[PlainRq]:
    """RQ over the stage's Valkey, until the block ends."""
    python = str(environments.plain_rq())
    assert stage.servers.valkey is not None
    url = stage.servers.valkey.url(DATABASE)
    launches = [Launch(f"rq-{count}", (python, "work.py", url), PROGRAMS) for count in range(number)]
    with (
        stage.running(launches) as workers,
        subprocess.Popen([python, "drive.py", url], cwd=PROGRAMS, stdin=PIPE, stdout=PIPE, text=True) as driver,
    ):
        try:
            rq = PlainRq(workers, driver)
            rq.one("noop", 1)  # both are up when it has ended
            yield rq
        finally:
            driver.kill()
