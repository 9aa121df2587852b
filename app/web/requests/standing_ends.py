"""Where a request stands that has ended, or of which somebody has decided that it ends or is taken back. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from app.core.statuses import ManagedBy, StepStatus, TicketStatus
from app.queries.shapes import Output, Step
from app.web.filters import is_link, plural, sentence, shorten
from app.web.labels import label
from app.web.phrases import are, as_told, cause, failed, listed, who_said
from app.web.requests.case import Case
from app.web.requests.presses import in_panel
from app.web.requests.standing_parts import (
    Link,
    Standing,
    Told,
    by_itself,
    kept,
    over,
    paragraph,
    since_it,
    taking_back,
    took,
    who_decided,
)

CANCELLED, ROLLED_BACK = ("request.cancel", "cancelled it"), ("request.rollback", "asked for it")
"""The event of a decision, and what somebody did by it."""


def cancelling(case: Case) -> Standing:
    """Somebody has cancelled it, and something still runs."""
    going, done = [*case.going_on, *case.found_out], case.kept
    stopping = f"{are(going, 'asked to stop')}; it ends once nothing runs any more." if going else ""
    stays = f"{are(done, 'kept')}." if done else ""
    title = f"{case.detail.summary.title} is being cancelled"
    return by_itself(case, title, who_decided(case, *CANCELLED), stopping, stays, waits=since_it(case, CANCELLED[0]))


def cancelled(case: Case) -> Standing:
    """Somebody has cancelled it, and nothing of it runs any more."""
    return over(case, f"{case.detail.summary.title} was cancelled", who_decided(case, *CANCELLED), kept(case))


def rolling_back(case: Case) -> Standing:
    """What it made is being taken back."""
    title = f"{case.detail.summary.title} is being rolled back"
    said = who_decided(case, *ROLLED_BACK), taking_back(case)
    return by_itself(case, title, *said, waits=since_it(case, ROLLED_BACK[0]))


def rolled_back(case: Case) -> Standing:
    """What it made is gone."""
    said = who_decided(case, *ROLLED_BACK), "What it had made is gone."
    return over(case, f"{case.detail.summary.title} was rolled back", *said)


def completed(case: Case) -> Standing:
    """Everything is done."""
    summary = case.detail.summary
    return Standing(
        label=label(summary.status),
        pill=label(summary.status),
        title=f"{summary.title} is ready",
        move="",
        rest=paragraph(_all_done(case), _by_whom(case)),
        waits=took(case),
        link=next((_link(one) for one in case.detail.outputs if _opens(one)), None),
    )


def _opens(output: Output) -> bool:
    return not output.sensitive and output.name.endswith("url") and is_link(output.value)


def _link(output: Output) -> Link:
    return Link(str(urlsplit(output.value).hostname).partition(".")[0], output.value)


def _all_done(case: Case) -> str:
    steps, skipped = case.detail.steps, [one for one in case.detail.steps if one.status == StepStatus.SKIPPED]
    if not skipped:
        return {1: "Its one step is done.", 2: "Both steps are done."}.get(len(steps), f"All {len(steps)} steps are done.")
    left_out = [f"{who} left out {one.title}" for one in skipped if (who := case.left_out_by(one))]
    unneeded = [one.title for one in skipped if not case.left_out_by(one)]
    said = [*left_out, *([f"{listed(unneeded)} {'was' if len(unneeded) == 1 else 'were'} not needed"] if unneeded else [])]
    done = len(steps) - len(skipped)
    return f"{plural(done, 'step is', 'steps are')} done, {listed(said)}." if done else sentence(listed(said))


def _by_whom(case: Case) -> str:
    hands: dict[str, list[str]] = {}
    for step in case.detail.steps:
        if step.managed_by == ManagedBy.PERSON and step.status == StepStatus.COMPLETED:
            ticket = case.last_ticket_of(step.step_id, TicketStatus.RESOLVED)
            hands.setdefault((ticket.resolved_by if ticket else None) or "A person", []).append(step.title)
    if not hands:
        ran = any(one.status == StepStatus.COMPLETED for one in case.detail.steps)
        return "Everything ran by itself." if ran and not any(map(case.left_out_by, case.detail.steps)) else ""
    made = listed([f"{who} made {listed(titles)}" for who, titles in hands.items()])
    alone = sum(map(len, hands.values())) == len(case.detail.steps)
    return f"{made} by hand{'' if alone else ', the rest ran by itself'}."


def ended_badly(case: Case) -> Standing:
    """Something failed, cannot be done, took too long, or could not be taken back."""
    broken = next((one for one in (*case.detail.checks, *case.detail.steps) if one.status == StepStatus.FAILED), None)
    title, why = _why_failed(case, broken)
    told = Told(who_said(broken.type), as_told(broken.error)) if broken and broken.error else None
    after = "" if in_panel(case) else "Order it again once the reason is gone."
    found = over(case, title, why, kept(case), after)
    advice = str((((broken.error if broken else None) or {}).get("details") or {}).get("advice") or "")
    return replace(found, advice=advice, told=told)


def _why_failed(case: Case, broken: Step | None) -> tuple[str, str]:
    summary, stays = case.detail.summary, case.stays
    reason = shorten((summary.failure or "").strip().rstrip("."), 300)
    rejected = next((one for one in reversed(case.tickets) if one.status == TicketStatus.REJECTED and one.resolved_by), None)
    if stays:
        who = rejected.resolved_by if rejected else "A person"
        return f"{summary.title} could not be rolled back whole: {listed(stays)} {_stay(stays)}", f"{who} said so: {reason}."
    if summary.failure and rejected is not None:
        return f"{rejected.step_title} cannot be done: {reason}", f"{rejected.resolved_by} of {rejected.owner_team} said so."
    if summary.failure:
        return f"{summary.title} was ended: {reason}", "What had not begun was cancelled."
    if broken is not None:
        why = cause(str((broken.error or {}).get("message") or ""))
        return f"{failed(broken.title, broken.type)}: {why}", "Its catalog entry hands such a failure to nobody."
    return f"{summary.title} could not be finished", ""


def _stay(titles: Sequence[str]) -> str:
    return "stays" if len(titles) == 1 else "stay"
