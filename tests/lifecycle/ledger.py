"""What must hold of every row after whatever happened: read at once, then looked at from all sides."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import Row, func, select

from app.core.decisions import (
    Look,
    StepLook,
    refuses_cancel,
    refuses_from,
    refuses_resume,
    refuses_retry,
    refuses_rollback,
    refuses_skip,
    refuses_step_retry,
    to_undo,
)
from app.core.statuses import (
    BEFORE_BUILDING,
    REQUEST_ENDED,
    STEP_MOVING,
    STEP_SATISFIED,
    STEP_WAITS,
    TICKET_OPEN,
    Activity,
    ApprovalStatus,
    AttemptStatus,
    RequestStatus,
    StepStatus,
    TicketStatus,
    overall,
)
from app.lifecycle.engine.undoing import KEPT, LEFT, WANTED
from app.models import AuditEntry
from app.models.tables import APPROVAL, ATTEMPT, EVENT, QUOTA_COUNTER, REQUEST, STEP, TICKET, VOTE
from tests.fixtures.house import House

R, S, A = RequestStatus, StepStatus, ApprovalStatus
AUDIT = AuditEntry.__table__
BUILT = frozenset({R.SUBMITTED, R.IN_PROGRESS, R.AWAITING_MANUAL})
GOES_ON = STEP_MOVING | STEP_WAITS
REQUEST_TOLD = {f"request.{status}": status for status in R}
STEP_TOLD = {f"step.{status}": status for status in S}
UNAUDITED = frozenset({"request.submitted", "request.submit", "request.queued", "step.undo"})
"""Told or audited under another name, or with the ticket that it came from."""
OF_ROWS = ("step.", "request.")
QUIETLY: Mapping[StepStatus, frozenset[StepStatus]] = {
    S.RUNNING: frozenset({S.WAITING, S.INDETERMINATE, S.RUNNING}),
    S.WAITING: frozenset({S.WAITING, S.RUNNING, *LEFT}),
    S.INDETERMINATE: frozenset({S.INDETERMINATE}),
    S.PENDING: frozenset({S.PENDING}),
}
"""What people may have been told last of a step: that it is looked at again, or is about to be undone, is told to nobody."""


@dataclass
class Case:
    """One request with all its rows."""

    request: Row[Any]
    steps: Sequence[Row[Any]]
    attempts: Mapping[Any, Sequence[Row[Any]]]
    tickets: Sequence[Row[Any]]
    events: Sequence[Row[Any]]
    audit: Sequence[Row[Any]]
    approvals: Sequence[Row[Any]]
    votes: Mapping[Any, Sequence[Row[Any]]]

    @property
    def status(self) -> RequestStatus:
        return R(self.request.status)

    @cached_property
    def asked(self) -> set[Any]:
        """The steps that a person is asked about."""
        return {ticket.step_id for ticket in self.tickets if ticket.status in TICKET_OPEN}

    @cached_property
    def by_id(self) -> dict[str, Row[Any]]:
        return {step.step_id: step for step in self.steps}

    @property
    def statuses(self) -> set[StepStatus]:
        return {S(step.status) for step in self.steps}

    def ancestors(self, step: Row[Any]) -> Iterator[Row[Any]]:
        for parent in step.depends_on:
            yield self.by_id[parent]
            yield from self.ancestors(self.by_id[parent])

    def descendants(self, step_id: str) -> Iterator[Row[Any]]:
        for step in self.steps:
            if step_id in step.depends_on:
                yield step
                yield from self.descendants(step.step_id)

    def had_stayed(self, step: Row[Any]) -> bool:
        """Whether a person had once let it stay: what it stood on was undone all the same, and may be gone when it goes."""
        mine = (one for one in self.tickets if one.step_id == step.id and one.ticket_type == "undo")
        return any(one.status == TicketStatus.REJECTED for one in mine)

    def look(self) -> Look:
        """The request as decisions see it."""
        steps = [self._step_look(step) for step in self.steps]
        given_up = self.request.failure is not None
        return Look(self.status, steps, given_up=given_up, unapproved=self.request.unapproved)

    def _step_look(self, step: Row[Any]) -> StepLook:
        ticket = next((one for one in self.tickets if one.step_id == step.id and one.status in TICKET_OPEN), None)
        last = next((one.status for one in reversed(self.attempts[step.id])), None)
        return StepLook(
            step.step_id,
            step.step_title,
            step.kind,
            S(step.status),
            step.attempt,
            step.step_config["undo"],
            step.undo,
            step.managed_by,
            ticket.status if ticket else None,
            ticket.ticket_type if ticket else None,
            tuple(step.step_config.get("read_by") or ()),
            unsure=last == AttemptStatus.INDETERMINATE,
            depends_on=tuple(step.depends_on),
            repeatable=bool(step.step_config.get("repeatable")),
            took_effect=step.completed_at is None
            and step.attempt_group > 1
            and any(one.status == AttemptStatus.COMPLETED for one in self.attempts[step.id]),
        )

    def offered(self) -> list[tuple[str, ...]]:
        """The decisions that make sense now: `(use case, request id, step id?)`."""
        look, mine = self.look(), self.request.request_id
        refuses = {"cancel": refuses_cancel, "retry": refuses_retry, "resume": refuses_resume, "rollback": refuses_rollback}
        of_steps = {"retry_step": refuses_step_retry, "retry_from": refuses_from, "skip_step": refuses_skip}
        whole = [(what, mine) for what, refused in refuses.items() if refused(look) is None]
        return whole + [
            (what, mine, step.step_id)
            for what, refused in of_steps.items()
            for step in self.steps
            if refused(look, step.step_id) is None
        ]

    def check(self) -> None:
        """Every rule that holds of one request."""
        self.the_request_is_what_its_steps_say()
        self.nothing_is_built_before_everybody_has_agreed()
        self.nothing_waits_for_nobody()
        self.nothing_is_begun_that_must_not_be()
        self.whoever_failed_has_asked_a_person()
        self.events_have_no_holes_and_agree_with_the_rows()
        self.children_began_after_their_parents_had_ended()
        self.nothing_unknown_is_repeated_blindly()
        self.undone_is_what_nothing_stands_on()
        self.each_attempt_was_meant_before_it_began()

    @property
    def quota_states(self) -> set[str]:
        """How what it takes of quotas may stand."""
        if self.status in (R.FAILED, R.CANCELLED):
            return {"reserved" if any(True for _ in to_undo(self.look())) else "released"}
        if self.status == R.ROLLING_BACK:
            return {"reserved", "used"}
        ended = {R.COMPLETED: "used", R.REJECTED: "released", R.ROLLED_BACK: "released"}
        return {ended.get(self.status, "reserved")}

    def the_request_is_what_its_steps_say(self) -> None:
        assert (self.request.completed_at is not None) == (self.status in REQUEST_ENDED)
        if self.status in REQUEST_ENDED:
            assert not self.asked
            assert self.statuses.isdisjoint(GOES_ON)
            assert not any(step.undo == WANTED or step.check_after for step in self.steps)
        if self.status in (R.FAILED, R.CANCELLED):
            for step in (step for step in self.steps if step.status == S.PENDING):
                assert S.FAILED in {S(parent.status) for parent in self.ancestors(step)}, f"{step.step_id} waits for nothing"
        if self.status == R.COMPLETED:
            assert self.statuses <= STEP_SATISFIED
            assert self.request.failure is None
        if self.status == R.CANCELLING:
            assert not self.statuses.isdisjoint(GOES_ON)
        if self.status == R.ROLLING_BACK:
            assert any(step.undo == WANTED and step.activity == Activity.UNDO for step in self.steps)
        if self.status == R.ROLLED_BACK:
            assert not any(step.undo for step in self.steps)
            assert all(step.status != S.COMPLETED or step.step_config["undo"] == "nothing" for step in self.steps)
        if self.status in BUILT | {R.FAILED} and self.waits_for_its_turn:
            assert self.status in (R.SUBMITTED, R.IN_PROGRESS)
        elif self.status in BUILT | {R.FAILED} and not self.taken_back:
            stands = overall((S(step.status), step.id in self.asked) for step in self.steps)
            assert self.status == stands or (self.status, stands) == (R.SUBMITTED, R.IN_PROGRESS)

    @property
    def waits_for_its_turn(self) -> bool:
        return not self.request.admitted and S.PENDING in self.statuses

    @property
    def taken_back(self) -> bool:
        """Whether some of it was rolled back, or kept from being so."""
        return any(step.undo == KEPT or step.status == S.ROLLED_BACK for step in self.steps)

    def nothing_is_built_before_everybody_has_agreed(self) -> None:
        asked = [one for one in self.approvals if one.status != A.VOID]
        waiting = [one for one in asked if one.status == A.PENDING]
        assert bool(waiting) == (self.status in BEFORE_BUILDING)
        assert all((one.next_at is None) == (self.status == R.NEEDS_INFO or bool(one.escalated_at)) for one in waiting)
        for one in asked:
            voted = {vote.person_id for vote in self.votes[one.id]}
            assert self.request.requester_id not in voted
            assert len({vote.person_id for vote in self.votes[one.id] if vote.vote == A.APPROVED}) <= one.needed
            if one.status == A.APPROVED:
                assert len(voted) >= one.needed
        if self.request.unapproved:
            assert self.statuses <= {S.PENDING, S.SKIPPED, S.CANCELLED}
            assert not any(self.attempts[step.id] for step in self.steps)
            assert not any(event.kind in ("step.ready", "step.running") for event in self.events)
        elif self.status not in (R.SUBMITTED, R.REJECTED):
            assert {one.status for one in asked} <= {A.APPROVED}

    def nothing_waits_for_nobody(self) -> None:
        assert all(count == 1 for count in Counter(t.step_id for t in self.tickets if t.status in TICKET_OPEN).values())
        for step in self.steps:
            if step.status in STEP_WAITS:
                assert (step.check_after is not None) != (step.id in self.asked), step.step_id
            elif step.id in self.asked:
                assert step.status == S.FAILED
            assert (step.status == S.RUNNING) == (step.lease_token is not None)
            if step.check_after is not None and step.status not in STEP_WAITS:
                assert (step.undo, step.activity) == (WANTED, Activity.UNDO)
            if step.undo == WANTED:
                assert self.status == R.ROLLING_BACK

    def nothing_is_begun_that_must_not_be(self) -> None:
        for step in self.steps:
            parents = {S(self.by_id[parent].status) for parent in step.depends_on}
            if step.status == S.READY:
                assert self.request.admitted
                assert self.status in BUILT
            if step.status in (S.READY, S.PENDING):
                assert self.request.failure is None
            if step.status == S.PENDING and self.request.admitted and self.status in BUILT:
                assert not parents <= STEP_SATISFIED, f"{step.step_id} was forgotten"

    def whoever_failed_has_asked_a_person(self) -> None:
        ever = {ticket.step_id for ticket in self.tickets}
        given_up = any(event.kind in ("request.cancel", "request.timeout", "ticket.rejected") for event in self.events)
        for step in self.steps:
            if step.status == S.FAILED and step.step_config["fallback_on_failure"]:
                assert step.id in ever or given_up

    def events_have_no_holes_and_agree_with_the_rows(self) -> None:
        assert [event.number for event in self.events] == list(range(1, self.request.last_event + 1))
        told = [REQUEST_TOLD[event.kind] for event in self.events if event.kind in REQUEST_TOLD]
        assert told[-1] == self.status
        done = [entry.action for entry in self.audit if entry.result == "done"]
        audited = Counter(action for action in done if action.startswith(OF_ROWS))
        happened = Counter(event.kind for event in self.events if event.kind.startswith(OF_ROWS))
        assert _without(happened) == _without(audited)
        last: dict[str, StepStatus] = {}
        for event in self.events:
            if event.kind in STEP_TOLD:
                last[event.step_id] = STEP_TOLD[event.kind]
        for step in self.steps:
            status = S(step.status)
            assert last.get(step.step_id, status) in QUIETLY.get(status, {status}), (step.step_id, last, status)

    def children_began_after_their_parents_had_ended(self) -> None:
        last: dict[str, StepStatus] = {}
        for step in self.steps:
            last[step.step_id] = S.PENDING
        for event in self.events:
            if event.kind not in STEP_TOLD:
                continue
            if event.kind == "step.running" and "activity" not in event.payload:
                assert {last[parent] for parent in self.by_id[event.step_id].depends_on} <= STEP_SATISFIED
            last[event.step_id] = STEP_TOLD[event.kind]

    def nothing_unknown_is_repeated_blindly(self) -> None:
        step_of = {ticket.ticket_id: ticket.step_id for ticket in self.tickets}
        unknown: dict[str, bool] = {}
        for event in self.events:
            if event.kind == "ticket.retried":
                unknown.update({s.step_id: False for s in self.steps if s.id == step_of[event.payload["ticket_id"]]})
            if event.kind == "step.ready" and unknown.get(event.step_id):
                assert "reason" in event.payload, f"{event.step_id} was begun again though nobody had found out"
            if event.kind in STEP_TOLD:
                unknown[event.step_id] = event.kind == "step.indeterminate"

    def undone_is_what_nothing_stands_on(self) -> None:
        for step in self.steps:
            if step.activity == Activity.UNDO or step.status == S.ROLLED_BACK:
                assert all(other.undo != WANTED or self.had_stayed(other) for other in self.descendants(step.step_id))
            if step.status == S.ROLLED_BACK:
                assert (step.undo, step.activity, step.handle) == (None, Activity.RUN, {})

    def each_attempt_was_meant_before_it_began(self) -> None:
        for step in self.steps:
            attempts = self.attempts.get(step.id, ())
            assert [attempt.attempt_number for attempt in attempts] == list(range(1, step.attempt + 1))
            ended = [AttemptStatus(attempt.status) for attempt in attempts]
            done = [attempt.idempotency_key for attempt in attempts if attempt.status == AttemptStatus.COMPLETED]
            assert len(done) == len(set(done)), "one wish came true twice"
            if not step.step_config.get("repeatable"):
                assert len(done) <= 1
            assert (AttemptStatus.RUNNING in ended) == (step.status == S.RUNNING and step.activity == Activity.RUN)
            keys = [attempt.idempotency_key for attempt in attempts]
            assert keys == sorted(keys, key=lambda key: int(key.rpartition(":")[2])), "a key came back"


def _without(counted: Counter[str]) -> Counter[str]:
    return Counter({kind: count for kind, count in counted.items() if kind not in UNAUDITED})


def read(house: House) -> list[Case]:
    """Every request with its rows, the oldest first. Eight statements."""
    steps, attempts, tickets, events, audit, approvals, votes = (defaultdict(list) for _ in range(7))
    with house.engine.connect() as connection:
        requests = list(connection.execute(select(REQUEST).order_by(REQUEST.c.number)))
        for row in connection.execute(select(STEP).order_by(STEP.c.position)):
            steps[row.request_id].append(row)
        for row in connection.execute(select(ATTEMPT).order_by(ATTEMPT.c.attempt_number)):
            attempts[row.step_id].append(row)
        for row in connection.execute(select(TICKET).order_by(TICKET.c.created_at)):
            tickets[row.request_id].append(row)
        for row in connection.execute(select(EVENT).order_by(EVENT.c.number)):
            events[row.request_id].append(row)
        for row in connection.execute(select(APPROVAL).order_by(APPROVAL.c.created_at, APPROVAL.c.position)):
            approvals[row.request_id].append(row)
        for row in connection.execute(select(VOTE)):
            votes[row.approval_id].append(row)
        # What earlier courses left in the audit log stays there.
        since = requests[0].created_at if requests else func.now()
        entries = select(AUDIT).where(AUDIT.c.occurred_at >= since, AUDIT.c.target.startswith("request:"))
        for row in connection.execute(entries):
            audit[row.target.removeprefix("request:").partition("/")[0]].append(row)
    return [
        Case(
            request,
            steps[request.id],
            {step.id: attempts[step.id] for step in steps[request.id]},
            tickets[request.id],
            events[request.id],
            audit[request.request_id],
            approvals[request.id],
            {one.id: votes[one.id] for one in approvals[request.id]},
        )
        for request in requests
    ]


def counters_are_what_requests_hold(house: House, cases: Sequence[Case]) -> None:
    """Every counter of quotas is what a recount of the requests comes to."""
    for case in cases:
        assert case.request.quota_state in case.quota_states, (case.status, case.request.quota_state)
    for counter in house.rows(select(QUOTA_COUNTER)):
        mine = [case.request for case in cases if f"team:{case.request.requester_team}" == counter.holder]
        for state, counted in (("used", counter.used), ("reserved", counter.reserved)):
            assert counted == sum(row.quota_takes.get(counter.resource, 0) for row in mine if row.quota_state == state)


def check(house: House, team_most: int, item_most: Mapping[str, int]) -> list[Case]:
    """Everything that must hold of all requests together."""
    cases = read(house)
    for case in cases:
        case.check()
    counters_are_what_requests_hold(house, cases)
    built = [case.request for case in cases if case.status in BUILT and case.request.admitted]
    assert all(count <= team_most for count in Counter(request.requester_team for request in built).values())
    by_item = Counter(request.catalog_name for request in built)
    assert all(by_item[name] <= most for name, most in item_most.items())
    return cases
