"""What a decision will do, before it is taken: the question, what follows, and what becomes of each step. Pure."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from app.core.decisions import BADLY, from_here_on, kept, runs_again, to_undo, undone_by_person
from app.core.statuses import STEP_SATISFIED, ManagedBy, StepStatus
from app.queries.decisions import again
from app.queries.shapes import Step
from app.web.filters import plural
from app.web.labels import Label, label
from app.web.phrases import CHECKS, listed
from app.web.requests.case import Case

NOTHING_MOVES = frozenset({StepStatus.PENDING, StepStatus.READY})


@dataclass(frozen=True, slots=True)
class Effect:
    """What becomes of one step. label: in two or three words; text: how, a sentence or nothing."""

    title: str
    label: Label
    text: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A decision as its page asks for it. yes, no: words of the buttons; kind: of the first one. why: the label of the reason,
    empty where none is asked for; help: who reads it.
    """

    decision: str
    title: str
    question: str
    text: str
    effects: Sequence[Effect]
    yes: str
    no: str
    kind: str = ""
    why: str = ""
    help: str = ""


def _said(code: str, words: str) -> Label:
    seen = label(code)
    return Label(seen.tone, seen.glyph, words)


KEPT = _said("completed", "Is kept")
NOT_BEGUN = _said("cancelled", "Is not begun")
STOPS = _said("running", "Is asked to stop")
OUTSIDE: Mapping[str, str] = {
    "TerraformFile": "Terraform is interrupted and may finish the resource that it is at.",
    "GitHubWorkflow": "GitHub is asked to cancel the run.",
}
ALREADY_SENT = "What was sent already may still take effect; then it is kept."


def cancel(case: Case) -> Ask:
    """What cancelling stops and what it keeps."""
    title = case.detail.summary.title
    return Ask(
        "cancel",
        f"Cancel {title}",
        f"Cancel {title}?",
        "What has not begun never begins, and what runs is asked to stop. What is made already stays: it can be rolled back "
        "afterwards, or the request resumed.",
        [effect for one in _all(case) if (effect := _stopped(case, one)) is not None],
        yes="Cancel request",
        no="Keep it",
        kind="danger",
        why="Why is it cancelled?",
        help=_readers(case),
    )


def _stopped(case: Case, step: Step) -> Effect | None:
    """What cancelling does to a step; None where it is nothing to speak of."""
    ticket = case.ticket_of(step.step_id)
    if step.status == StepStatus.COMPLETED:
        return Effect(step.title, KEPT) if step.kind == "step" else None
    if step.status == StepStatus.INDETERMINATE or (ticket and ticket.type == "unknown"):
        who = f"{ticket.ticket_id} stays open for {ticket.owner_team}. " if ticket else ""
        return Effect(step.title, _said("indeterminate", "Is found out first"), f"{who}Nobody knows yet what became of it.")
    if ticket is not None:
        return Effect(step.title, _said("cancelled", "Is given up"), f"{ticket.ticket_id} of {ticket.owner_team} ends.")
    if step.status in NOTHING_MOVES or step.retry_at is not None:
        return Effect(step.title, NOT_BEGUN)
    if step.status in (StepStatus.RUNNING, StepStatus.VERIFYING, StepStatus.WAITING):
        return Effect(step.title, STOPS, OUTSIDE.get(step.type, "" if step.type in CHECKS else ALREADY_SENT))
    return None


def rollback(case: Case) -> Ask:
    """What rolling back destroys, what a person must undo, and what is left as it is."""
    title = case.detail.summary.title
    undone = list(_undone(case))
    return Ask(
        "rollback",
        f"Roll back {title}",
        f"Roll {title} back?",
        "What this request made is taken back, whatever was built last first. Its outputs lead nowhere after that. This cannot "
        "be undone.",
        undone
        + [
            Effect(one.title, _said("skipped", "Stays as it is"), "It made nothing that is to be taken back.")
            for one in _untouched(case)
        ],
        yes="Roll back",
        no="Keep it",
        kind="danger",
        why="Why is it rolled back?",
        help=_readers(case),
    )


def _undone(case: Case) -> Iterable[Effect]:
    """The steps that are undone, in the order in which that goes: nothing before what was built on it."""
    wanted = {one.step_id for one in to_undo(case.detail.look)}
    for step in reversed(case.detail.steps):
        if step.step_id in wanted:
            yield _taken_back(step)


def _taken_back(step: Step) -> Effect:
    if undone_by_person(step.look):
        why = "It was made by hand." if step.managed_by == ManagedBy.PERSON else "Its catalog entry names no way to undo it."
        return Effect(
            step.title, Label("person", "person", "Becomes a ticket"), f"{step.owner_team} is asked to undo it. {why}"
        )
    if step.undo_how == "rollback":
        return Effect(step.title, _said("rolled_back", "Is undone"), "By the step that its catalog entry names for that.")
    partly = "" if step.status == StepStatus.COMPLETED else " It had not ended well: whatever is there of it is destroyed."
    return Effect(step.title, Label("failed", "undone", "Is destroyed"), f"Terraform destroys what it made.{partly}")


def _untouched(case: Case) -> list[Step]:
    wanted = {one.step_id for one in to_undo(case.detail.look)}
    return [one for one in case.detail.steps if one.status == StepStatus.COMPLETED and one.step_id not in wanted]


def retry(case: Case) -> Ask:
    """Which failed steps run again and which finished ones are kept."""
    title = case.detail.summary.title
    mine = {one.step_id for one in again(case.detail, case.viewer.person)}
    return Ask(
        "retry",
        f"Try {title} again",
        f"Try {title} again?",
        f"What failed runs again with the same inputs, then what waits for it. {_keeps(case)}",
        _goes_on(case, mine),
        yes="Try again",
        no="Leave it as it is",
        kind="go",
    )


def resume(case: Case) -> Ask:
    """What is still to be done and what is kept."""
    title = case.detail.summary.title
    failed = {one.step_id for one in _all(case) if one.status in BADLY}
    return Ask(
        "resume",
        f"Resume {title}",
        f"Resume {title}?",
        f"It goes on with what it has not done. {_keeps(case)}",
        _goes_on(case, failed),
        yes="Resume request",
        no="Leave it as it is",
        kind="go",
    )


def retry_step(case: Case, step: Step) -> Ask:
    """One failed step that runs again."""
    ticket = case.ticket_of(step.step_id)
    ends = f" {ticket.ticket_id} ends; if {step.title} fails again, a new ticket opens." if ticket else ""
    return Ask(
        "retry",
        f"Run {step.title} again",
        f"Run {step.title} again?",
        f"It runs as attempt {step.attempt + 1} with the same inputs. {_keeps(case)}{ends}",
        (),
        yes=f"Run {step.title} again",
        no=f"Leave it with {ticket.owner_team}" if ticket else "Leave it as it is",
        kind="go",
    )


def retry_from(case: Case, step: Step) -> Ask:
    """One step and what stands on it, which run again; whatever else is done is kept."""
    look = case.detail.look
    mine = {one.step_id for one in from_here_on(look, step.step_id)}
    number = len(runs_again(look, step.step_id))
    keeps = plural(kept(look, mine), "finished step is", "finished steps are")
    return Ask(
        "from",
        f"Run again from {step.title} on",
        f"Run again from {step.title} on?",
        f"{plural(number, 'step runs', 'steps run')} again with the same inputs, then what waits for them. {keeps} kept.",
        [effect for one in _all(case) if (effect := _runs(case, one, mine)) is not None],
        yes="Run again from here",
        no="Leave it as it is",
        kind="go",
    )


def _runs(case: Case, step: Step, mine: set[str]) -> Effect | None:
    """What a run from an earlier step on does to a step."""
    ticket = case.ticket_of(step.step_id)
    if step.step_id in mine and step.attempt and step.status != StepStatus.SKIPPED:
        ends = f" {ticket.ticket_id} ends." if ticket else ""
        done = " What it yielded is forgotten." if step.status == StepStatus.COMPLETED and step.kind == "step" else ""
        return Effect(step.title, _said("running", "Runs again"), f"As attempt {step.attempt + 1}.{done}{ends}")
    return _goes(case, step, set())


def skip(case: Case, step: Step) -> Ask:
    """One step that is left out, and what goes on without it."""
    ticket = case.ticket_of(step.step_id)
    ends = f" {ticket.ticket_id} ends with it." if ticket else ""
    waiting = [one.title for one in _all(case) if step.step_id in one.depends_on and one.status not in STEP_SATISFIED]
    goes_on = f" {listed(waiting)} {'goes' if len(waiting) == 1 else 'go'} on without it." if waiting else ""
    made = f" What {step.title} may have made until now stays." if step.attempt and step.kind == "step" else ""
    return Ask(
        "skip",
        f"Leave out {step.title}",
        f"Leave {step.title} out?",
        f"The request goes on as if it were done, without its outputs.{goes_on}{ends}{made} This cannot be undone.",
        (),
        yes=f"Leave out {step.title}",
        no="Keep it",
        kind="danger",
        why="Why is it left out?",
        help=_readers(case),
    )


def _goes_on(case: Case, failed: set[str]) -> list[Effect]:
    return [effect for one in _all(case) if (effect := _goes(case, one, failed)) is not None]


def _goes(case: Case, step: Step, failed: set[str]) -> Effect | None:
    ticket = case.ticket_of(step.step_id)
    if step.step_id in failed:
        ends = f"{ticket.ticket_id} ends." if ticket else ""
        return Effect(step.title, _said("running", "Runs again"), f"As attempt {step.attempt + 1}. {ends}".strip())
    if step.status == StepStatus.COMPLETED:
        return Effect(step.title, KEPT) if step.kind == "step" else None
    if step.status in (StepStatus.PENDING, StepStatus.CANCELLED):
        return Effect(step.title, _said("pending", "Is built after that" if failed else "Is built"))
    if ticket is not None:
        return Effect(step.title, label("awaiting_manual", who=case.viewer.holder(ticket)), f"{ticket.ticket_id} stays open.")
    return None


def _keeps(case: Case) -> str:
    kept = case.kept
    return f"{plural(len(kept), 'finished step is', 'finished steps are')} kept." if kept else "Nothing is finished yet."


def _readers(case: Case) -> str:
    return f"{case.detail.summary.requester_name}, the team and the platform teams read this."


def _all(case: Case) -> Sequence[Step]:
    """Steps and checks in the order in which they run."""
    return sorted((*case.detail.steps, *case.detail.checks), key=lambda one: one.position)


OF_REQUEST: Mapping[str, Callable[[Case], Ask]] = {"cancel": cancel, "retry": retry, "resume": resume, "rollback": rollback}
OF_STEP: Mapping[str, Callable[[Case, Step], Ask]] = {"retry": retry_step, "from": retry_from, "skip": skip}
"""By the word at the end of the page's address."""
