"""What a request waits on that is a person: who, since when, for what, and how long they usually take."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from app.core.statuses import RequestStatus
from app.queries.forecast import usual_deciding, usual_resolving
from app.queries.reader import Reader
from app.queries.shapes import Detail, WaitingOn


@dataclass(frozen=True, slots=True)
class _Wait:
    """team, asked: whose last tickets, or approvals, tell how long it usually takes."""

    on: WaitingOn
    team: str | None = None
    asked: str | None = None


def waiting_on(session: Reader, detail: Detail) -> WaitingOn | None:
    """Whom a request waits on, the longest of several; None where no person is waited for. Cost: one indexed read."""
    waits = [] if detail.summary.ended else list(_waits(detail))
    if not waits:
        return None
    wait = min(waits, key=lambda one: one.on.since)
    usual = usual_resolving(session, wait.team) if wait.team else usual_deciding(session, wait.asked) if wait.asked else None
    return replace(wait.on, usual=usual)


def _waits(detail: Detail) -> Iterator[_Wait]:
    if detail.summary.status == RequestStatus.NEEDS_INFO:
        asked = [one for one in detail.messages if one.kind == "question"]
        since = asked[-1].at if asked else detail.summary.updated_at
        yield _Wait(WaitingOn(detail.summary.requester_name, since, "an answer to a question"))
        return
    for step in (*detail.steps, *detail.checks):
        if ticket := step.ticket:
            on = WaitingOn(ticket.claimed_by or ticket.owner_team, ticket.created_at, f"{ticket.ticket_id}: {step.title}")
            yield _Wait(on, team=ticket.owner_team)
    for approval in detail.approvals:
        if approval.pending:
            on = WaitingOn(approval.whom, approval.created_at, f"{approval.approval_id}: approval")
            yield _Wait(on, asked=approval.asked.key)
