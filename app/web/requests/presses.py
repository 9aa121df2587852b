"""What the viewer of a request may press: the decisions that make sense now and are theirs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.decisions import CANCELLABLE, RUNS_AGAIN
from app.core.statuses import RequestStatus
from app.queries.decisions import again
from app.web.requests.case import Case


@dataclass(frozen=True, slots=True)
class Press:
    """A button that asks first. decision: as the address of its page says it; kind, icon: of the button."""

    decision: str
    words: str
    kind: str = ""
    icon: str = ""


ROLL_BACK = Press("rollback", "Roll back…", "danger")


def in_head(case: Case) -> Sequence[Press]:
    """What stands beside the title: ends a request that goes on, takes back one that is done."""
    status, refused = case.detail.summary.status, case.refused
    if status in CANCELLABLE and refused.cancel is None:
        return [Press("cancel", "Cancel request…")]
    if status == RequestStatus.COMPLETED and refused.rollback is None:
        return [ROLL_BACK]
    return []


def in_panel(case: Case) -> Sequence[Press]:
    """What stands below the words about where it stands: goes on after a failure, or takes back what there is."""
    status, refused = case.detail.summary.status, case.refused
    found: list[Press] = []
    if status in RUNS_AGAIN and refused.retry is None and (words := _again(case)):
        found.append(Press("retry", words, "go" if case.detail.summary.ended else "", "rotate-ccw"))
    elif refused.resume is None:
        found.append(Press("resume", "Resume…", "go", "rotate-ccw"))
    if status in (RequestStatus.FAILED, RequestStatus.CANCELLED) and refused.rollback is None:
        found.append(ROLL_BACK)
    return found


def _again(case: Case) -> str:
    """A single failed step of a request that goes on has a button of its own."""
    if case.detail.summary.ended:
        return "Try again…"
    number = len(again(case.detail, case.viewer.person))
    return f"Try all {number} again…" if number > 1 else ""
