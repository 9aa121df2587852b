"""Pages on which the requester answers what approvers asked, or changes the order, without starting over."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Row, select

from app.catalog import offers
from app.catalog.offers import Offer
from app.core.statuses import BEFORE_BUILDING
from app.errors import Conflict, Fault, Invalid, NotAllowed
from app.extensions import db
from app.identity.guard import signed_in
from app.lifecycle import again, approvals, revising
from app.lifecycle.preparing import prepare
from app.models.tables import REQUEST
from app.transaction import transaction
from app.web.case import Case
from app.web.filters import sentence
from app.web.forms.drawing import drawn
from app.web.forms.filling import filled_from, told
from app.web.forms.order import OrderForm, holds_secret, order_form
from app.web.parts import caller
from app.web.reading import case_of
from app.web.requests import page_of
from app.web.views_fields import FieldView

blueprint = Blueprint("revising", __name__, url_prefix="/requests/<request_id>")


@blueprint.post("/answer")
@signed_in
def answer(request_id: str) -> ResponseReturnValue:
    """Answer what approvers asked."""
    text = _text("text")
    try:
        with transaction() as unit:
            approvals.answer(unit, caller(), request_id, text)
    except Invalid as error:
        return page_of(case_of(request_id), sentence(error.faults[0].message), 422)
    except (Conflict, NotAllowed) as error:
        return page_of(case_of(request_id), sentence(error.message), error.status)
    return _to(request_id)


@blueprint.get("/change")
@signed_in
def ask(request_id: str) -> ResponseReturnValue:
    """The order's form, filled with what was answered. Secrets are kept where they are left empty."""
    case = case_of(request_id)
    row = _row(request_id)
    if why := _refused(case, row):
        return page_of(case, why, 409)
    order = again.order_of(db.session.connection(), row)
    offer, _ = _offer(row, row.catalog_version)
    filled = filled_from(offer, [row.requester_team], order)
    return _page(case, filled.form, notes=[one for one in told(filled) if "secrets are not kept" not in one])


@blueprint.post("/change")
@signed_in
def change(request_id: str) -> ResponseReturnValue:
    """Send the changed order; what is wrong with it stands beside the fields. `ask` tells the script which fields are asked."""
    row = _row(request_id)
    offer, moved = _offer(row, request.form.get("version") or row.catalog_version)
    form = order_form(offer, [row.requester_team])(formdata=request.form)
    if request.form.get("do") == "ask":
        return jsonify(hidden=form.not_asked(prepare(db.session.connection(), caller(), form.order()).resolved))
    comment = _text("comment")
    if not form.judge(moved):
        return _page(case_of(request_id), form, comment=comment), 422
    try:
        with transaction() as unit:
            revising.revise(unit, caller(), request_id, _with_kept(form, row), comment.strip() or None)
    except Invalid as error:
        form.judge(error.faults)
        return _page(case_of(request_id), form, comment=comment), 422
    except (Conflict, NotAllowed) as error:
        return page_of(case_of(request_id), sentence(error.message), error.status)
    return _to(request_id)


def _refused(case: Case, row: Row[Any]) -> str:
    """Why the viewer cannot change the order, as a sentence; empty where they can."""
    if row.requester_id != case.viewer.person.id:
        return f"Only {case.detail.summary.requester_name} changes this order."
    return sentence(revising.TOO_LATE) if row.status not in BEFORE_BUILDING else ""


def _row(request_id: str) -> Row[Any]:
    """The request as it is stored. Raises NotFound, also for what the person may not see."""
    case_of(request_id)
    return db.session.connection().execute(select(REQUEST).where(REQUEST.c.request_id == request_id)).one()


def _offer(row: Row[Any], version: str) -> tuple[Offer, Sequence[Fault]]:
    """The entry at a version; at the current one, with a fault, where that is gone. Raises Conflict where none is on offer."""
    entry = {f"catalog_{row.catalog_kind}": row.catalog_name}
    connection = db.session.connection()
    offer, faults = offers.find(connection, {**entry, "version": version})
    if offer is None:
        offer, _ = offers.find(connection, entry)
    if offer is None:
        raise Conflict(f"{row.catalog_title} cannot be ordered any more, so this order cannot be changed.")
    return offer, faults


def _with_kept(form: OrderForm, row: Row[Any]) -> dict[str, Any]:
    """The order that was filled in; a secret that was left empty stays what it was."""
    order = form.order()
    stored = {"": row.bundle_parameters, **row.item_parameters}
    for section in form.sections:
        place: Any = order
        for key in section.path:
            place = place.get(key) or {}
        answers = stored.get(section.item.alias if section.item else "", {})
        for one in section.asked:
            if holds_secret(one) and one.name not in place and answers.get(one.name) is not None and form.includes(section):
                place[one.name] = answers[one.name]
    return order


def _page(case: Case, form: OrderForm, *, notes: Sequence[str] = (), comment: str = "") -> str:
    not_asked = form.not_asked(prepare(db.session.connection(), caller(), form.order()).resolved) if form.conditional() else []
    return render_template(
        "approvals/change.html",
        it=case.detail.summary,
        offer=form.offer,
        faults=[said.summary for said in form.said],
        sections=drawn(form),
        conditional=form.conditional(),
        unkept=form.sensitive(),
        not_asked=not_asked,
        notes=notes,
        question=next((one for one in reversed(case.detail.messages) if one.kind == "question"), None),
        agreed=[vote.name for one in case.detail.approvals for vote in one.votes if vote.vote == "approved"],
        comment=FieldView("comment", "comment", "What you changed, or an answer", "textarea", value=comment, rows=2),
    )


def _text(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n").replace("\x00", "")


def _to(request_id: str) -> ResponseReturnValue:
    return redirect(url_for("requests.show", request_id=request_id), 303)
