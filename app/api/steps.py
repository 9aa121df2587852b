"""Steps of a request: attempts, logs, running one again, what that would change, leaving one out."""

from flask import Blueprint

from app.api.correlation import caller
from app.api.endpoint import endpoint
from app.api.shapes import step_plans
from app.api.shapes import steps as shapes
from app.api.shapes.decisions import Reason
from app.errors import Fault, Invalid
from app.identity import current_person
from app.identity.guard import api_caller
from app.lifecycle import decide
from app.lifecycle.engine import planning
from app.queries import logs
from app.queries import requests as queries
from app.reader import reader
from app.transaction import transaction

blueprint = Blueprint("steps", __name__, url_prefix="/requests/<request_id>/steps")
TAG = "requests"


@blueprint.get("/<step_id>")
@api_caller
@endpoint(TAG, shapes.StepDetail)
def get_step(request_id: str, step_id: str) -> shapes.StepDetail:
    """One step with its attempts, and what can be done about it."""
    return _shown(request_id, step_id)


@blueprint.get("/<step_id>/logs")
@api_caller
@endpoint(TAG, shapes.Log, query=shapes.LogQuery)
def get_step_log(request_id: str, step_id: str, query: shapes.LogQuery) -> shapes.Log:
    """The log of one attempt: its last lines, the last ones before a number, or the next ones after a number."""
    if query.after is not None and query.before is not None:
        raise Invalid(faults=[Fault(("before",), "exclusive", "cannot be given together with after")])
    found = logs.page(
        reader(),
        current_person(),
        request_id,
        step_id,
        query.attempt,
        after=query.after,
        before=query.before,
        limit=query.tail,
    )
    return shapes.Log.of(request_id, step_id, found)


@blueprint.post("/<step_id>/retry")
@api_caller
@endpoint(TAG, shapes.StepDetail, refusals=[409])
def retry_step(request_id: str, step_id: str) -> shapes.StepDetail:
    """Run a failed step's automation again, with the same inputs.

    Its open ticket ends as `retried`. The platform team may always; those who asked may until somebody has claimed the ticket.
    """
    with transaction() as unit:
        decide.retry_step(unit, caller(), request_id, step_id)
    return _shown(request_id, step_id)


@blueprint.post("/<step_id>/skip")
@api_caller
@endpoint(TAG, shapes.StepDetail, body=Reason, refusals=[409])
def skip_step(request_id: str, step_id: str, body: Reason) -> shapes.StepDetail:
    """Leave a step out that failed or waits for a person; what waits for it goes on without. For its platform team."""
    with transaction() as unit:
        decide.skip_step(unit, caller(), request_id, step_id, body.reason)
    return _shown(request_id, step_id)


@blueprint.post("/<step_id>/plan")
@api_caller
@endpoint(TAG, step_plans.StepPlan, status=202, refusals=[409])
def plan_step(request_id: str, step_id: str) -> step_plans.StepPlan:
    """Ask what running a failed step of Terraform again would change. A worker makes the plan; it changes nothing.

    For whoever may run the step again. One that is being made already goes on. A retry waits for no plan.
    """
    with transaction() as unit:
        planning.ask(unit, caller(), request_id, step_id)
    return _plan(request_id, step_id)


@blueprint.get("/<step_id>/plan")
@api_caller
@endpoint(TAG, step_plans.StepPlan)
def get_step_plan(request_id: str, step_id: str) -> step_plans.StepPlan:
    """The newest plan of what running the step again would change."""
    return _plan(request_id, step_id)


def _plan(request_id: str, step_id: str) -> step_plans.StepPlan:
    return step_plans.StepPlan.of(planning.look(reader(), current_person(), request_id, step_id))


def _shown(request_id: str, step_id: str) -> shapes.StepDetail:
    return shapes.StepDetail.whole(request_id, queries.step(reader(), current_person(), request_id, step_id))
