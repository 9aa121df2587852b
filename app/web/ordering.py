"""Pages of ordering: the form, its review, sending it. The order that is judged and sent is the one that the API takes."""

import re
import secrets
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.catalog import offers
from app.catalog.offers import Offer
from app.core.access import refuses_order, whom_to_ask
from app.errors import Conflict, Fault, Invalid, NotAllowed, NotFound
from app.extensions import db
from app.identity import current_person
from app.identity.guard import signed_in
from app.lifecycle.preparing import Prepared, prepare
from app.lifecycle.submit import Submitted, submit
from app.transaction import transaction
from app.web.filters import sentence
from app.web.forms.drawing import drawn
from app.web.forms.order import OrderForm, order_form
from app.web.order_plan import builders, checked, outline, picture
from app.web.order_review import moved, pinned, reviewed
from app.web.parts import caller

blueprint = Blueprint("ordering", __name__)

PATH = "/order/<any(bundles, items):kind>/<name>"
KEY = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
"""What `_new_key` makes: 16 random bytes."""


@blueprint.get(PATH)
@signed_in
def ask(kind: str, name: str) -> ResponseReturnValue:
    """The form, with the defaults filled in. `?version=` orders another version than the current one."""
    offer, faults = _find(kind, name, request.args.get("version"))
    if offer is None or faults:
        raise NotFound(f"{name} has no such version. {_first(faults)}")
    return _form_page(_form(offer))


@blueprint.post(PATH)
@signed_in
def answer(kind: str, name: str) -> ResponseReturnValue:
    """What the buttons do: review the answers, change them, send them; `ask` tells the script which fields are asked."""
    offer, faults = _find(kind, name, request.form.get("version"))
    form = _form(offer)
    do = request.form.get("do", "review")
    if do == "change":
        return _form_page(form)
    prepared = _prepared(form)
    if do == "ask":
        return jsonify(hidden=form.not_asked(prepared.resolved))
    if not form.judge([*faults, *prepared.faults]):
        return _form_page(form), 422
    return _send(form, prepared) if do == "send" else _review_page(form, prepared, _new_key())


def _find(kind: str, name: str, version: str | None) -> tuple[Offer, Sequence[Fault]]:
    """The offer at `version`; at the current one with a fault where that version is gone.

    Raises NotFound, Conflict, and NotAllowed with the reason where the reader may not order it.
    """
    entry = {f"catalog_{kind.removesuffix('s')}": name}
    connection = db.session.connection()
    offer, faults = offers.find(connection, {**entry, "version": version} if version else entry)
    if offer is None and version and any(fault.code == "unknown_version" for fault in faults):
        offer, more = offers.find(connection, entry)
        faults = [*faults, *more]
    if offer is not None:
        return offer, faults
        if why := refuses_order(current_person(), offer.access):
            raise NotAllowed(f"You cannot order {offer.title}. {sentence(why)} {sentence(whom_to_ask(offer.owner))}")
    if any(fault.code == "unresolvable" for fault in faults):
        raise Conflict(f"This cannot be ordered now. {_first(faults)}")
    raise NotFound(_first(faults))


def _first(faults: Sequence[Fault]) -> str:
    return sentence(faults[0].message) if faults else ""


def _form(offer: Offer) -> OrderForm:
    posted = request.form if request.method == "POST" else None
    return order_form(offer, sorted(current_person().teams))(formdata=posted)


def _prepared(form: OrderForm) -> Prepared:
    return prepare(db.session.connection(), caller(), form.order())


def _form_page(form: OrderForm) -> str:
    conditional = form.conditional()
    return render_template(
        "order/form.html",
        offer=form.offer,
        faults=[said.summary for said in form.said],
        sections=drawn(form),
        conditional=conditional,
        unkept=form.sensitive(),
        not_asked=form.not_asked(_prepared(form).resolved) if conditional else [],
        plan={"promise": "Nothing is built before you confirm.", "steps": outline(form.offer)},
        **_ways(form.offer),
    )


def _review_page(form: OrderForm, prepared: Prepared, key: str, notice: str = "") -> str:
    assert prepared.resolved is not None  # nothing is wrong with the order, so it was resolved
    steps = [one for one in prepared.steps if one.kind == "step"]
    return render_template(
        "order/review.html",
        offer=form.offer,
        team=prepared.team,
        sections=reviewed(form, prepared.resolved),
        graph=picture(steps),
        steps=steps,
        checks=checked(prepared.steps),
        builders=builders(steps),
        posted=[("version", form.offer.version), *form.posted()],
        key=key,
        pinned=pinned(form),
        notice=notice,
        **_ways(form.offer),
    )


def _ways(offer: Offer) -> dict[str, Any]:
    """Where the pages of an order lead."""
    kind = f"{offer.kind}s"
    return {
        "here": url_for("ordering.answer", kind=kind, name=offer.name),
        "entry": url_for("catalog.show", kind=kind, name=offer.name),
    }


def _send(form: OrderForm, prepared: Prepared) -> ResponseReturnValue:
    """Send what was reviewed. The key was made with the review, so that a second click finds the first one's request."""
    key = request.form.get("key", "")
    if not KEY.fullmatch(key):
        return _review_page(form, prepared, _new_key())
    if names := moved(form, request.form.get("reviewed", "")):
        return _review_page(form, prepared, key, f"{names}: there is another version now. Look at the order once more.")
    try:
        made = _submitted(form, key)
    except Invalid as error:
        form.judge(error.faults)
        return _form_page(form), 422
    return redirect(url_for("requests.show", request_id=made.request_id), 303)


def _submitted(form: OrderForm, key: str) -> Submitted:
    who, order = caller(), form.order()
    with transaction() as unit:
        return submit(unit, who, order, key)


def _new_key() -> str:
    return secrets.token_urlsafe(16)
