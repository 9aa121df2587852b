"""Whatever happens to orders, in whatever order: nothing is stuck, nothing is done twice, and the rows agree."""

from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import func, select, update

from app.core.outcomes import Done, Failed, Indeterminate, NeedsHuman, Outcome, Waiting
from app.core.statuses import TICKET_OPEN, StepStatus, overall
from app.errors import Conflict
from app.lifecycle import tickets
from app.lifecycle.claims import Claim
from app.lifecycle.sweep import sweep
from app.models import AuditEntry
from app.models.tables import ATTEMPT, EVENT, REQUEST, STEP, TICKET
from tests.fixtures.house import House, http, item

OUT = "{big: {type: boolean}}"
TWICE = "{max_attempts: 2, initial_delay: 1s}"
STEPS = "\n".join(
    [
        http("left", retry_policy=TWICE),
        http("right", outputs=OUT, retry_policy=TWICE),
        http("child", depends_on="[left, right]", retry_policy=TWICE),
        http("maybe", when="'steps.right.outputs.big'"),
        http("last", depends_on="[child, maybe]"),
    ]
)
OUTCOMES = st.sampled_from(
    [
        Done({"big": True}),
        Done({"big": False}),
        Failed("try again"),
        Failed("no room", retryable=False),
        Waiting({"run": 1}, timedelta(seconds=5)),
        NeedsHuman("by hand"),
        Indeterminate({"what": "the line was cut"}),
    ]
)
MOST_ORDERS = 3


class Course(RuleBasedStateMachine):
    """Orders, workers that live or die, clocks that go on, sweeps, and people."""

    house: House

    def __init__(self) -> None:
        super().__init__()
        with self.house.engine.begin() as connection:
            connection.exec_driver_sql("TRUNCATE service_requests, request_events CASCADE")
        self.claims: list[Claim] = []
        self.orders = 0

    @initialize()
    def begin(self) -> None:
        self.order("graph")

    @precondition(lambda self: self.orders < MOST_ORDERS)
    @rule(item=st.sampled_from(["graph", "final"]))
    def order(self, item: str) -> None:
        self.house.order(item)
        self.orders += 1

    @precondition(lambda self: self.orders)
    @rule(outcome=OUTCOMES)
    def work(self, outcome: Outcome) -> None:
        """A worker claims and records without a hitch."""
        claim = self.house.claim()
        if claim is not None:
            assert self.house.record(claim, outcome) is not None

    @precondition(lambda self: self.orders)
    @rule()
    def claim(self) -> None:
        claim = self.house.claim()
        if claim is not None:
            self.claims.append(claim)

    @precondition(lambda self: self.claims)
    @rule(outcome=OUTCOMES, data=st.data())
    def record(self, outcome: Outcome, data: st.DataObject) -> None:
        """Some worker comes back, perhaps one that was given up long ago."""
        claim = self.claims.pop(data.draw(st.integers(0, len(self.claims) - 1)))
        self.house.record(claim, outcome)

    @precondition(lambda self: self.claims)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """A lease runs out; its worker may come back all the same."""
        claim = self.claims[data.draw(st.integers(0, len(self.claims) - 1))]
        ago = func.clock_timestamp() - timedelta(seconds=1)
        with self.house.engine.begin() as connection:
            connection.execute(update(STEP).where(STEP.c.lease_token == claim.token).values(lease_until=ago))

    @precondition(lambda self: self.orders)
    @rule()
    def later(self) -> None:
        """Time goes by: whatever is waited for is due."""
        with self.house.engine.begin() as connection:
            connection.execute(update(STEP).where(STEP.c.check_after.is_not(None)).values(check_after=func.now()))

    @precondition(lambda self: self.orders)
    @rule()
    def sweep(self) -> None:
        assert sweep(self.house.engine, self.house.tools).failed == []

    @precondition(lambda self: self.orders)
    @rule(what=st.sampled_from(["claim", "release", "resolve", "retry", "reject"]), data=st.data())
    def decide(self, what: str, data: st.DataObject) -> None:
        """A person ends some ticket, perhaps one that has ended already."""
        known = self.house.tickets()
        if known:
            self.act(what, known[data.draw(st.integers(0, len(known) - 1))].id)

    def act(self, what: str, key: object) -> None:
        ticket = self.house.rows(select(TICKET).where(TICKET.c.id == key))[0]
        form = {field["name"]: True for field in ticket.outputs_form["fields"]}
        more = {"resolve": (form,), "reject": ("it cannot be done",)}.get(what, ())
        try:
            with self.house.unit() as unit:
                getattr(tickets, what)(unit, self.house.caller("carol-789"), ticket.ticket_id, *more)
        except Conflict:
            assert ticket.status not in TICKET_OPEN or ticket.ticket_type == "fulfillment"

    @invariant()
    def every_request_is_what_its_steps_say(self) -> None:
        tickets_open = {t.step_id for t in self.house.tickets() if t.status in TICKET_OPEN}
        for request in self.house.rows(select(REQUEST)):
            steps = self.house.rows(select(STEP).where(STEP.c.request_id == request.id))
            stands = overall((StepStatus(step.status), step.id in tickets_open) for step in steps)
            assert request.status == stands or (request.status, stands) == ("submitted", "in_progress")
            assert (request.completed_at is not None) == (request.status in ("completed", "failed"))

    @invariant()
    def nothing_waits_for_nobody(self) -> None:
        open_tickets = Counter(ticket.step_id for ticket in self.house.tickets() if ticket.status in TICKET_OPEN)
        assert set(open_tickets.values()) <= {1}
        for step in self.house.rows(select(STEP)):
            if step.status == StepStatus.WAITING:
                assert (step.check_after is not None) != (step.id in open_tickets)
            if step.status == StepStatus.INDETERMINATE:
                assert step.id in open_tickets
            if step.id in open_tickets:
                assert step.status in (StepStatus.WAITING, StepStatus.FAILED, StepStatus.INDETERMINATE)
            assert (step.status == StepStatus.RUNNING) == (step.lease_token is not None)

    @invariant()
    def whoever_failed_has_asked_a_person(self) -> None:
        tickets = self.house.tickets()
        asked = {ticket.step_id for ticket in tickets if ticket.status in (*TICKET_OPEN, "rejected")}
        given_up = {ticket.request_id for ticket in tickets if ticket.status == "rejected"}
        for step in self.house.rows(select(STEP)):
            if step.status == StepStatus.FAILED and step.step_config["fallback_on_failure"]:
                assert step.id in asked
            assert not (step.status == StepStatus.PENDING and step.request_id in given_up)

    @invariant()
    def events_have_no_holes_and_agree_with_the_rows(self) -> None:
        for request in self.house.rows(select(REQUEST)):
            events = self.house.rows(select(EVENT).where(EVENT.c.request_id == request.id).order_by(EVENT.c.number))
            assert [event.number for event in events] == list(range(1, request.last_event + 1))
            told = [event.kind for event in events if event.kind.startswith("request.")]
            assert told[-1] == f"request.{request.status}"
            audited = select(func.count()).where(AuditEntry.target.startswith(f"request:{request.request_id}"))
            kinds = [event for event in events if event.kind.startswith(("step.", "request."))]
            assert self.house.rows(audited)[0][0] == len(kinds)

    @invariant()
    def children_started_after_their_parents_had_ended(self) -> None:
        for request in self.house.rows(select(REQUEST.c.id)):
            steps = {s.step_id: s for s in self.house.rows(select(STEP).where(STEP.c.request_id == request.id))}
            for step in (step for step in steps.values() if step.started_at is not None):
                parents = [steps[parent] for parent in step.depends_on]
                assert all(parent.status in (StepStatus.COMPLETED, StepStatus.SKIPPED) for parent in parents)
                assert all(parent.completed_at <= step.started_at for parent in parents if parent.completed_at)

    @invariant()
    def each_attempt_was_meant_before_it_began(self) -> None:
        attempts = Counter(attempt.step_id for attempt in self.house.rows(select(ATTEMPT)))
        assert all(step.attempt == attempts[step.id] for step in self.house.rows(select(STEP)))

    def teardown(self) -> None:
        """Workers, clocks, sweeps and people together bring every request to its end."""
        for _ in range(60):
            self.later()
            self.sweep()
            while claim := self.house.claim():
                self.house.record(claim, Done({"big": True}))
            with self.house.engine.begin() as connection:
                gone = func.clock_timestamp() - timedelta(seconds=1)
                connection.execute(update(STEP).where(STEP.c.status == StepStatus.RUNNING).values(lease_until=gone))
            for ticket in self.house.tickets():
                if ticket.status in TICKET_OPEN:
                    self.act("resolve", ticket.id)
            if all(request.completed_at for request in self.house.rows(select(REQUEST))):
                break
        assert {request.status for request in self.house.rows(select(REQUEST))} <= {"completed", "failed"}
        self.every_request_is_what_its_steps_say()
        self.events_have_no_holes_and_agree_with_the_rows()


@pytest.mark.timeout(300)
def test_nothing_is_stuck_whatever_happens(house: House) -> None:
    final = item(http("right", outputs=OUT)).replace("    steps:", "    fallback_on_failure: false\n    steps:")
    house.offer(graph=item(STEPS), final=final)
    house.roll = 0

    class Here(Course):
        """The course of this test's house."""

    Here.house = house
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    # Not shrunk: each course takes a second or so, and the steps that failed are printed anyway.
    quick = settings(max_examples=25, stateful_step_count=25, phases=[Phase.generate], deadline=None)
    run_state_machine_as_test(Here, settings=settings(quick, database=None, suppress_health_check=checks))
