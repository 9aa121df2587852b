"""Whatever happens to orders, in whatever order: nothing is stuck, nothing is done twice, and the rows agree.

The suite runs the same courses each time. Whoever has changed the engine lets it run longer: `STRATUS_COURSES=400` are others
each time, of 60 steps, and take a quarter of an hour.
"""

import os
from collections import Counter
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import Row, func, select, update

from app.core.outcomes import Again, Done, Failed, Indeterminate, NeedsHuman, Outcome, Waiting
from app.core.statuses import PLAN_COMES, REQUEST_ENDED, TICKET_OPEN
from app.errors import Conflict, Invalid, NotAllowed, NotFound
from app.lifecycle.approvals import deciding, revising
from app.lifecycle.engine import advance, claims, planning, turns
from app.lifecycle.engine.claims import Claim, Claimant
from app.lifecycle.engine.result import Result
from app.models.tables import APPROVAL, PLAN, REQUEST, STEP, TICKET
from app.transaction import Rules
from tests.fixtures.house import House, http, item, terraform
from tests.lifecycle import ledger

OUT = "{big: {type: boolean}}"
TWICE = "{max_attempts: 2, initial_delay: 1s}"
CALL = "{type: HttpPost, template: {url: 'http://127.0.0.1:9/gone'}}"
AGAIN = "{type: HttpPost, template: {url: 'http://127.0.0.1:9/gone', idempotent: true}}"
GRAPH = "\n".join(
    [
        terraform("left", retry_policy=TWICE, repeatable="true"),
        http("right", outputs=OUT, retry_policy=TWICE, rollback=AGAIN),
        http("child", depends_on="[left, right]", retry_policy=TWICE, rollback=CALL, repeatable="true"),
        http("maybe", when="'steps.right.outputs.big'", rollback="{type: none}"),
        http("last", depends_on="[child, maybe]", repeatable="true"),
    ]
)
CHECKS = (
    "  automation:\n",
    "  preflight: [{name: there, type: tcp, host: 127.0.0.1, port: 9}]\n"
    "  health_checks: [{name: up, type: http, url: 'http://127.0.0.1:9/'}]\n"
    "  automation:\n",
)
NO_FALLBACK = ("    steps:", "    fallback_on_failure: false\n    steps:")
ON_FAILURE = ("  automation:\n", "  rollback: {order: reverse, on: failure}\n  automation:\n")
OUTCOMES = st.sampled_from(
    [
        Done({"big": True}),
        Done({"big": True}),
        Done({"big": False}),
        Failed("try again"),
        Failed("no room", retryable=False),
        Waiting({"run": 1}, timedelta(seconds=5)),
        NeedsHuman("by hand"),
        Indeterminate({"what": "the line was cut"}),
        Again("nothing was done"),
    ]
)
AGREEMENT = "approval: [{by: {team: platform-data-team}}, {when: size < 5, by: {role: administrator}, on_timeout: reject}]"
SIZE = "[{name: size, type: integer, default: 3}]"
VOTES = st.sampled_from(["approve", "approve", "reject", "send_back", "ask"])
DECISIONS = st.sampled_from(["cancel", "retry", "resume", "rollback"])
OF_STEPS = st.sampled_from(["retry_step", "retry_from", "skip_step", "plan"])
TICKETS = st.sampled_from(["claim", "release", "resolve", "adopt", "retry", "reject"])
ROWS = [{"address": "terraform_data.main", "id": "db-123"}]
PEOPLE = st.sampled_from(["sarah-123", "carol-789", "dana-001"])
MOST_ORDERS = 4
TEAM_MOST = 1
LONGER = int(os.environ.get("STRATUS_COURSES", "0"))
EXAMPLES, STEPS = (LONGER, 60) if LONGER else (35, 40)
ENDINGS = ("build", "cancel", "take back", "let stay")


class Course(RuleBasedStateMachine):
    """Orders, workers that live or die, clocks that go on, sweeps, and people who press everything."""

    house: House
    ends: ClassVar[Counter[str]]

    def __init__(self) -> None:
        super().__init__()
        with self.house.engine.begin() as connection:
            connection.exec_driver_sql("TRUNCATE service_requests, request_events, quota_counters CASCADE")
        self.held: list[Claim] = []
        self.orders = 0

    @initialize()
    def begin(self) -> None:
        self.order("graph", "sarah-123")

    @precondition(lambda self: self.orders < MOST_ORDERS)
    @rule(
        name=st.sampled_from(["graph", "graph", "final", "selfish", "scarce", "dear", "dear"]),
        who=st.sampled_from(["sarah-123", "mallory-666"]),
    )
    def order(self, name: str, who: str) -> None:
        """One of two teams orders something."""
        self.house.order(name, who=who)
        self.orders += 1

    # Workers

    @rule(outcomes=st.lists(OUTCOMES, min_size=1, max_size=5))
    def work(self, outcomes: list[Outcome]) -> None:
        """A worker claims and records without a hitch."""
        for outcome in outcomes:
            self.come_back(self.house.claim(), outcome)

    @rule(outcomes=st.lists(OUTCOMES, min_size=1, max_size=3))
    def look(self, outcomes: list[Outcome]) -> None:
        """A worker polls, probes and undoes what is due, whatever is ready."""
        self.later()
        for outcome in outcomes:
            self.come_back(self.due(), outcome)

    @rule()
    def all_goes_well(self) -> None:
        """Whatever can be done now is done."""
        while (claim := self.house.claim()) is not None:
            self.come_back(claim, Done({"big": True}))

    def come_back(self, claim: Claim | None, outcome: Outcome) -> None:
        if claim is not None:
            assert self.house.record(claim, outcome) is not None

    def due(self) -> Claim | None:
        with self.house.engine.begin() as connection:
            return claims.claim_due(connection, Claimant("w2", timedelta(seconds=30)))

    @rule(due=st.booleans())
    def claim(self, due: bool) -> None:
        """A worker claims, and whatever becomes of it comes later."""
        self.hold(self.due() if due else self.house.claim())

    @rule(due=st.booleans(), late=st.none() | OUTCOMES)
    def die(self, due: bool, late: Outcome | None) -> None:
        """A worker claims and is given up. It may come back all the same, while another one looks after what it had."""
        claim = self.due() if due else self.house.claim()
        if claim is not None:
            self.expire(claim)
            self.sweep()
            if late is not None:
                self.hold(self.due())
                assert self.house.record(claim, late) is None

    def hold(self, claim: Claim | None) -> None:
        if claim is not None:
            self.held.append(claim)

    @precondition(lambda self: self.held)
    @rule(outcome=OUTCOMES, stopped=st.booleans(), data=st.data())
    def record(self, outcome: Outcome, stopped: bool, data: st.DataObject) -> None:
        """Some worker comes back, perhaps one that was given up long ago, perhaps since it was told to go."""
        claim = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        owned = [
            row
            for table in (STEP, PLAN)
            for row in self.house.rows(select(table.c.lease_token).where(table.c.lease_token == claim.token))
        ]
        assert (self.house.record(claim, outcome, stopped=stopped) is not None) == bool(owned)

    @precondition(lambda self: self.held)
    @rule(big=st.booleans(), data=st.data())
    def advance(self, big: bool, data: st.DataObject) -> None:
        """The same in one call of the database, which takes the next step along."""
        claim = self.held.pop(data.draw(st.integers(0, len(self.held) - 1)))
        result = Result(Done({"big": big}))
        if not advance.is_plain(claim, result):
            self.held.append(claim)
            return
        with self.house.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            claimant = Claimant("w3", timedelta(seconds=30))
            done = advance.advance(connection, claim, result, claimant, self.house.vault, take=True)
        if done.elsewhere:
            self.house.record(claim, result.outcome)
        self.hold(done.taken)

    def expire(self, claim: Claim | None = None) -> None:
        """The lease of a claim, or every one, has run out."""
        ago = func.clock_timestamp() - timedelta(seconds=1)
        with self.house.engine.begin() as connection:
            for table in (STEP, PLAN):
                held = table.c.lease_token.is_not(None) if claim is None else table.c.lease_token == claim.token
                connection.execute(update(table).where(held).values(lease_until=ago))

    # Clocks

    def later(self) -> None:
        """Time goes by: whatever is waited for is due."""
        with self.house.engine.begin() as connection:
            connection.execute(update(STEP).where(STEP.c.check_after.is_not(None)).values(check_after=func.now()))

    @rule(of_request=st.booleans(), data=st.data())
    def too_late(self, of_request: bool, data: st.DataObject) -> None:
        """The time of a request, or of its steps, is over."""
        one = data.draw(st.sampled_from(self.requests())).id
        table, key = (REQUEST, REQUEST.c.id) if of_request else (STEP, STEP.c.request_id)
        past = func.clock_timestamp() - timedelta(seconds=1)
        with self.house.engine.begin() as connection:
            connection.execute(update(table).where(key == one, table.c.deadline.is_not(None)).values(deadline=past))
        self.sweep()

    @rule(late=st.booleans())
    def sweep(self, late: bool = False) -> None:
        """A worker sweeps; in a healthy house the safety net has nothing to do."""
        if late:
            self.later()
        with self.house.engine.begin() as connection:
            connection.execute(update(REQUEST).values(updated_at=func.now() - timedelta(minutes=1)))
        assert self.house.sweep().rescued == 0
        turns.admit(self.house.engine, self.house.tools, TEAM_MOST)

    # People

    def requests(self) -> list[Row[Any]]:
        return self.house.rows(select(REQUEST).order_by(REQUEST.c.number))

    @rule(what=DECISIONS, who=PEOPLE, data=st.data())
    def press(self, what: str, who: str, data: st.DataObject) -> None:
        """A person decides about a whole request, whether that makes sense or not."""
        self.decide(what, data.draw(st.sampled_from(self.requests())).request_id, who=who)

    @rule(data=st.data())
    def press_what_is_offered(self, data: st.DataObject) -> None:
        """A person decides something that makes sense now."""
        offered = [press for case in ledger.read(self.house) for press in case.offered()]
        if offered:
            assert self.decide(*data.draw(st.sampled_from(offered)), who="dana-001")

    @rule(what=OF_STEPS, who=PEOPLE, data=st.data())
    def press_step(self, what: str, who: str, data: st.DataObject) -> None:
        """A person decides about one step, whether that makes sense or not."""
        request = data.draw(st.sampled_from(self.requests()))
        steps = self.house.rows(select(STEP.c.step_id).where(STEP.c.request_id == request.id).order_by(STEP.c.position))
        act = self.say if what == "plan" else self.decide
        act(what, request.request_id, data.draw(st.sampled_from(steps)).step_id, who=who)

    def decide(self, what: str, request_id: str, *more: str, who: str) -> bool:
        reason = ("because",) if what in ("cancel", "rollback", "skip_step") else ()
        try:
            self.house.decide(what, request_id, *more, *reason, who=who)
        except (Conflict, NotAllowed, NotFound):
            return False
        return True

    @rule(what=TICKETS, ended=st.booleans(), data=st.data())
    def end(self, what: str, ended: bool, data: st.DataObject) -> None:
        """A person ends some ticket, perhaps one that has ended already."""
        known = [ticket for ticket in self.house.tickets() if ended or ticket.status in TICKET_OPEN]
        if known:
            self.act(what, data.draw(st.sampled_from(known)).id)

    def act(self, what: str, key: object) -> None:
        ticket = self.house.rows(select(TICKET).where(TICKET.c.id == key))[0]
        form = {field["name"]: True for field in ticket.outputs_form["fields"]}
        more = {"resolve": (form,), "adopt": (form, None, ROWS), "reject": ("it cannot be done",)}.get(what, ())
        try:
            self.house.work_ticket("resolve" if what == "adopt" else what, ticket.ticket_id, *more, who="carol-789")
        except Conflict:
            assert what in ("claim", "release", "retry", "adopt") or ticket.status not in TICKET_OPEN
        except Invalid:
            assert what == "adopt"

    def waiting(self) -> list[Row[Any]]:
        """The approvals that are waited for."""
        pending = select(APPROVAL).where(APPROVAL.c.status == "pending")
        return self.house.rows(pending.order_by(APPROVAL.c.created_at, APPROVAL.c.position))

    @rule(what=VOTES, who=PEOPLE, data=st.data())
    def vote(self, what: str, who: str, data: st.DataObject) -> None:
        """Somebody says something to an approval, whether they are asked or not."""
        if waiting := self.waiting():
            one = data.draw(st.sampled_from(waiting))
            asked = {"carol-789": "team:platform-data-team", "dana-001": "role:administrator"}.get(who)
            done = self.say(what, one.approval_id, *([] if what == "approve" else ["because"]), who=who)
            assert not done or asked in one.voters

    @rule(text=st.sampled_from(["", "for the campaign"]), size=st.integers(3, 6), data=st.data())
    def explain(self, text: str, size: int, data: st.DataObject) -> None:
        """The requester answers, or changes the order, whether anybody has asked or not."""
        request = data.draw(st.sampled_from(self.requests()))
        if text:
            self.say("answer", request.request_id, text, who=request.requester_user_id)
        elif request.catalog_name == "dear":
            order = {"catalog_item": "dear", "parameters": {"size": size}}
            self.say("revise", request.request_id, order, who=request.requester_user_id)

    @rule(data=st.data())
    def nobody_answers(self, data: st.DataObject) -> None:
        """The time of an approval is over, or half of it."""
        if waiting := self.waiting():
            one = data.draw(st.sampled_from(waiting))
            past, mine = func.clock_timestamp() - timedelta(seconds=1), APPROVAL.c.id == one.id
            reminded = {"due_at": past} if one.reminded_at else {"remind_at": past}
            with self.house.engine.begin() as connection:
                connection.execute(update(APPROVAL).where(mine).values(**reminded))
                connection.execute(update(APPROVAL).where(mine, APPROVAL.c.next_at.is_not(None)).values(next_at=past))
            self.sweep()

    def say(self, what: str, *more: Any, who: str) -> bool:
        act = {"revise": revising.revise, "plan": planning.ask}.get(what) or getattr(deciding, what)
        caller = self.house.caller(who)
        try:
            with self.house.unit() as unit:
                act(unit, caller, *more)
        except (Conflict, NotAllowed, NotFound):
            return False
        return True

    # What must hold

    @invariant()
    def everything_holds(self) -> None:
        ledger.check(self.house, TEAM_MOST, {"scarce": 1})

    def teardown(self) -> None:
        """Workers, clocks, sweeps and people together bring every request to an end, and this course to one of several."""
        ending = ENDINGS[self.ends.total() % len(ENDINGS)]
        for request in self.requests():
            if ending == "cancel":
                self.decide("cancel", request.request_id, who="dana-001")
        for one in self.waiting() if ending == "let stay" else ():
            self.say("reject", one.approval_id, "no money", who="carol-789")
        self.bring_to_an_end("resolve")
        if ending in ("take back", "let stay"):
            for request in self.requests():
                self.decide("rollback", request.request_id, who="dana-001")
            self.bring_to_an_end("resolve" if ending == "take back" else "reject")
        self.ends.update(request.status for request in self.requests())

    def bring_to_an_end(self, how: str) -> None:
        for _ in range(60):
            self.later()
            self.sweep()
            while claim := self.house.claim():
                self.house.record(claim, Done({"big": True}))
            self.expire()
            for request in self.requests():
                self.say("answer", request.request_id, "for the campaign", who=request.requester_user_id)
            for one in self.waiting():
                self.say("approve", one.approval_id, who="carol-789")
                self.say("approve", one.approval_id, who="dana-001")
            for ticket in self.house.tickets():
                if ticket.status in TICKET_OPEN:
                    self.act(how, ticket.id)
            planned = all(plan.status not in PLAN_COMES for plan in self.house.rows(select(PLAN)))
            if planned and all(request.status in REQUEST_ENDED for request in self.requests()):
                break
        cases = ledger.check(self.house, TEAM_MOST, {"scarce": 1})
        assert {case.status for case in cases} <= REQUEST_ENDED
        assert {plan.status for plan in self.house.rows(select(PLAN))}.isdisjoint(PLAN_COMES)


def courses(house: House, examples: int, steps: int) -> Counter[str]:
    """Run so many courses; how requests ended in them."""
    house.rules = Rules(team_requests=TEAM_MOST, request_timeout=timedelta(hours=1))
    house.roll = 0
    final, selfish = (item(http("right", outputs=OUT)).replace(*NO_FALLBACK), item(GRAPH).replace(*NO_FALLBACK))
    (house.folder / "quotas.yaml").write_text("default: {services: 100, vcpu: 100}")
    scarce = item(terraform("one") + "\n" + http("two", depends_on="[one]"), extra="limits: {concurrent: 1}").replace(*CHECKS)
    dear = item(http("one") + "\n" + http("two", depends_on="[one]"), fields=SIZE, extra=AGREEMENT + "\nquota: {vcpu: 1}")
    house.offer(
        graph=item(GRAPH, extra="quota: {vcpu: 3}"), final=final, selfish=selfish.replace(*ON_FAILURE), scarce=scarce, dear=dear
    )

    class Here(Course):
        """The course of this test's house."""

    Here.house, Here.ends = house, Counter()
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    # Not shrunk: each course takes a second or so, and the steps that failed are printed anyway.
    quick = settings(
        max_examples=examples,
        stateful_step_count=steps,
        phases=[Phase.generate],
        deadline=None,
        derandomize=not LONGER,
    )
    run_state_machine_as_test(Here, settings=settings(quick, database=None, suppress_health_check=checks))
    return Here.ends


@pytest.mark.timeout(3600 if LONGER else 300)
def test_nothing_is_stuck_whatever_happens(house: House) -> None:
    ends = courses(house, EXAMPLES, STEPS)
    assert ends.keys() == {"completed", "failed", "cancelled", "rolled_back", "rejected"}
