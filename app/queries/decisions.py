"""What somebody cannot decide about a request now, and why: who may (`core.access`) and whether it makes sense. Pure.

Pages and API show by it what the use cases of `lifecycle.decide` would refuse; those ask again, under the request's lock.
"""

from dataclasses import dataclass

from app.core import decisions
from app.core.access import Person, may_decide, may_run_again, may_work_ticket, refuses_running_again
from app.core.statuses import TicketStatus
from app.queries.shapes import Detail, Step


@dataclass(frozen=True, slots=True)
class Refusals:
    """For each decision about a whole request the reason for people why not, or None where it can be taken."""

    cancel: str | None
    retry: str | None
    resume: str | None
    rollback: str | None


def refusals(detail: Detail, person: Person) -> Refusals:
    """What `person` cannot decide about the request."""
    look, team = detail.look, detail.summary.team
    other = None if may_decide(person, team) else f"only {team} decides this"
    return Refusals(
        cancel=other or decisions.refuses_cancel(look),
        retry=_refuses_retry(detail, person),
        resume=other or decisions.refuses_resume(look),
        rollback=other or decisions.refuses_rollback(look),
    )


def again(detail: Detail, person: Person) -> list[Step]:
    """The failed steps that `person` may run again."""
    failed = [one for one in (*detail.steps, *detail.checks) if one.can_retry]
    return [one for one in failed if may_run_again(person, detail.summary.team, one.owner_team)]


def _refuses_retry(detail: Detail, person: Person) -> str | None:
    if reason := decisions.refuses_retry(detail.look):
        return reason
    mine = again(detail, person)
    if not mine:
        return f"only {detail.summary.team} decides this"
    return next((reason for one in mine if (reason := refuses_step_retry(detail, person, one))), None)


def refuses_step_retry(detail: Detail, person: Person, step: Step) -> str | None:
    """Why `person` cannot run this step again."""
    return _not_theirs(detail, person, step) or decisions.refuses_step_retry(detail.look, step.step_id)


def _not_theirs(detail: Detail, person: Person, step: Step) -> str | None:
    """Why a step is not for `person` to run again: it is others' to decide, or somebody works on its ticket."""
    if reason := refuses_running_again(person, detail.summary.team, step.owner_team):
        return reason
    ticket = step.ticket
    if ticket and ticket.status == TicketStatus.CLAIMED and not may_work_ticket(person, step.owner_team):
        return f"{ticket.ticket_id} is claimed by {ticket.claimed_by}"
    return None


def refuses_skip(detail: Detail, person: Person, step: Step) -> str | None:
    """Why `person` cannot leave this step out."""
    if not may_work_ticket(person, step.owner_team):
        return f"only {step.owner_team} leaves this step out"
    return decisions.refuses_skip(detail.look, step.step_id)


def refuses_from(detail: Detail, person: Person, step: Step) -> str | None:
    """Why `person` cannot run the request again from this step on."""
    if reason := decisions.refuses_from(detail.look, step.step_id):
        return reason
    ids = {one.step_id for one in decisions.from_here_on(detail.look, step.step_id)}
    steps = [one for one in (*detail.steps, *detail.checks) if one.step_id in ids and one.status in decisions.HAS_RUN]
    return next((reason for one in steps if (reason := _not_theirs(detail, person, one))), None)
