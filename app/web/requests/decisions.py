"""The pages that ask before something is decided about a request, and the deciding: cancel, retry, resume, roll back, skip."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.decisions import BADLY
from app.core.statuses import RequestStatus, StepStatus
from app.errors import Conflict, Invalid, NotFound
from app.identity.guard import signed_in
from app.lifecycle import decide
from app.queries.decisions import again, refuses_from, refuses_skip, refuses_step_retry
from app.queries.shapes import Step
from app.transaction import Unit, transaction
from app.web.filters import sentence
from app.web.parts import caller
from app.web.requests import effects
from app.web.requests.case import Case
from app.web.requests.effects import Ask
from app.web.requests.pages import page_of
from app.web.requests.plan_shown import PlanShown
from app.web.requests.plans import plan_of
from app.web.requests.reading import case_of
from app.web.views_fields import FieldView

blueprint = Blueprint("decisions", __name__, url_prefix="/requests/<request_id>")

GOES_ON = frozenset({RequestStatus.IN_PROGRESS, RequestStatus.AWAITING_MANUAL})
WINDS_DOWN: Mapping[str, frozenset[RequestStatus]] = {
    "cancel": frozenset({RequestStatus.CANCELLING, RequestStatus.CANCELLED}),
    "rollback": frozenset({RequestStatus.ROLLING_BACK, RequestStatus.ROLLED_BACK}),
}


@dataclass(frozen=True, slots=True)
class _About:
    """One decision about one request, or about one of its steps, as the viewer finds it."""

    case: Case
    what: str
    step: Step | None = None

    @property
    def ask(self) -> Ask:
        """What its page says."""
        return (
            effects.OF_REQUEST[self.what](self.case) if self.step is None else effects.OF_STEP[self.what](self.case, self.step)
        )

    @property
    def refused(self) -> str | None:
        """Why the viewer cannot decide it now."""
        if self.step is None:
            reason: str | None = getattr(self.case.refused, self.what)
            return reason
        refuses = {"retry": refuses_step_retry, "from": refuses_from, "skip": refuses_skip}[self.what]
        return refuses(self.case.detail, self.case.viewer.person, self.step)

    @property
    def plans(self) -> list[PlanShown]:
        """What Terraform would change in the steps that would run again, as far as that can be known."""
        if self.what != "retry":
            return []
        steps = again(self.case.detail, self.case.viewer.person) if self.step is None else [self.step]
        return [found for one in steps if (found := plan_of(self.case, one)) is not None]

    @property
    def decided(self) -> bool:
        """Whether it looks as if it had just been decided: a second press finds it so and changes nothing."""
        if self.step is not None:
            done = BADLY | {StepStatus.COMPLETED} if self.what == "from" else BADLY
            begun_again = self.step.attempt > 0 and self.step.status not in done
            return self.step.status == StepStatus.SKIPPED if self.what == "skip" else begun_again
        status, detail = RequestStatus(self.case.detail.summary.status), self.case.detail
        if self.what == "retry" and any(one.status in BADLY for one in (*detail.steps, *detail.checks)):
            return False
        return status in WINDS_DOWN.get(self.what, GOES_ON)

    def act(self, unit: Unit, reason: str) -> None:
        """Decide it. Raises as `lifecycle.decide` does."""
        request_id = self.case.detail.summary.request_id
        if self.step is None:
            OF_REQUEST[self.what](unit, request_id, reason)
        else:
            OF_STEP[self.what](unit, request_id, self.step.step_id, reason)


OF_REQUEST: Mapping[str, Callable[[Unit, str, str], object]] = {
    "cancel": lambda unit, request_id, reason: decide.cancel(unit, caller(), request_id, reason),
    "retry": lambda unit, request_id, _: decide.retry(unit, caller(), request_id),
    "resume": lambda unit, request_id, _: decide.resume(unit, caller(), request_id),
    "rollback": lambda unit, request_id, reason: decide.rollback(unit, caller(), request_id, reason),
}
OF_STEP: Mapping[str, Callable[[Unit, str, str, str], object]] = {
    "retry": lambda unit, request_id, step_id, _: decide.retry_step(unit, caller(), request_id, step_id),
    "from": lambda unit, request_id, step_id, _: decide.retry_from(unit, caller(), request_id, step_id),
    "skip": lambda unit, request_id, step_id, reason: decide.skip_step(unit, caller(), request_id, step_id, reason),
}


@blueprint.get("/<any(cancel, retry, resume, rollback):what>")
@signed_in
def ask(request_id: str, what: str) -> ResponseReturnValue:
    """Say what a decision about the request does, before it is taken."""
    return _ask(_About(case_of(request_id), what))


@blueprint.post("/<any(cancel, retry, resume, rollback):what>")
@signed_in
def act(request_id: str, what: str) -> ResponseReturnValue:
    """Take a decision about the request."""
    return _act(_About(case_of(request_id), what))


@blueprint.get("/steps/<step_id>/<any(retry, from, skip):what>")
@signed_in
def ask_about_step(request_id: str, step_id: str, what: str) -> ResponseReturnValue:
    """Say what a decision about one step does, before it is taken."""
    return _ask(_about_step(request_id, step_id, what))


@blueprint.post("/steps/<step_id>/<any(retry, from, skip):what>")
@signed_in
def act_on_step(request_id: str, step_id: str, what: str) -> ResponseReturnValue:
    """Take a decision about one step."""
    return _act(_about_step(request_id, step_id, what))


def _about_step(request_id: str, step_id: str, what: str) -> _About:
    case = case_of(request_id)
    step = case.step(step_id)
    if step is None:
        raise NotFound(f"{request_id} has no step {step_id}.")
    return _About(case, what, step)


def _ask(about: _About) -> ResponseReturnValue:
    """The page that asks; where it makes no sense the request's own page says why, or simply shows what was decided already."""
    reason = about.refused
    if about.decided and (reason or about.what in WINDS_DOWN):
        return _to(about)
    return page_of(about.case, sentence(reason), 409) if reason else _page(about)


def _page(about: _About, reason: str = "", error: str = "", status: int = 200) -> ResponseReturnValue:
    ask = about.ask
    field = None
    if ask.why:
        said = (error,) if error else ()
        field = FieldView("reason", "reason", ask.why, "textarea", help=ask.help, value=reason, errors=said, required=True)
    summary = about.case.detail.summary
    given = {"plans": about.plans, "whole": about.step is None}
    return render_template("requests/decide.html", it=summary, ask=ask, reason=field, action=request.path, **given), status


def _act(about: _About) -> ResponseReturnValue:
    """Decide, once: whoever comes second, or presses twice, finds the same page and nothing done twice."""
    reason = request.form.get("reason", "").replace("\r\n", "\n").replace("\x00", "")
    try:
        with transaction() as unit:
            about.act(unit, reason)
    except Invalid as error:
        return _page(about, reason, sentence(error.faults[0].message), 422)
    except Conflict as error:
        found = _again(about)
        if not found.decided:
            return page_of(found.case, sentence(error.message), 409)
    return _to(about)


def _again(about: _About) -> _About:
    """The same decision as it is found now."""
    case = case_of(about.case.detail.summary.request_id)
    return replace(about, case=case, step=case.step(about.step.step_id) if about.step else None)


def _to(about: _About) -> ResponseReturnValue:
    return redirect(url_for("requests.show", request_id=about.case.detail.summary.request_id), 303)
