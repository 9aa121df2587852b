"""Every status and its legal moves, once.

Request::

    submitted -> pending_approval -> in_progress <-> awaiting_manual -> completed
        \\------------------------^      |                 |
                                        +-> failed <------+        failed | cancelled -> in_progress (retry, resume)
    any open state -> cancelling -> cancelled (or completed, where nothing was left to stop)
    completed | failed | cancelled -> rolling_back -> rolled_back | failed (something had to stay)
    pending_approval -> rejected | needs_info -> pending_approval

Step::

    pending -> ready -> running -> completed | failed | indeterminate | cancelled (stopped) | ready (nothing had happened)
                 ^         |-> verifying -> completed | failed | indeterminate | waiting
                 |         `-> waiting (a poll, a ticket or a delayed retry) -> running (poll) | ready (retry)
                 `-- failed | indeterminate | waiting   (retry)
    failed | indeterminate | waiting -> completed (a person resolved its ticket) | skipped (a person left it out)
    failed | indeterminate -> waiting (what a person made is taken over) -> running -> completed | failed | indeterminate
    completed | skipped | failed | indeterminate -> pending (run again from an earlier step on)
    pending -> skipped     pending | ready | waiting | failed | indeterminate -> cancelled -> pending (resume)
    indeterminate -> running (probe)
    completed | failed | cancelled | skipped -> running | waiting (undo) -> rolled_back | completed | cancelled (it stays)

Ticket::

    open -> claimed -> resolved | rejected | retried     claimed -> open (release)     open -> resolved | rejected | retried
    open | claimed -> adopting (a worker takes over what a person made) -> resolved | open | claimed | rejected

Plan of a step::

    asked -> running -> made | failed | lost (its worker died) | asked (handed back)     asked -> failed (the step runs again)
    made | failed | lost -> asked

Approval::

    pending -> approved | rejected | sent_back | void (nobody has to say anything any more)     approved -> void (order changed)
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from app.errors import IllegalMove


class RequestStatus(StrEnum):
    """How an order stands."""

    SUBMITTED = "submitted"
    PENDING_APPROVAL = "pending_approval"
    NEEDS_INFO = "needs_info"
    IN_PROGRESS = "in_progress"
    AWAITING_MANUAL = "awaiting_manual"
    CANCELLING = "cancelling"
    ROLLING_BACK = "rolling_back"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    REJECTED = "rejected"
    ROLLED_BACK = "rolled_back"


class StepStatus(StrEnum):
    """How one planned step stands."""

    PENDING = "pending"
    READY = "ready"
    RUNNING = "running"
    VERIFYING = "verifying"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"
    SKIPPED = "skipped"
    CANCELLED = "cancelled"
    ROLLED_BACK = "rolled_back"


class Activity(StrEnum):
    """What a claim of a step is for."""

    RUN = "run"
    POLL = "poll"
    VERIFY = "verify"
    PROBE = "probe"
    UNDO = "undo"
    ADOPT = "adopt"
    PLAN = "plan"
    """See what a run would change. The claim is of the plan asked for (`models.plans`): its step stays what it is."""


class PlanStatus(StrEnum):
    """How a plan of what a run would change stands."""

    ASKED = "asked"
    RUNNING = "running"
    MADE = "made"
    FAILED = "failed"
    LOST = "lost"


class ManagedBy(StrEnum):
    """Who looks after what a step has made, and takes it back."""

    AUTOMATION = "automation"
    PERSON = "person"


class AttemptStatus(StrEnum):
    """How one attempt of a step ended, or that it goes on."""

    RUNNING = "running"
    WAITING = "waiting"
    COMPLETED = "completed"
    FAILED = "failed"
    INDETERMINATE = "indeterminate"
    CANCELLED = "cancelled"


class TicketStatus(StrEnum):
    """How work for a person stands."""

    OPEN = "open"
    CLAIMED = "claimed"
    ADOPTING = "adopting"
    RESOLVED = "resolved"
    REJECTED = "rejected"
    RETRIED = "retried"


class ApprovalStatus(StrEnum):
    """How an agreement stands that a request needs."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"
    SENT_BACK = "sent_back"
    VOID = "void"


R, S, T, A, P = RequestStatus, StepStatus, TicketStatus, ApprovalStatus, PlanStatus
Status = TypeVar("Status", bound=StrEnum)

REQUEST_MOVES: Mapping[RequestStatus, frozenset[RequestStatus]] = {
    R.SUBMITTED: frozenset(
        {R.PENDING_APPROVAL, R.IN_PROGRESS, R.AWAITING_MANUAL, R.COMPLETED, R.FAILED, R.CANCELLING, R.CANCELLED}
    ),
    R.PENDING_APPROVAL: frozenset({R.IN_PROGRESS, R.REJECTED, R.NEEDS_INFO, R.CANCELLING, R.CANCELLED}),
    R.NEEDS_INFO: frozenset({R.PENDING_APPROVAL, R.REJECTED, R.CANCELLING, R.CANCELLED}),
    R.IN_PROGRESS: frozenset({R.AWAITING_MANUAL, R.COMPLETED, R.FAILED, R.CANCELLING}),
    R.AWAITING_MANUAL: frozenset({R.IN_PROGRESS, R.COMPLETED, R.FAILED, R.CANCELLING}),
    R.CANCELLING: frozenset({R.CANCELLED, R.COMPLETED, R.ROLLING_BACK}),
    R.ROLLING_BACK: frozenset({R.ROLLED_BACK, R.FAILED}),
    R.COMPLETED: frozenset({R.ROLLING_BACK}),
    R.FAILED: frozenset({R.IN_PROGRESS, R.ROLLING_BACK}),
    R.CANCELLED: frozenset({R.ROLLING_BACK, R.IN_PROGRESS}),
    R.REJECTED: frozenset(),
    R.ROLLED_BACK: frozenset(),
}

STEP_MOVES: Mapping[StepStatus, frozenset[StepStatus]] = {
    S.PENDING: frozenset({S.READY, S.SKIPPED, S.CANCELLED}),
    S.READY: frozenset({S.RUNNING, S.CANCELLED}),
    S.RUNNING: frozenset({S.VERIFYING, S.WAITING, S.COMPLETED, S.FAILED, S.INDETERMINATE, S.CANCELLED, S.ROLLED_BACK, S.READY}),
    S.VERIFYING: frozenset({S.COMPLETED, S.FAILED, S.INDETERMINATE, S.WAITING}),
    S.WAITING: frozenset({S.RUNNING, S.READY, S.COMPLETED, S.FAILED, S.SKIPPED, S.CANCELLED, S.ROLLED_BACK}),
    S.FAILED: frozenset({S.READY, S.PENDING, S.RUNNING, S.WAITING, S.COMPLETED, S.SKIPPED, S.CANCELLED}),
    S.INDETERMINATE: frozenset({S.RUNNING, S.WAITING, S.READY, S.PENDING, S.COMPLETED, S.FAILED, S.SKIPPED, S.CANCELLED}),
    S.COMPLETED: frozenset({S.PENDING, S.RUNNING, S.WAITING, S.ROLLED_BACK}),
    S.SKIPPED: frozenset({S.PENDING, S.RUNNING, S.WAITING}),
    S.CANCELLED: frozenset({S.PENDING, S.RUNNING, S.WAITING}),
    S.ROLLED_BACK: frozenset(),
}

TICKET_MOVES: Mapping[TicketStatus, frozenset[TicketStatus]] = {
    T.OPEN: frozenset({T.CLAIMED, T.ADOPTING, T.RESOLVED, T.REJECTED, T.RETRIED}),
    T.CLAIMED: frozenset({T.OPEN, T.ADOPTING, T.RESOLVED, T.REJECTED, T.RETRIED}),
    T.ADOPTING: frozenset({T.OPEN, T.CLAIMED, T.RESOLVED, T.REJECTED}),
    T.RESOLVED: frozenset(),
    T.REJECTED: frozenset(),
    T.RETRIED: frozenset(),
}

APPROVAL_MOVES: Mapping[ApprovalStatus, frozenset[ApprovalStatus]] = {
    A.PENDING: frozenset({A.APPROVED, A.REJECTED, A.SENT_BACK, A.VOID}),
    A.APPROVED: frozenset({A.VOID}),
    A.REJECTED: frozenset(),
    A.SENT_BACK: frozenset(),
    A.VOID: frozenset(),
}

PLAN_MOVES: Mapping[PlanStatus, frozenset[PlanStatus]] = {
    P.ASKED: frozenset({P.RUNNING, P.FAILED}),
    P.RUNNING: frozenset({P.MADE, P.FAILED, P.LOST, P.ASKED}),
    P.MADE: frozenset({P.ASKED}),
    P.FAILED: frozenset({P.ASKED}),
    P.LOST: frozenset({P.ASKED}),
}

REQUEST_ENDED = frozenset({R.COMPLETED, R.FAILED, R.CANCELLED, R.REJECTED, R.ROLLED_BACK})
STEP_SATISFIED = frozenset({S.COMPLETED, S.SKIPPED})
STEP_MOVING = frozenset({S.READY, S.RUNNING, S.VERIFYING})
STEP_WAITS = frozenset({S.WAITING, S.INDETERMINATE})
"""With a ticket they wait for a person; without one the engine looks again by itself."""
PLAN_COMES = frozenset({P.ASKED, P.RUNNING})
"""A plan is about to be there."""
TICKET_OPEN = frozenset({T.OPEN, T.CLAIMED})
TICKET_GOES_ON = TICKET_OPEN | {T.ADOPTING}
"""It has not ended: it waits for a person, or for a worker that takes over what a person made."""
BEFORE_BUILDING = frozenset({R.PENDING_APPROVAL, R.NEEDS_INFO})
"""Somebody has to agree first: it is nobody's turn yet, and no time of building runs."""


def sources(moves: Mapping[Status, frozenset[Status]], target: Status, *only: Status) -> frozenset[Status]:
    """The statuses from which `target` may be reached; with `only`, those named, each checked against the table.

    Raises IllegalMove when a named source may not move to `target`, or when nothing may.
    """
    legal = frozenset(status for status, targets in moves.items() if target in targets)
    illegal = frozenset(only) - legal
    if illegal or not legal:
        raise IllegalMove(f"no move from {', '.join(sorted(illegal)) or 'anywhere'} to {target}")
    return frozenset(only) or legal


def overall(steps: Iterable[tuple[StepStatus, bool]]) -> RequestStatus:
    """What a request is, from its steps as `(status, has an open ticket)`.

    In progress while anything moves or waits for something other than a person; then with people while a ticket is open;
    then failed if any step did not end well, else completed. Steps that are still pending at the end wait behind a step
    that did not end well. An unknown outcome without a ticket is about to be probed.
    """
    seen = list(steps)
    if any(status in STEP_MOVING or (status in STEP_WAITS and not ticket) for status, ticket in seen):
        return R.IN_PROGRESS
    if any(ticket for _, ticket in seen):
        return R.AWAITING_MANUAL
    return R.COMPLETED if all(status in STEP_SATISFIED for status, _ in seen) else R.FAILED
