"""Pages of approvals: what waits for somebody to agree, and one approval with all they need to decide it."""

from collections.abc import Callable, Mapping

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.core.statuses import ApprovalStatus
from app.errors import Conflict, Invalid, NotAllowed
from app.identity import current_person
from app.identity.guard import signed_in
from app.lifecycle import quotas
from app.lifecycle.approvals import deciding as work
from app.queries import approvals as queries
from app.queries.approvals import Listed
from app.queries.paging import DEFAULT_LIMIT
from app.reader import reader
from app.transaction import Unit, transaction
from app.web.approvals import shown as approval_shown
from app.web.approvals.shown import Said
from app.web.filters import sentence
from app.web.parts import caller, cursors
from app.web.requests import results
from app.web.requests.reading import case_of
from app.web.requests.steps_shown import picture

blueprint = Blueprint("approvals", __name__)

VIEWS: Mapping[str, queries.Filters] = {
    "": queries.Filters(waiting=True),
    "open": queries.Filters(statuses=(ApprovalStatus.PENDING,)),
    "decided": queries.Filters(statuses=tuple(sorted(set(ApprovalStatus) - {ApprovalStatus.PENDING, ApprovalStatus.VOID}))),
}
"""What the address says -> what is listed."""
WORDS: Mapping[str, str] = {"": "Waiting for you", "open": "Open", "decided": "Decided"}


@blueprint.get("/approvals")
@signed_in
def listing() -> ResponseReturnValue:
    """What the person is asked to agree to, the oldest first."""
    person, view = current_person(), request.args.get("view", "")
    view = view if view in VIEWS else ""
    try:
        page = queries.listing(reader(), person, VIEWS[view], DEFAULT_LIMIT, request.args.get("cursor"), cursors())
    except Invalid:  # a cursor of yesterday, or of another list: begin anew
        return redirect(_list(view))
    waiting = queries.waiting_for(reader(), person)
    return render_template(
        "approvals/list.html",
        rows=page.items,
        view=view,
        first=_list(view) if request.args.get("cursor") else "",
        next_page=_list(view, page.next_cursor) if page.next_cursor else "",
        tabs=[
            {"words": words, "href": _list(key), "here": key == view, "count": waiting if key == "" else None}
            for key, words in WORDS.items()
        ],
    )


def _list(view: str, cursor: str | None = None) -> str:
    return url_for("approvals.listing", view=view or None, cursor=cursor)


@blueprint.get("/approvals/<approval_id>")
@signed_in
def show(approval_id: str) -> ResponseReturnValue:
    """One approval."""
    return _page(_found(approval_id))


def _found(approval_id: str) -> Listed:
    return queries.one(reader(), current_person(), approval_id)


def _page(listed: Listed, said: Said | None = None, status: int = 200) -> ResponseReturnValue:
    case, said = case_of(listed.request_id), said or Said()
    why_not = approval_shown.why_not(listed, case)
    page = render_template(
        "approvals/show.html",
        it=listed,
        case=case,
        heading=approval_shown.heading(listed),
        why_not=why_not,
        waits=approval_shown.waits(listed, case),
        answers=results.answers(case),
        graph=picture(case),
        talk=approval_shown.talk(case.detail),
        others=[one for one in approval_shown.rows(case) if one.it.approval_id != listed.it.approval_id],
        quotas=quotas.held_by(reader(), listed.request_id),
        acts=[] if why_not else approval_shown.acts(listed, said),
        said=said,
    )
    return page, status


ACTS: Mapping[str, Callable[[Unit, str, str, str], object]] = {
    "approve": lambda unit, key, text, digest: work.approve(unit, caller(), key, text.strip() or None, digest),
    "ask": lambda unit, key, text, _: work.ask(unit, caller(), key, text),
    "send-back": lambda unit, key, text, digest: work.send_back(unit, caller(), key, text, digest),
    "reject": lambda unit, key, text, digest: work.reject(unit, caller(), key, text, digest),
}


@blueprint.post("/approvals/<approval_id>/<any(approve, ask, 'send-back', reject):what>")
@signed_in
def act(approval_id: str, what: str) -> ResponseReturnValue:
    """Decide it, or ask the requester. What was decided meanwhile, or is wrong with the text, is told on the page."""
    text = request.form.get("text", "").replace("\r\n", "\n").replace("\x00", "")
    try:
        with transaction() as unit:
            ACTS[what](unit, approval_id, text, request.form.get("digest", ""))
    except Invalid as error:
        return _page(_found(approval_id), Said(act=what, text=text, error=sentence(error.faults[0].message)), 422)
    except (Conflict, NotAllowed) as error:
        return _page(_found(approval_id), Said(notice=sentence(error.message), act=what, text=text), error.status)
    return redirect(url_for("approvals.show", approval_id=approval_id), 303)
