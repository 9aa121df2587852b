"""Five steps (three at once, then one, then one) against plain RQ: how long one takes, how many a second, at what cost."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import psycopg

from app.core.statuses import RequestStatus
from app.lifecycle.orders.submit import submit
from app.transaction import transaction
from bench.plain_rq import PlainRq, plain_rq
from bench.processes import cpu_ms
from bench.rows import Row, row
from bench.stage import Scale, Stage
from bench.timing import alternate, p50
from dev.children import Child

LOOK_SECONDS = 0.001
COUNT_SECONDS = 0.02
TOO_LONG = 300.0
AGAINST = "plain RQ 2.12, SimpleWorker"
STATUS = "SELECT status FROM service_requests WHERE request_id = %s"
UNFINISHED = "SELECT count(*) FROM service_requests WHERE completed_at IS NULL"


def measure(stage: Stage, scale: Scale) -> list[Row]:
    """The rows of workflows."""
    with ExitStack() as stack:
        workers = stack.enter_context(stage.workers(2))
        rq = stack.enter_context(plain_rq(stage))
        ours = stack.enter_context(_ours(stage, workers))
        ours.one("five-steps", scale.of(20, 10, 1))
        rq.one("noop", scale.of(20, 10, 1))
        return [*_noop(stage, ours, rq, scale), *_waiting(ours, rq, scale)]


def _noop(stage: Stage, ours: "Ours", rq: PlainRq, scale: Scale) -> list[Row]:
    turn, rounds = scale.of(25, 10, 1), scale.of(8, 2, 1)
    one = alternate({"ours": lambda: ours.one("five-steps", turn), "rq": lambda: rq.one("noop", turn)}, rounds)
    number, rounds = scale.of(1000, 100, 2), scale.of(3, 1, 1)
    cost = Cost()
    many = alternate(
        {
            "ours": lambda: [cost.of("ours", ours.roots, number, lambda: ours.many("five-steps", number))],
            "rq": lambda: [
                cost.of("rq", [stage.valkey, *(w.pid for w in rq.workers)], number, lambda: rq.many("noop", number))
            ],
        },
        rounds,
    )
    return [
        row("five no-op steps, submit to completed, one at a time", AGAINST, p50(one["ours"]), p50(one["rq"]), "<= 0.8", "ms"),
        row("workflows a second, two workers, many at once", AGAINST, p50(many["ours"]), p50(many["rq"]), ">= 2", "a second"),
        row(
            "processor a workflow: workers, PostgreSQL and Valkey",
            f"{AGAINST}, and Valkey",
            p50(cost.spent["ours"]),
            p50(cost.spent["rq"]),
            "<= 0.5",
            "ms",
        ),
    ]


def _waiting(ours: "Ours", rq: PlainRq, scale: Scale) -> list[Row]:
    turn, rounds, number = scale.of(10, 5, 1), scale.of(5, 2, 1), scale.of(200, 40, 2)
    one = alternate({"ours": lambda: ours.one("five-naps", turn), "rq": lambda: rq.one("nap", turn)}, rounds)
    many = alternate(
        {
            "ours": lambda: [number / ours.many("five-naps", number)],
            "rq": lambda: [number / rq.many("nap", number)],
        },
        scale.of(3, 1, 1),
    )
    return [
        row("the same with steps that wait 20 ms, one at a time", AGAINST, p50(one["ours"]), p50(one["rq"]), "<= 0.8", "ms"),
        row("steps that wait 20 ms, four at a time a worker", AGAINST, p50(many["ours"]), p50(many["rq"]), ">= 3", "a second"),
    ]


class Cost:
    """What each side spent, in milliseconds of processor a workflow."""

    def __init__(self) -> None:
        self.spent: dict[str, list[float]] = {}

    def of(self, side: str, roots: list[int], number: int, run: Callable[[], float]) -> float:
        """Workflows a second of a run, whose cost is noted."""
        before = cpu_ms(roots)
        seconds = run()
        self.spent.setdefault(side, []).append((cpu_ms(roots) - before) / number)
        return number / seconds


class Ours:
    """Somebody who orders by the use case, and looks whether it is done, as the other side does."""

    def __init__(self, stage: Stage, workers: list[Child], connection: psycopg.Connection) -> None:
        self.stage, self.connection = stage, connection
        self.roots = [stage.postmaster, stage.valkey, *(worker.pid for worker in workers)]

    def one(self, item: str, number: int) -> list[float]:
        """Milliseconds of requests, one at a time."""
        return [self._one(item) for _ in range(number)]

    def _one(self, item: str) -> float:
        began = time.perf_counter()
        request_id = self._order(item)
        while (found := self.connection.execute(STATUS, [request_id]).fetchone()) and found[0] != RequestStatus.COMPLETED:
            time.sleep(LOOK_SECONDS)
        return (time.perf_counter() - began) * 1000

    def many(self, item: str, number: int) -> float:
        """Seconds of requests, from the first order to the last end."""
        began = time.perf_counter()
        for _ in range(number):
            self._order(item)
        while self._unfinished() and time.perf_counter() - began < TOO_LONG:
            time.sleep(COUNT_SECONDS)
        return time.perf_counter() - began

    def _order(self, item: str) -> str:
        with transaction() as unit:
            return submit(unit, self.stage.caller, {"catalog_item": item}).request_id

    def _unfinished(self) -> int:
        found = self.connection.execute(UNFINISHED).fetchone()
        return int(found[0]) if found else 0


@contextmanager
def _ours(stage: Stage, workers: list[Child]) -> Iterator[Ours]:
    with stage.app.app_context(), stage.connect() as connection:
        yield Ours(stage, workers, connection)
