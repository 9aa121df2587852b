"""What running a step again would change, in words: the plan as the pages of a retry and of a ticket show it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.core.statuses import PlanStatus
from app.core.step_plan import ACTIONS, ELSEWHERE
from app.lifecycle.engine.planning import SeenPlan
from app.web.filters import plain, plural, sentence
from app.web.labels import Label, label
from app.web.phrases import listed
from app.web.requests.case import Viewer

SAID: Mapping[str, Label] = {
    "create": Label("done", "done", "Is created"),
    "update": Label("idle", "undone", "Is changed"),
    "replace": Label("failed", "undone", "Is destroyed and created anew"),
    "delete": Label("failed", "failed", "Is destroyed"),
    "read": Label("idle", "event", "Is read"),
    "import": Label("done", "done", "Is taken over"),
    "forget": Label("idle", "skipped", "Is let go, and stays"),
}
VERBS: Mapping[str, str] = {
    "create": "to create",
    "update": "to change",
    "replace": "to destroy and create anew",
    "delete": "to destroy",
    "read": "to read",
    "import": "to take over",
    "forget": "to let go",
}


@dataclass(frozen=True, slots=True)
class ChangeShown:
    """One resource that changes. texts: its attributes, a line each."""

    resource: str
    label: Label
    texts: Sequence[str]


@dataclass(frozen=True, slots=True)
class PlanShown:
    """A plan on a page. state: `none`, `comes`, `made`, `failed`, `lost`, or `never` where there can be none."""

    step_id: str
    title: str
    state: str
    text: str
    when: str = ""
    changes: Sequence[ChangeShown] = ()
    old: str = ""
    may_ask: bool = False
    ticket: str = ""

    @property
    def button(self) -> str:
        """What the button says that has it made."""
        return "Make the plan" if self.state == "none" else "Make it anew"


def plan_shown(seen: SeenPlan, title: str, who: Viewer, ticket: str = "") -> PlanShown | None:
    """The plan of the step of this title; None where there is none and none can be asked for. ticket: whose page shows it."""
    about: dict[str, Any] = {"step_id": seen.step_id, "title": title, "ticket": ticket, "may_ask": seen.refused is None}
    row = seen.row
    if seen.refused == ELSEWHERE:
        return PlanShown(**about, state="never", text=sentence(ELSEWHERE))
    if row is None:
        told = f"Nobody has asked yet what running {title} again would change. Making the plan changes nothing."
        return PlanShown(**about, state="none", text=told) if seen.refused is None else None
    about["when"] = who.when_exactly(row.made_at) if row.made_at else ""
    match PlanStatus(row.status):
        case PlanStatus.ASKED | PlanStatus.RUNNING:
            return PlanShown(**about, state="comes", text=f"Terraform looks at what running {title} again would change.")
        case PlanStatus.LOST:
            return PlanShown(**about, state="lost", text="The worker that made the plan is gone, and the plan with it.")
        case PlanStatus.FAILED:
            return PlanShown(**about, state="failed", text=plain(str(row.error.get("message") or "")))
        case PlanStatus.MADE:
            old = f"It may not hold any more: {listed(seen.old)}." if seen.old else ""
            changes = [_change(one) for one in row.found.get("changes") or ()]
            return PlanShown(**about, state="made", text=_summary(row.found), changes=changes, old=old)


def _summary(found: Mapping[str, Any]) -> str:
    counts: Mapping[str, int] = found.get("counts") or {}
    if not counts:
        return "Nothing to change: what is built is what the order asks for."
    told = sentence(listed([f"{counts[action]} {VERBS[action]}" for action in ACTIONS if counts.get(action)]))
    left = found.get("left_out") or 0
    return f"{told} {plural(left, 'more is', 'more are')} not shown." if left else told


def _change(one: Mapping[str, Any]) -> ChangeShown:
    texts = [_attribute(each) for each in one.get("attributes") or ()]
    return ChangeShown(one["resource"], SAID.get(one["action"]) or label(one["action"]), texts)


def _attribute(one: Mapping[str, Any]) -> str:
    before, after = ("nothing" if one[key] is None else plain(str(one[key])) for key in ("before", "after"))
    return f"{one['name']}: {before} → {after}"
