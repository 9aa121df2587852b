"""Asking on a page what running a failed step again would change, and what those pages show of it."""

from flask import Blueprint, redirect, request, url_for
from flask.typing import ResponseReturnValue

from app.core.step_plan import has_plan
from app.errors import Conflict
from app.identity.guard import signed_in
from app.lifecycle.engine import planning
from app.queries.shapes import Step
from app.reader import reader
from app.transaction import transaction
from app.web.filters import sentence
from app.web.parts import caller
from app.web.requests.case import Case
from app.web.requests.pages import page_of
from app.web.requests.plan_shown import PlanShown, plan_shown
from app.web.requests.reading import case_of

blueprint = Blueprint("plans", __name__, url_prefix="/requests/<request_id>")


def plan_of(case: Case, step: Step, ticket: str = "") -> PlanShown | None:
    """What the viewer sees of the plan of a step, None where it can have none. ticket: on whose page."""
    if not has_plan(step.type):
        return None
    person, request_id = case.viewer.person, case.detail.summary.request_id
    return plan_shown(planning.look(reader(), person, request_id, step.step_id), step.title, case.viewer, ticket)


@blueprint.post("/steps/<step_id>/plan")
@signed_in
def ask(request_id: str, step_id: str) -> ResponseReturnValue:
    """Have the plan made, and go back to the page that shows it. A second press finds the one that is being made."""
    try:
        with transaction() as unit:
            planning.ask(unit, caller(), request_id, step_id)
    except Conflict as error:
        return page_of(case_of(request_id), sentence(error.message), 409)
    ticket = case_of(request_id).ticket_of(step_id)
    if ticket is not None and request.form.get("ticket") == ticket.ticket_id:
        return redirect(url_for("queue.show", ticket_id=ticket.ticket_id, _anchor=f"plan-{step_id}"), 303)
    anchor = f"plan-{step_id}"
    if request.form.get("whole"):
        return redirect(url_for("decisions.ask", request_id=request_id, what="retry", _anchor=anchor), 303)
    page = url_for("decisions.ask_about_step", request_id=request_id, step_id=step_id, what="retry", _anchor=anchor)
    return redirect(page, 303)
