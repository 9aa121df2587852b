"""Pages on which the requester answers what approvers asked, or changes the order, without starting over."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, current_app, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Row, select

from app.catalog import offers
from app.catalog.offers import Offer
from app.core.secrecy import MASK
from app.core.statuses import BEFORE_BUILDING
from app.errors import Conflict, Fault, Invalid, NotAllowed
from app.identity.guard import signed_in
from app.lifecycle.approvals import deciding, revising
from app.lifecycle.orders import again
from app.lifecycle.orders.looking_up import lookups
from app.lifecycle.orders.preparing import Prepared
from app.models.tables import REQUEST
from app.reader import reader
from app.transaction import transaction
from app.web.approvals.shown import must_agree
from app.web.filters import sentence
from app.web.forms.drawing import drawn
from app.web.forms.filling import filled_from
from app.web.forms.keeping import arrived, hold, missed
from app.web.forms.nested import ADD
from app.web.forms.order import OrderForm, holds_secret, order_form
from app.web.ordering import choosing
from app.web.ordering.money import answer_of, money_of
from app.web.parts import caller
from app.web.requests.case import Case
from app.web.requests.pages import page_of
from app.web.requests.reading import case_of
from app.web.views_fields import FieldView

blueprint = Blueprint("revising", __name__, url_prefix="/requests/<request_id>")


@blueprint.post("/answer")
@signed_in
def answer(request_id: str) -> ResponseReturnValue:
    """Answer what approvers asked."""
    text = _text("text")
    try:
        with transaction() as unit:
            deciding.answer(unit, caller(), request_id, text)
    except Invalid as error:
        return page_of(case_of(request_id), sentence(error.faults[0].message), 422)
    except (Conflict, NotAllowed) as error:
        return page_of(case_of(request_id), sentence(error.message), error.status)
    return _to(request_id)


@blueprint.get("/change")
@signed_in
def ask(request_id: str) -> ResponseReturnValue:
    """The order's form, filled with what was answered; masks stand for secrets."""
    case = case_of(request_id)
    row = _row(request_id)
    if why := _refused(case, row):
        return page_of(case, why, 409)
    offer, _ = _offer(row, row.catalog_version)
    filled = filled_from(offer, [row.requester_team], again.order_of(reader(), row))
    notes = [one.words for one in filled.misfits]
    return _page(case, _filled(filled.form, row), row, notes=notes)


@blueprint.post("/change")
@signed_in
def change(request_id: str) -> ResponseReturnValue:
    """Send the changed order; what is wrong with it stands beside the fields. `ask` tells the script which fields are asked."""
    row, do = _row(request_id), request.form.get("do", "")
    offer, moved = _offer(row, request.form.get("version") or row.catalog_version)
    form = arrived(order_form(offer, [row.requester_team]), caller(), keeps=do not in ("ask", choosing.DO))
    if do == "ask":
        prepared = _prepared(form, row)
        summary = render_template("order/money.html", plan=_plan(form, prepared))
        told = answer_of(money_of(form, prepared), {}, summary)
        return jsonify(
            hidden=[*form.not_asked(prepared.resolved), *form.not_asked_inside()],
            wrong=form.wrong_now(prepared.faults),
            choices=form.renewed(),
            **told,
        )
    if do == choosing.DO:
        return choosing.found(form)
    if do == "again" or do.startswith(ADD):
        return _page(case_of(request_id), form, row)
    if not form.judge([*moved, *form.arrived]):
        return _page(case_of(request_id), form, row), 422
    try:
        with transaction() as unit:
            revising.revise(unit, caller(), request_id, form.order(), _text("comment").strip() or None)
    except Invalid as error:
        form.judge(missed(form, error.faults))
        return _page(case_of(request_id), form, row), 422
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
    return reader().execute(select(REQUEST).where(REQUEST.c.request_id == request_id)).one()


def _offer(row: Row[Any], version: str) -> tuple[Offer, Sequence[Fault]]:
    """The entry at a version; at the current one, with a fault, where that is gone. Raises Conflict where none is on offer."""
    entry = {f"catalog_{row.catalog_kind}": row.catalog_name}
    connection = reader()
    offer, faults = offers.find(connection, {**entry, "version": version})
    if offer is None:
        offer, _ = offers.find(connection, entry)
    if offer is None:
        raise Conflict(f"{row.catalog_title} cannot be ordered any more, so this order cannot be changed.")
    return offer, faults


def _filled(form: OrderForm, row: Row[Any]) -> OrderForm:
    """The form with masks where secrets are stored: one that comes back keeps its secret."""
    stored = {"": row.bundle_parameters, **row.item_parameters}
    for section in form.sections:
        answers = stored.get(section.item.alias if section.item else "", {})
        for one in section.asked:
            field, value = form[section.name_of(one)], answers.get(one.name)
            if holds_secret(one) and value is not None:
                field.process_data(value if value != MASK else None)
                field.pairs = [(field.name, MASK)] if value == MASK else field.pairs
    return form


def _prepared(form: OrderForm, row: Row[Any]) -> Prepared:
    outside = lookups(reader(), row.id)
    form.look_up(outside)
    return revising.look(reader(), current_app.extensions["vault"], caller(), row, form.order(), outside)


def _plan(form: OrderForm, prepared: Prepared) -> dict[str, Any]:
    """What stands beside the form: what the changed order costs and leaves, and who must agree to it."""
    return {
        "promise": "Nothing is built before everybody has agreed.",
        **money_of(form, prepared).plan(),
        **must_agree(prepared),
    }


def _page(case: Case, form: OrderForm, row: Row[Any], *, notes: Sequence[str] = ()) -> str:
    hold(form, caller())
    prepared = _prepared(form, row)
    return render_template(
        "approvals/change.html",
        it=case.detail.summary,
        offer=form.offer,
        form=form,
        faults=[said.summary for said in form.said],
        sections=drawn(form),
        conditional=form.conditional(),
        unkept=form.sensitive(),
        not_asked=form.not_asked(prepared.resolved),
        notes=notes,
        plan=_plan(form, prepared),
        question=next((one for one in reversed(case.detail.messages) if one.kind == "question"), None),
        agreed=[vote.name for one in case.detail.approvals for vote in one.votes if vote.vote == "approved"],
        comment=FieldView("comment", "comment", "What you changed, or an answer", "textarea", value=_text("comment"), rows=2),
    )


def _text(name: str) -> str:
    return request.form.get(name, "").replace("\r\n", "\n").replace("\x00", "")


def _to(request_id: str) -> ResponseReturnValue:
    return redirect(url_for("requests.show", request_id=request_id), 303)
