"""Plans of what running a failed step again would change: asked for by people, made by a worker, shown before the retry.

A plan has a row and a lease of its own (`models.plans`). Its step stays as it is meanwhile, and so do its ticket and request:
whatever people decide about them goes on, and a worker that dies takes nothing with it but the plan.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, func, select
from sqlalchemy.dialects.postgresql import insert

from app.core.access import Person, may_see_request, refuses_running_again
from app.core.outcomes import Again, Done, Failed, Indeterminate
from app.core.statuses import PLAN_COMES, PlanStatus
from app.core.step_plan import out_of_date, refuses_plan
from app.errors import Conflict, NotAllowed, NotFound
from app.lifecycle import write
from app.lifecycle.caller import Caller
from app.lifecycle.engine.claims import Claim
from app.lifecycle.engine.plan_marks import marks
from app.lifecycle.engine.result import Result
from app.lifecycle.looking import look_at
from app.lifecycle.tickets import change_of
from app.models.tables import PLAN, REQUEST, STEP, is_one_of
from app.transaction import Unit

FREE: dict[str, Any] = {"lease_token": None, "lease_until": None, "claimed_by": None}
BLANK: dict[str, Any] = {**FREE, "made_at": None, "attempt": None, "state_version": None, "inputs": None}
EMPTY: dict[str, Any] = {**BLANK, "found": None, "error": None}


@dataclass(frozen=True, slots=True)
class SeenPlan:
    """The plan of a step as people see it. row: of `step_plans`, None where none was ever asked for.

    refused: why none can be asked for now. old: why the one that was made does not hold any more.
    """

    request_id: str
    step_id: str
    row: Row[Any] | None
    refused: str | None
    old: Sequence[str] = ()

    @property
    def comes(self) -> bool:
        """Whether it is being made, or about to be."""
        return self.row is not None and self.row.status in PLAN_COMES


def ask(unit: Unit, caller: Caller, request_id: str, step_id: str) -> None:
    """Let a worker make the plan of what running this step again would change. One that is being made already goes on.

    Raises NotFound, NotAllowed, Conflict.
    """
    request, step = _seen(unit.connection, caller.person, request_id, step_id)
    if reason := refuses_running_again(caller.person, request.requester_team, step.owner_team):
        raise NotAllowed(reason)
    with change_of(unit, caller, request) as change:
        if reason := _refused(change, step):
            raise Conflict(reason)
        anew = {"status": PlanStatus.ASKED, "asked_by": caller.person.user_id, **EMPTY}
        asked = insert(PLAN).values(step_id=step.id, **anew)
        again = asked.on_conflict_do_update(
            index_elements=["step_id"],
            set_={**anew, "asked_at": func.clock_timestamp()},
            where=~is_one_of(PLAN.c.status, *sorted(PLAN_COMES)),
        )
        if unit.connection.execute(again.returning(PLAN.c.step_id)).one_or_none() is not None:
            change.planned(PlanStatus.ASKED, step, by=caller.person.name)
            unit.ready += 1


def look(connection: Connection, person: Person, request_id: str, step_id: str) -> SeenPlan:
    """The newest plan of a step, and whether one can be asked for now. Raises NotFound. Cost: about seven indexed reads."""
    request, step = _seen(connection, person, request_id, step_id)
    row = connection.execute(select(PLAN).where(PLAN.c.step_id == step.id)).one_or_none()
    refused = refuses_running_again(person, request.requester_team, step.owner_team)
    refused = refused or _refused(write.Change(connection, request, person.user_id, status=request.status), step)
    old: list[str] = []
    if row is not None and row.status == PlanStatus.MADE:
        old = out_of_date(row._asdict(), marks(connection, step, request))
    return SeenPlan(request_id, step_id, row, refused, old)


def record(connection: Connection, claim: Claim, result: Result) -> int | None:
    """Keep what a worker found, or give the plan back; answers how many plans are to be made anew, None for a stale token.

    Nothing but the plan's own row changes. The caller commits.
    """
    mine = (PLAN.c.step_id == claim.step.id, PLAN.c.lease_token == claim.token)
    held = connection.execute(select(PLAN.c.claimed_by).where(*mine)).one_or_none()
    if held is None:
        return None
    with write.change(connection, claim.request, f"worker:{held.claimed_by}") as change:
        match result.outcome:
            case Done(evidence=found):
                target, kept = PlanStatus.MADE, {"found": dict(found), "made_at": func.clock_timestamp()}
            case Again():
                target, kept = PlanStatus.ASKED, EMPTY
            case outcome:
                target, kept = PlanStatus.FAILED, {"error": _error(outcome), "made_at": func.clock_timestamp()}
        if not change.move_plan(claim.step, target, PlanStatus.RUNNING, token=claim.token, **{**FREE, **kept}):
            return None
    return int(target == PlanStatus.ASKED)


def lost(connection: Connection, step: uuid.UUID, request: uuid.UUID) -> bool:
    """Give up a plan whose worker died or lost its way: it is not there, and can be asked for again. False: it lives."""
    with write.change(connection, request, "system") as change:
        row = connection.execute(
            select(STEP, PLAN.c.lease_token.label("plan_token"))
            .join(PLAN, PLAN.c.step_id == STEP.c.id)
            .where(STEP.c.id == step, PLAN.c.status == PlanStatus.RUNNING, PLAN.c.lease_until < func.clock_timestamp())
        ).one_or_none()
        return row is not None and change.move_plan(row, PlanStatus.LOST, PlanStatus.RUNNING, token=row.plan_token, **EMPTY)


def _error(outcome: object) -> dict[str, Any]:
    if isinstance(outcome, Failed):
        return {"type": outcome.kind, "message": outcome.message, "details": dict(outcome.details)}
    evidence = dict(outcome.evidence) if isinstance(outcome, Indeterminate) else {}
    return {"type": "step_error", "message": "The plan could not be made.", "details": evidence}


def _seen(connection: Connection, person: Person, request_id: str, step_id: str) -> tuple[Row[Any], Row[Any]]:
    """A request and one of its steps, where the person may see them. Raises NotFound."""
    request = connection.execute(select(REQUEST).where(REQUEST.c.request_id == request_id)).one_or_none()
    if request is None or not may_see_request(person, request.requester_team, request.owner_teams):
        raise NotFound(f"There is no request {request_id}, or none that you may see.")
    mine = (STEP.c.request_id == request.id, STEP.c.step_id == step_id)
    step = connection.execute(select(STEP).where(*mine)).one_or_none()
    if step is None:
        raise NotFound(f"{request_id} has no step {step_id}.")
    return request, step


def _refused(change: write.Change, step: Row[Any]) -> str | None:
    return refuses_plan(look_at(change), step.step_id, step.step_type, step.step_config.get("template") or {})
