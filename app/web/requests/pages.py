"""Pages of requests: the lists, one request that moves by itself, the log as text."""

from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.statuses import STEP_SATISFIED, RequestStatus, StepStatus
from app.errors import Invalid
from app.identity import current_person
from app.identity.guard import signed_in
from app.queries import request_lists, tickets
from app.queries import requests as queries
from app.queries.live import GOES_ON as WRITES_ON
from app.queries.paging import DEFAULT_LIMIT
from app.queries.shapes import Line, Step, Summary
from app.reader import reader
from app.web.approvals import shown as approval_shown
from app.web.filters import plain
from app.web.ordering.money import price_fact, priced
from app.web.parts import cursors, settings
from app.web.phrases import SYSTEMS
from app.web.requests import filters, presses, results
from app.web.requests.case import GOING_ON, Case
from app.web.requests.filters import Chosen
from app.web.requests.reading import case_of
from app.web.requests.standing import standing
from app.web.requests.steps_shown import checks, look, notes, picture
from app.web.requests.timeline import timeline

blueprint = Blueprint("requests", __name__)

BAR_ORDER = (
    StepStatus.COMPLETED,
    StepStatus.SKIPPED,
    StepStatus.FAILED,
    StepStatus.INDETERMINATE,
    StepStatus.RUNNING,
    StepStatus.VERIFYING,
    StepStatus.WAITING,
    StepStatus.READY,
    StepStatus.PENDING,
    StepStatus.CANCELLED,
    StepStatus.ROLLED_BACK,
)


@blueprint.get("/requests")
@signed_in
def listing() -> ResponseReturnValue:
    """My requests, those of my teams, and for platform teams all that they may see."""
    person = current_person()
    works = tickets.works_tickets(reader(), person)
    zone = ZoneInfo(settings().timezone)
    chosen = Chosen.read(request.args, person, zone, works=works)
    try:
        page = request_lists.listing(reader(), person, chosen.filters(zone), DEFAULT_LIMIT, chosen.cursor, cursors())
    except Invalid:  # a cursor of yesterday, or of another list: begin anew
        return redirect(chosen.href())
    return render_template(
        "requests/list.html",
        chosen=chosen,
        rows=[_row(one) for one in page.items],
        next_page=chosen.href(cursor=page.next_cursor) if page.next_cursor else "",
        tabs=filters.tabs(chosen, works=works),
        search=filters.search(chosen),
        selects=filters.selects(chosen, person),
        more=filters.more(chosen),
        chips=(chips := filters.chips(chosen)),
        only_state=bool(chosen.status) and len(chips) == 1,
        kept=filters.kept(chosen),
        open=chosen.detailed,
        export=url_for("exports.requests", **chosen.said()),
        link=settings().public_url.rstrip("/") + chosen.href(),
    )


def _row(summary: Summary) -> dict[str, Any]:
    codes = [str(code) for code in BAR_ORDER for _ in range(summary.steps.get(code, 0))]
    done = sum(summary.steps.get(code, 0) for code in STEP_SATISFIED)
    return {"it": summary, "codes": codes, "done": done}


@blueprint.get("/requests/<request_id>")
@signed_in
def show(request_id: str) -> ResponseReturnValue:
    """One request. Asked by htmx, only the part that moves."""
    return page_of(case_of(request_id))


def page_of(case: Case, notice: str = "", status: int = 200) -> Response:
    """The page of a request. notice: what somebody is told who wanted something that was refused."""
    moving = "HX-Request" in request.headers and not notice
    asked = request.args.get("step", "")
    page = make_response(
        render_template(
            "requests/live.html" if moving else "requests/show.html",
            case=case,
            it=case.detail.summary,
            seen=standing(case),
            graph=picture(case),
            checks=checks(case),
            groups=(groups := results.outputs(case)),
            counted=results.counted(groups),
            outputs_page=url_for("outputs.show", request_id=case.detail.summary.request_id),
            answers=results.answers(case),
            price=priced(case.detail.price),
            price_fact=price_fact(case.detail.price),
            events=timeline(case),
            approvals=approval_shown.rows(case),
            talk=approval_shown.talk(case.detail),
            **approval_shown.moves(case),
            head=presses.in_head(case),
            presses=presses.in_panel(case),
            step=_step_shown(case, asked),
            here=url_for("requests.show", request_id=case.detail.summary.request_id, step=asked or None),
            notice=notice,
        ),
        status,
    )
    page.vary.add("HX-Request")
    return page


def _step_shown(case: Case, asked: str) -> dict[str, Any] | None:
    """The step whose details are shown: the one asked for, else where something moves, else where something failed."""
    step_id = asked or _step_of_interest(case)
    if not step_id:
        return None
    request_id = case.detail.summary.request_id
    step = queries.step(reader(), case.viewer.person, request_id, step_id)
    attempt, lines = queries.log(reader(), case.viewer.person, request_id, step_id)
    return {
        "it": step,
        "look": look(case, step),
        "may_retry": case.may_run_again(step),
        "may_run_from": case.may_run_from(step),
        "may_skip": case.may_skip(step),
        "system": SYSTEMS.get(step.type, step.type),
        "notes": {one.number: notes(one) for one in step.attempts},
        "inputs": step.attempts[-1].inputs if step.attempts else None,
        "attempt": attempt,
        "lines": [shown_line(line, step) for line in lines],
        "live": step.ticket is None and bool(step.attempts) and step.attempts[-1].status in WRITES_ON,
        "log": url_for("requests.log_as_text", request_id=request_id, step_id=step_id),
    }


def _step_of_interest(case: Case) -> str:
    if case.detail.summary.status == RequestStatus.COMPLETED:
        return ""
    steps = (*case.detail.steps, *case.detail.checks)
    moving = [one.step_id for one in steps if one.status in GOING_ON and case.ticket_of(one.step_id) is None]
    stopped = [one.step_id for one in steps if one.status in (StepStatus.FAILED, StepStatus.INDETERMINATE)]
    return next(iter([*moving, *stopped]), "")


def shown_line(line: Line, step: Step) -> dict[str, Any]:
    """A line for the `log` macro; those that tell of a failure are marked."""
    kind = str((step.error or {}).get("type") or "Error")
    told = line.text.startswith(("Error", f"{kind}: "))
    return {"number": line.number, "at": line.logged_at, "text": line.text, "failed": told}


@blueprint.get("/requests/<request_id>/steps/<step_id>/log.txt")
@signed_in
def log_as_text(request_id: str, step_id: str) -> ResponseReturnValue:
    """The whole log of one attempt, the newest unless `attempt` names another, as a file."""
    attempt, lines = queries.log(
        reader(), current_person(), request_id, step_id, request.args.get("attempt", type=int), tail=None
    )
    text = "".join(f"{line.number}\t{line.logged_at.isoformat()}\t{plain(line.text)}\n" for line in lines)
    answer = Response(text, mimetype="text/plain")
    answer.headers["Content-Disposition"] = f'attachment; filename="{request_id}-{step_id}-{attempt}.log.txt"'
    return answer
