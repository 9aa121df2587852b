"""What a worker does when woken: claim, run, record, claim again, until nothing is ready. Threads share one worker's name."""

import logging
import random
import threading
import time
from dataclasses import dataclass
from datetime import date
from typing import Any

import psycopg
from redis.exceptions import RedisError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from app.core.statuses import Activity
from app.dispatch import Doorbell
from app.failpoints import failpoint
from app.jobs.housekeeping import tidy
from app.jobs.lead import PATIENCE_SECONDS, Lead
from app.jobs.leases import Held, Leases
from app.jobs.perform import Performer
from app.lifecycle.engine import advance, claims, progress, turns
from app.lifecycle.engine.advance import Advanced
from app.lifecycle.engine.claims import Claim
from app.lifecycle.engine.progress import Tools
from app.lifecycle.engine.result import Result
from app.lifecycle.engine.sweep import sweep
from app.lifecycle.forecasts import learn

log = logging.getLogger(__name__)
BELL_SECONDS = 1.0
PAUSE_SECONDS = 0.5
"""Pause before the next try after something went wrong: what goes on going wrong must not keep the processor busy."""
AWAY = (OperationalError, InterfaceError, NoConnectionError, psycopg.OperationalError, psycopg.InterfaceError)
"""What a thread meets when PostgreSQL or a connection to it is not there: nothing is lost by trying again."""
LEAD_SECONDS = 0.5
"""Pause between two looks of a waiting thread at whether it is over."""
LEARN_SECONDS = 15.0
"""Pause between two looks at what was completed, for forecasts."""
DUE_EVERY = 8
"""Every so many turns a thread asks first for what is due: a flood of orders must not keep everybody from looking."""
RACE_PAUSES = (0.002, 0.005, 0.01, 0.02, 0.05)
"""Seconds to wait before looking again when a ready step exists that somebody else holds for a moment."""


class Runtime:
    """One worker process: its threads claim, run and record; a sweeper repairs; heartbeats keep its leases."""

    def __init__(
        self,
        engine: Engine,
        doorbell: Doorbell,
        performer: Performer,
        leases: Leases,
        *,
        drain_seconds: float,
        threads: int,
        team_requests: int = 0,
        draft_days: int = 0,
    ) -> None:
        self.engine, self.doorbell, self.performer, self.leases = engine, doorbell, performer, leases
        self.drain_seconds, self.threads, self.team_requests = drain_seconds, threads, team_requests
        self.draft_days = draft_days
        self._at_once = engine.execution_options(isolation_level="AUTOCOMMIT")
        self.stopping = threading.Event()
        self.tools = Tools(performer.scopes, random.random)
        self._lead = Lead(lambda: self.doorbell.ring(1))
        self._draining = threading.Lock()
        self._tidied: date | None = None
        self._learns_at = 0.0

    def drain(self) -> bool:
        """Run steps until nothing is ready and the time is up; False when a drain goes on already.

        A step that takes longer than the drain is waited for, and while one runs the other threads go on claiming.
        """
        if not self._draining.acquire(blocking=False):
            return False
        try:
            until = time.monotonic() + self.drain_seconds
            loops = [threading.Thread(target=self._loop, args=(until,)) for _ in range(self.threads)]
            for loop in loops:
                loop.start()
            for loop in loops:
                loop.join()
        finally:
            self._draining.release()
        return True

    def finish(self) -> None:
        """Wait for the drain that goes on, if one does. After `stopping` was set it ends with the steps that run."""
        with self._draining:
            return

    def close(self) -> None:
        """Give back what this process holds of others: the state server's port, connections."""
        self._lead.close()
        self.performer.states.close()
        self.doorbell.close()
        self.engine.dispose()

    def sweep_once(self) -> None:
        """Sweep, tidy up once a day, learn from what was completed, and ring for what lies there."""
        try:
            swept = sweep(self.engine, self.tools)
            self._admit()
            self._tidy_daily()
            self._learn()
        except SQLAlchemyError as error:
            log.warning("sweep failed, the next one tries again", extra={"error": str(error)})
            return
        if swept.lost or swept.rescued or swept.failed:
            extra = {"lost": swept.lost, "rescued": swept.rescued, "failed": swept.failed}
            log.warning("the sweep found work that should not be there", extra=extra)
        self.doorbell.tell(swept.changed)
        if swept.waiting_work:
            self.doorbell.ring(swept.waiting_work)

    def _admit(self) -> int:
        """Let requests begin whose turn has come."""
        ready = turns.admit(self.engine, self.tools, self.team_requests)
        if ready:
            self.doorbell.ring(ready)
        return ready

    def _tidy_daily(self) -> None:
        today = date.today()  # noqa: DTZ011  months ahead: the zone does not matter
        if self._tidied != today:
            tidy(self.engine, self.doorbell, self.performer.files, today, self.draft_days)
            self._tidied = today

    def _learn(self) -> None:
        """Now and then, what the requests that were completed meanwhile tell of the next ones."""
        if time.monotonic() >= self._learns_at:
            learn(self.engine)
            self._learns_at = time.monotonic() + LEARN_SECONDS

    def _loop(self, until: float) -> None:
        """One thread of a drain. It holds one connection; when that breaks, the result in hand stays in hand."""
        work = _Hand()
        while not self._enough(until, work):
            try:
                with self._at_once.connect() as connection:
                    self._work_on(connection, work, until)
            except AWAY as error:
                # Recorded when PostgreSQL is back, unless the lease runs out first: then it is kept aside.
                log.warning("PostgreSQL does not answer", extra={"error": str(error).splitlines()[0]})
                self._lead.leave(work)
                if self.stopping.wait(PAUSE_SECONDS):
                    break
            except Exception:
                # A bug in recording: never the same step again and again. Its lease runs out and a person is asked.
                log.exception("a step could not be recorded", extra={"step": work.claim and str(work.claim.step.id)})
                self._let_go(work)
                self._lead.leave(work)
                self.stopping.wait(PAUSE_SECONDS)
        self._let_go(work)
        self._lead.leave(work)

    def _work_on(self, connection: Connection, work: "_Hand", until: float) -> None:
        """Whoever leads takes the next step with what it records, and so does who had a long one; others wait for the lead."""
        while not self._enough(until, work):
            if work.claim is None:
                if not self._lead.take(work, LEAD_SECONDS):
                    continue
                leads = goes_on = True
            else:
                leads, goes_on = self._finish_step(work)
            taken = self._advance(connection, work, leads=leads, take=goes_on)
            self.doorbell.tell({one.request for one in (work.claim, taken) if one is not None})
            self._let_go(work)
            work.take(taken, self.leases)
            if leads and work.claim is None and not self._admit():
                self._listen()

    def _finish_step(self, work: "_Hand") -> tuple[bool, bool]:
        """Run the step in hand, unless its result is in hand already.

        Answers whether this thread leads afterwards, and whether it takes another step at once: beside steps that take
        long there is no crowd.
        """
        assert work.claim is not None
        began, kind = time.monotonic(), (work.claim.activity, work.claim.step.step_type)
        if work.result is None:
            self._lead.begins(work, kind)
            work.result = self._run(work.claim, work.held)
            self._lead.learns(kind, time.monotonic() - began)
        leads = self._lead.ended(work)
        return leads, leads or time.monotonic() - began > PATIENCE_SECONDS

    def _enough(self, until: float, work: "_Hand") -> bool:
        if work.claim is not None:
            return False
        return self.stopping.is_set() or (time.monotonic() > until and self.leases.busy == 0)

    def _run(self, claim: Claim, held: Held | None) -> Result:
        assert held is not None
        failpoint("worker-before-call")
        result = self.performer.perform(claim, held)
        failpoint("worker-after-call")
        held.running = False
        return result

    def _let_go(self, work: "_Hand") -> None:
        if work.claim is not None:
            self.leases.drop(work.claim.token)
        work.claim = work.result = work.held = None

    def _advance(self, connection: Connection, work: "_Hand", *, leads: bool, take: bool) -> Claim | None:
        """Record what was run and, with `take`, take the next step in the same transaction. connection: autocommit."""
        claim, result = work.claim, work.result
        work.turns += 1
        due_first = take and work.turns % DUE_EVERY == 0
        if claim is not None and result is not None and not advance.is_plain(claim, result):
            return self._advance_in_full(claim, result, leads=leads, take=take, due_first=due_first)
        if result is not None:
            failpoint("worker-before-record")
        done = self._call(connection, claim, result, take=take and not due_first)
        if done.elsewhere:
            return self._advance_in_full(claim, result, leads=leads, take=take, due_first=due_first)
        if result is not None:
            failpoint("worker-after-record")
        if due_first:
            taken = self._due(connection) or self._call(connection, None, None).taken
        else:
            taken = done.taken or ((self._after_a_race(connection, done) or self._due(connection)) if take else None)
        self._ring(done.made_ready, taken, leads=leads)
        return taken

    def _call(self, connection: Connection, claim: Claim | None, result: Result | None, *, take: bool = True) -> Advanced:
        take = take and not self.stopping.is_set()
        return advance.advance(connection, claim, result, self.leases.claimant, self.performer.vault, take=take)

    def _advance_in_full(
        self, claim: Claim | None, result: Result | None, *, leads: bool, take: bool, due_first: bool
    ) -> Claim | None:
        """The same for whatever is not the plain case."""
        made_ready = 0
        with self.engine.begin() as connection:
            if claim is not None and result is not None:
                recorded = progress.record(connection, claim, result, self.tools)
                if recorded is None:
                    log.warning("a result came too late and was kept aside", extra={"step": str(claim.step.id)})
                made_ready = recorded or 0
            taken = self._claim(connection, due_first=due_first) if take and not self.stopping.is_set() else None
            if result is not None:
                failpoint("worker-before-record")
        if result is not None:
            failpoint("worker-after-record")
        self._ring(made_ready, taken, leads=leads)
        return taken

    def _claim(self, connection: Connection, *, due_first: bool) -> Claim | None:
        claimant = self.leases.claimant
        return (claims.claim_due(connection, claimant) if due_first else None) or claims.claim_next(connection, claimant)

    def _ring(self, made_ready: int, taken: Claim | None, *, leads: bool) -> None:
        """Whoever leads finds what is left by itself; else somebody who sleeps must hear of it."""
        left = made_ready - (1 if taken is not None else 0)
        if left > 0 and (not leads or self.stopping.is_set()):
            self.doorbell.ring(1)

    def _due(self, connection: Connection) -> Claim | None:
        """What is due to be polled, probed or undone."""
        if self.stopping.is_set() or not claims.any_due(connection):
            return None
        with self.engine.begin() as transaction:
            return claims.claim_due(transaction, self.leases.claimant)

    def _after_a_race(self, connection: Connection, seen: Advanced) -> Claim | None:
        """A ready step may have been out of reach only because its request was locked for a moment: look again."""
        for pause in RACE_PAUSES:
            if seen.taken is not None or not seen.contended or self.stopping.is_set():
                break
            time.sleep(pause)
            seen = self._call(connection, None, None)
        return seen.taken

    def _listen(self) -> None:
        """Wait for a ring. Whoever leads looks for work after every pause too: waits may be due."""
        try:
            self.doorbell.wait(BELL_SECONDS)
        except RedisError:
            self.stopping.wait(2.0)  # Redis is away: a worker claims by itself every two seconds.


@dataclass(slots=True)
class _Hand:
    """What one thread has in hand: a claim, its lease, and its result once it has one."""

    claim: Claim | None = None
    held: Held | None = None
    result: Result | None = None
    turns: int = 0

    def take(self, claim: Claim | None, leases: Leases) -> None:
        self.claim, self.result = claim, None
        self.held = None
        if claim is not None:
            self.held = leases.take(claim.token, stoppable=claim.activity == Activity.RUN)


_current: dict[str, Any] = {}


def install(runtime: Runtime) -> None:
    """Make `runtime` the one that this process's drains run on."""
    _current["runtime"] = runtime


def current() -> Runtime:
    """The runtime of this worker process. Raises KeyError outside of one."""
    runtime: Runtime = _current["runtime"]
    return runtime
