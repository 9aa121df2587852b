"""One seed: every fault after the other over one house, judged after each."""

import random
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.chaos import evidence
from tests.chaos.evidence import Evidence
from tests.chaos.faults import Fault
from tests.chaos.invariants import judge
from tests.chaos.load import Load
from tests.chaos.people import People
from tests.chaos.stack import Stack
from tests.chaos.watch import Watch, orphans
from tests.chaos.watchers import Watchers

UNSETTLED = """
SELECT count(*) AS n FROM service_requests r WHERE r.number > %s AND (
    EXISTS (SELECT 1 FROM request_steps s WHERE s.request_id = r.id
            AND (s.status IN ('ready', 'running', 'verifying') OR s.check_after IS NOT NULL))
    OR (r.status NOT IN ('completed', 'failed', 'cancelled', 'rejected', 'rolled_back')
        AND NOT EXISTS (SELECT 1 FROM manual_tickets t WHERE t.request_id = r.id AND t.status IN ('open', 'claimed')))
)
"""


@dataclass(frozen=True, slots=True)
class Size:
    """How much load each fault gets: orders, the seconds over which they come, and how long all may take to come to rest.

    rounds: how often people do theirs when nothing moves by itself any more.
    """

    orders: int = 60
    seconds: float = 5.0
    patience: float = 60.0
    rounds: int = 3


@dataclass
class Row:
    """What is told of one fault."""

    name: str
    requests: int = 0
    seconds: float = 0.0
    seen: Counter[str] = field(default_factory=Counter)
    broken: dict[str, list[str]] = field(default_factory=dict)
    hit: bool = True
    """Whether the fault met anything at all."""
    cannot: str | None = None

    def text(self) -> str:
        """One line."""
        if self.cannot:
            return f"{self.name:<34} CANNOT BE MADE HERE: {self.cannot}"
        seen = ", ".join(f"{times} {what}" for what, times in sorted(self.seen.items()) if times)
        missed = "" if self.hit else "IT HIT NOTHING; "
        return f"{self.name:<34} {self.requests:>4} requests {self.seconds:>6.1f} s   {missed}{seen or 'nothing to tell'}"


def run_seed(stack: Stack, faults: Sequence[Fault], size: Size, tell: Callable[[Row], None]) -> list[Row]:
    """Every fault after the other; `tell` gets each row as soon as there is one."""
    rows = []
    for number, fault in enumerate(faults):
        row = run_fault(stack, fault, size, number)
        tell(row)
        rows.append(row)
    return rows


def run_fault(stack: Stack, fault: Fault, size: Size, number: int) -> Row:
    """One fault, the `number`th over this stack."""
    if why := fault.cannot():
        return Row(fault.name, cannot=why)
    began, since, offsets = time.monotonic(), evidence.last_number(stack), evidence.log_sizes(stack)
    stack.rolled, stack.hit = {}, Counter()
    deaths, calls = len(stack.fleet.deaths), len(stack.outside.calls)
    watch, chance = Watch(stack).start(), random.Random(f"{stack.seed}-{fault.name}")
    load = Load(stack, f"f{number}", stack.seed, size.orders, fault.builds, size.seconds).start()
    watchers = Watchers(stack, load).start()
    fault.inject(stack, chance, size.seconds)
    load.join()
    people = People(stack, stack.seed * 100 + number)
    _settle(stack, people, since, size)
    watch.stop()
    watchers.stop(evidence.last_events(stack, since))
    seen = _collect(stack, since, offsets, load, people, watch, watchers, calls)
    row = Row(fault.name, len(load.accepted), time.monotonic() - began, _told(seen, people, load), judge(seen))
    row.seen["deaths"] = len(stack.fleet.deaths) - deaths
    row.hit = sum(stack.hit.values()) > 0 or fault.silent
    row.seen += stack.hit
    return row


def _settle(stack: Stack, people: People, since: int, size: Size) -> None:
    """The fault is over: wait until nothing moves by itself, then let people do theirs, some rounds of it."""
    stack.await_web()
    for _ in range(size.rounds):
        if not quiet(stack, since, size.patience):
            return
        people.decide(since)
        people.work_tickets()
    quiet(stack, since, size.patience)


def quiet(stack: Stack, since: int, seconds: float) -> bool:
    """Wait until every request after `since` has ended or waits for a person; False when the time is up."""
    until = time.monotonic() + seconds
    with stack.database() as connection:
        while connection.execute(UNSETTLED, [since]).fetchone().n:
            if time.monotonic() > until:
                return False
            time.sleep(0.1)
    return True


def _collect(
    stack: Stack, since: int, offsets: dict[str, int], load: Load, people: People, watch: Watch, watchers: Watchers, calls: int
) -> Evidence:
    rows = evidence.rows(stack, since)
    return Evidence(
        **rows,
        accepted=load.accepted,
        calls=stack.outside.calls[calls:],
        dispatches=[{**one, "failed": stack.run_failed(one)} for one in stack.dispatches()],
        complaints=[*load.complaints, *people.complaints],
        notes=evidence.notes(stack),
        log=list(evidence.log_lines(stack, offsets)),
        leaks=sorted({*watch.leaks, *watchers.leaks, *people.look_around(rows["requests"]), *evidence.leaks(stack)}),
        told=watchers.told,
        orphans=orphans(stack),
        overlaps=sorted(watch.overlaps),
        rolled=stack.rolled,
        resources=evidence.resources(stack, since),
    )


def _told(seen: Evidence, people: People, load: Load) -> Counter[str]:
    told: Counter[str] = Counter(people.did)
    told["cancels"] = load.cancelled
    told["orders nobody knows of"] = load.lost
    told["taken back"] = sum(_taken_back(row) for row in seen.history)
    told["late results"] = sum(attempt.late_result is not None for attempt in seen.attempts)
    for ticket in seen.tickets:
        told[f"{ticket.ticket_type} tickets"] += 1
    return told


def _taken_back(row: Any) -> bool:
    return bool(
        row.old_status == "running" and row.new_status != "running" and row.old_lease is not None and row.at >= row.old_lease
    )
