"""What may be decided about a request, by how it stands: one reason for people why not, or None. Pure.

Who may is `core.access`; this says whether it makes any sense. Use cases refuse by it, pages and API show buttons by it.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from app.core.statuses import REQUEST_ENDED, STEP_SATISFIED, TICKET_OPEN, ManagedBy, RequestStatus, StepStatus
from app.core.step_params import Undo

CANCELLABLE = frozenset(
    {
        RequestStatus.SUBMITTED,
        RequestStatus.PENDING_APPROVAL,
        RequestStatus.NEEDS_INFO,
        RequestStatus.IN_PROGRESS,
        RequestStatus.AWAITING_MANUAL,
    }
)
RESUMABLE = frozenset({RequestStatus.FAILED, RequestStatus.CANCELLED})
UNDOABLE = frozenset({RequestStatus.COMPLETED, RequestStatus.FAILED, RequestStatus.CANCELLED})
RUNS_AGAIN = frozenset({RequestStatus.IN_PROGRESS, RequestStatus.AWAITING_MANUAL, RequestStatus.FAILED})
"""The states of a request in which a step that ended badly may be run again or left out."""
BADLY = frozenset({StepStatus.FAILED, StepStatus.INDETERMINATE})
NOTHING_MOVES = frozenset({RequestStatus.AWAITING_MANUAL, RequestStatus.FAILED})
"""The states of a request in which it can be run again from a step on: nothing of it runs that could be overtaken."""
HAS_RUN = BADLY | {StepStatus.COMPLETED}
PARTLY = frozenset({StepStatus.FAILED, StepStatus.CANCELLED, StepStatus.SKIPPED})
"""States of steps that may have made a part of what they were to make."""
ENDING = "it is being ended: what still runs, or is not known yet, is waited for"


@dataclass(frozen=True, slots=True)
class StepLook:
    """One step as a decision sees it.

    read_by: ids of the steps whose templates read its outputs. unsure: nobody ever found out what became of its last attempt.
    depends_on: ids of the steps that it waits for. repeatable: its catalog entry lets it run again after it was done.
    took_effect: it was done once, was to run again, and has not been done since: what it had made may be there still.
    """

    step_id: str
    title: str
    kind: str
    status: StepStatus
    attempt: int
    undo_how: Undo
    undo: str | None = None
    managed_by: str | None = None
    ticket_status: str | None = None
    ticket_type: str | None = None
    read_by: tuple[str, ...] = ()
    unsure: bool = False
    depends_on: tuple[str, ...] = ()
    repeatable: bool = False
    took_effect: bool = False

    @property
    def has_ticket(self) -> bool:
        """Whether a person is asked about it now."""
        return self.ticket_status in TICKET_OPEN


@dataclass(frozen=True, slots=True)
class Look:
    """A request as a decision sees it. given_up: a person, or a timeout, has ended it; what still runs is waited for.

    unapproved: somebody had to agree to it and has not.
    """

    status: RequestStatus
    steps: Sequence[StepLook]
    given_up: bool = False
    unapproved: bool = False

    def step(self, step_id: str) -> StepLook | None:
        """The step of that id."""
        return next((one for one in self.steps if one.step_id == step_id), None)


def refuses_cancel(look: Look) -> str | None:
    """Why the request cannot be cancelled. One that is being cancelled, or was, refuses nothing: it is done already."""
    if look.status in CANCELLABLE or look.status in (RequestStatus.CANCELLING, RequestStatus.CANCELLED):
        return None
    if look.status == RequestStatus.ROLLING_BACK:
        return "it is being rolled back"
    return f"it has ended: it is {look.status}"


def refuses_retry(look: Look) -> str | None:
    """Why nothing of the request can be run again."""
    if reason := _not_now(look, RUNS_AGAIN):
        return reason
    reasons = [_not_known_yet(one) for one in look.steps if one.status in BADLY]
    if not reasons:
        return "no step has failed"
    return None if None in reasons else reasons[0]


def refuses_resume(look: Look) -> str | None:
    """Why the request cannot go on with what it has not done."""
    if reason := _not_now(look, RUNS_AGAIN | RESUMABLE):
        return reason
    if look.status not in RESUMABLE:
        return "it goes on already"
    if look.unapproved:
        return "nobody had agreed to it: order it again"
    if all(one.status in STEP_SATISFIED for one in look.steps):
        return "every step is done"
    return None


def refuses_rollback(look: Look) -> str | None:
    """Why the request cannot be rolled back. One that is being rolled back, or was, refuses nothing: it is done already."""
    if look.status in (RequestStatus.ROLLING_BACK, RequestStatus.ROLLED_BACK):
        return None
    if look.status in REQUEST_ENDED - UNDOABLE:
        return f"it is {look.status}"
    if look.status not in UNDOABLE:
        ending = look.given_up or look.status == RequestStatus.CANCELLING
        return ENDING if ending else "cancel it first: it has not ended"
    if not any(True for _ in to_undo(look)):
        return "it made nothing that could be taken back"
    return None


def to_undo(look: Look) -> Iterator[StepLook]:
    """The steps that a roll back undoes: those that took effect, and those that may have taken effect in part."""
    for one in look.steps:
        if one.kind == "step" and one.undo_how != "nothing" and (one.status == StepStatus.COMPLETED or may_be_there(one)):
            yield one


def may_be_there(step: StepLook) -> bool:
    """Whether a step that did not end well may have left something: a run of Terraform that was stopped, an unknown call, what
    it had made before it was to run again.
    """
    if step.took_effect and step.status in PARTLY | {StepStatus.PENDING}:
        return True
    begun = step.status in PARTLY and step.attempt > 0
    return begun and (step.undo_how == "own" or step.unsure)


def undone_by_person(step: StepLook) -> bool:
    """Whether a ticket asks a person to undo the step, instead of a machine."""
    return (
        step.managed_by == ManagedBy.PERSON
        or step.undo_how == "person"
        or ((step.unsure or step.took_effect) and step.undo_how != "own")
    )


def refuses_step_retry(look: Look, step_id: str) -> str | None:
    """Why this step cannot be run again."""
    if reason := _not_now(look, RUNS_AGAIN):
        return reason
    step = look.step(step_id)
    if step is None:
        return "there is no such step"
    if step.status not in BADLY:
        return f"it is {step.status}: only a step that failed can be run again"
    return _not_known_yet(step)


def from_here_on(look: Look, step_id: str) -> list[StepLook]:
    """A step and everything that stands on it, directly or through others, checks among it, in the order of the request."""
    found = {step_id}
    while more := {one.step_id for one in look.steps if found.intersection(one.depends_on)} - found:
        found |= more
    return [one for one in look.steps if one.step_id in found]


def runs_again(look: Look, step_id: str) -> list[StepLook]:
    """Those of a run from this step on that have run before: steps, without checks."""
    return [one for one in from_here_on(look, step_id) if one.kind == "step" and one.status in HAS_RUN]


def refuses_from(look: Look, step_id: str) -> str | None:
    """Why the request cannot be run again from this step on."""
    if reason := _not_now(look, RUNS_AGAIN):
        return reason
    step = look.step(step_id)
    if step is None or step.kind != "step":
        return "there is no such step"
    if look.status not in NOTHING_MOVES:
        return "it is being built: wait until nothing of it runs"
    if step.status not in HAS_RUN:
        return f"it is {step.status}: only a step that has run can be run again"
    if any(one.undo is not None for one in look.steps):
        return "what it had made was to be taken back: order it anew"
    return _not_repeatable(from_here_on(look, step_id))


def _not_repeatable(steps: Sequence[StepLook]) -> str | None:
    """Which of the steps keep the others from running again, and why."""
    if reason := next((reason for one in steps if (reason := _not_known_yet(one))), None):
        return reason
    done = [one for one in steps if one.kind == "step" and one.status == StepStatus.COMPLETED]
    refusals = [
        ([one for one in steps if one.status == StepStatus.WAITING], "waits", "wait", "for a person: that comes first"),
        ([one for one in done if one.managed_by == ManagedBy.PERSON], "was", "were", "made by hand, which no machine repeats"),
        ([one for one in done if not one.repeatable], "is", "are", "not declared repeatable"),
    ]
    told = [
        f"{', '.join(one.title for one in which)} {s if len(which) == 1 else p} {why}" for which, s, p, why in refusals if which
    ]
    return "; ".join(told) or None


def refuses_skip(look: Look, step_id: str) -> str | None:
    """Why this step cannot be left out."""
    if reason := _not_now(look, RUNS_AGAIN):
        return reason
    step = look.step(step_id)
    if step is None:
        return "there is no such step"
    waits = step.status == StepStatus.WAITING and step.has_ticket
    if step.status not in BADLY and not waits:
        return f"it is {step.status}: only a step that failed or waits for a person can be left out"
    if reason := _not_known_yet(step):
        return reason
    readers = [one.title for one in look.steps if one.step_id in step.read_by and one.status not in STEP_SATISFIED]
    if readers:
        return f"{', '.join(readers)} {'needs' if len(readers) == 1 else 'need'} what it yields"
    return None


def _not_known_yet(step: StepLook) -> str | None:
    """Why a step that ended badly is left alone: nobody can decide about it before it is known what became of it."""
    if step.status == StepStatus.INDETERMINATE and not step.has_ticket:
        return "we are still finding out what became of it"
    return None


def _not_now(look: Look, states: Collection[RequestStatus]) -> str | None:
    """Why nothing of the request can go on, whichever step it is about. states: those in which it could."""
    if look.status == RequestStatus.CANCELLING:
        return "it is being cancelled"
    if look.status == RequestStatus.ROLLING_BACK:
        return "it is being rolled back"
    if look.status not in states:
        return f"it is {look.status}"
    if look.given_up and look.status not in REQUEST_ENDED:
        return ENDING
    if any(one.status == StepStatus.ROLLED_BACK for one in look.steps):
        return "what it had made was taken back: order it anew"
    return None


def kept(look: Look, without: Collection[str] = ()) -> int:
    """How many finished steps keep what they made when the request goes on. without: ids of those that run again."""
    done = (one for one in look.steps if one.kind == "step" and one.status == StepStatus.COMPLETED)
    return sum(1 for one in done if one.step_id not in without)


def again(look: Look) -> int:
    """How many steps have run, and wait to be run again."""
    waits = {StepStatus.PENDING, StepStatus.READY}
    return sum(1 for one in look.steps if one.kind == "step" and one.attempt > 0 and one.status in waits)
