"""Pages of ordering: the form, its review, sending it. The order that is judged and sent is the one that the API takes."""

import re
import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from flask import Blueprint, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import generate_csrf

from app.catalog import offers
from app.catalog.offers import Offer
from app.core.access import refuses_order, whom_to_ask
from app.errors import Conflict, Fault, Invalid, NotAllowed, NotFound, SignInNeeded, StratusError
from app.identity import current_person, optional_person
from app.identity.forms import FormRefused
from app.identity.guard import signed_in
from app.lifecycle import secrets as held
from app.lifecycle.kept import drafts
from app.lifecycle.orders.ahead import look_ahead
from app.lifecycle.orders.looking_up import lookups
from app.lifecycle.orders.preparing import Prepared, prepare
from app.lifecycle.orders.submit import Submitted, submit
from app.queries.forecast import of_entry
from app.reader import let_go, reader
from app.transaction import transaction
from app.web.approvals.shown import must_agree
from app.web.errors import expected
from app.web.filters import sentence
from app.web.forecasts import about
from app.web.forms.drawing import drawn
from app.web.forms.keeping import arrived, hold, missed
from app.web.forms.nested import ADD
from app.web.forms.order import OrderForm, order_form
from app.web.ordering import choosing
from app.web.ordering.money import answer_of, money_of, section_texts
from app.web.ordering.plan import builders, outline, picture
from app.web.ordering.review import checked, moved, pinned, reviewed, unmet
from app.web.ordering.start import Mark, Start, posted_mark, resumed, started
from app.web.ordering.twin import FORMS
from app.web.ordering.writing import (
    Notice,
    carried,
    discard,
    keep_template,
    names_entry,
    pasted,
    save,
    saved_json,
    template_page,
    twin_page,
    typed_again,
    version_of,
)
from app.web.parts import caller, settings

blueprint = Blueprint("ordering", __name__)
GONE = "The draft of this order is gone: somebody sent it or threw it away. Nothing was sent now. Send it anyway?"
STALE = "You have signed in anew since this form was opened. Nothing was done; your answers are here. Press once more."

PATH = "/order/<any(bundles, items):kind>/<name>"
KEY = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
"""What `_new_key` makes: 16 random bytes."""


@blueprint.url_value_preprocessor
def make_room(_: str | None, __: dict[str, Any] | None) -> None:
    """A form with files may be longer than others. Before anything reads it: the hook that looks for its token does."""
    if request.mimetype == "multipart/form-data":
        request.max_content_length = settings().max_body_bytes + settings().max_upload_bytes


@blueprint.get(PATH)
@signed_in
def ask(kind: str, name: str) -> ResponseReturnValue:
    """The form, with the defaults filled in. `?version=` orders another version than the current one."""
    offer, faults = _find(kind, name, request.args.get("version"))
    if offer is None or faults:
        raise NotFound(f"{name} has no such version. {_first(faults)}")
    return _form_page(started(offer))


@blueprint.post(PATH)
@signed_in
def answer(kind: str, name: str) -> ResponseReturnValue:
    """What the buttons do: review the answers, change them, send them; `ask` tells the script which fields are asked.

    The rest keeps them as a draft or a template, or shows and reads them as texts.
    """
    offer, faults = _find(kind, name, request.form.get("version"))
    form = _form(offer)
    start = resumed(form)
    do = request.form.get("do", "review")
    if do in ("change", "again") or do.startswith(ADD):
        return _form_page(start)
    if do == choosing.DO:
        return choosing.found(form)
    if (beside := BESIDE.get(do)) is not None:
        return beside(start)
    prepared = _prepared(form)
    if do == "ask":
        live = {"wrong": form.wrong_now(prepared.faults), "choices": form.renewed()}
        return jsonify(hidden=[*form.not_asked(prepared.resolved), *form.not_asked_inside()], **live, **_money(form, prepared))
    if not form.judge([*faults, *missed(form, prepared.faults)]):
        return _form_page(start), 422
    return _send(start, prepared) if do == "send" else _review_page(start, prepared, _new_key())


def _find(kind: str, name: str, version: str | None) -> tuple[Offer, Sequence[Fault]]:
    """The offer at `version`; at the current one with a fault where that version is gone.

    Raises NotFound, Conflict, and NotAllowed with the reason where the reader may not order it.
    """
    entry = {f"catalog_{kind.removesuffix('s')}": name}
    connection = reader()
    offer, faults = offers.find(connection, {**entry, "version": version} if version else entry)
    if offer is None and version and any(fault.code == "unknown_version" for fault in faults):
        offer, more = offers.find(connection, entry)
        faults = [*faults, *more]
    if offer is not None:
        if why := refuses_order(current_person(), offer.access):
            raise NotAllowed(f"You cannot order {offer.title}. {sentence(why)} {sentence(whom_to_ask(offer.owner))}")
        return offer, faults
    if any(fault.code == "unresolvable" for fault in faults):
        raise Conflict(f"This cannot be ordered now. {_first(faults)}")
    raise NotFound(_first(faults))


def _first(faults: Sequence[Fault]) -> str:
    return sentence(faults[0].message) if faults else ""


def _form(offer: Offer) -> OrderForm:
    made = order_form(offer, sorted(current_person().teams))
    keeps = request.form.get("do") not in ("ask", "discard", choosing.DO) and not _wants_json()
    return arrived(made, caller(), keeps=keeps) if request.method == "POST" else made(formdata=None)


def _prepared(form: OrderForm) -> Prepared:
    outside = lookups(reader())
    form.look_up(outside)
    return prepare(reader(), caller(), form.order(), outside)


def _form_page(start: Start, notice: Notice | None = None) -> str:
    form = start.form
    hold(form, caller())
    prepared, conditional, sections = _prepared(form), form.conditional(), drawn(form)
    found = money_of(form, prepared)
    return render_template(
        "order/form.html",
        offer=form.offer,
        start=start,
        notice=notice,
        faults=[said.summary for said in form.said],
        sections=sections,
        conditional=conditional,
        unkept=form.sensitive(),
        not_asked=form.not_asked(prepared.resolved),
        prices=section_texts(form, sections, found),
        dock=found.dock,
        plan=_plan(form.offer) | found.plan() | must_agree(prepared),
        **_ways(form.offer),
    )


def _money(form: OrderForm, prepared: Prepared) -> dict[str, Any]:
    """What the script is told of price and quotas after an answer."""
    found = money_of(form, prepared)
    summary = render_template("order/money.html", plan=found.plan() | must_agree(prepared))
    return answer_of(found, section_texts(form, drawn(form), found), summary)


def _plan(offer: Offer) -> dict[str, Any]:
    """What stands beside the form before anything is answered."""
    known = of_entry(reader(), offer.kind, offer.name)
    return {
        "promise": "Nothing is built before you confirm.",
        "about": about(known),
        "steps": outline(offer, known),
    }


def _review_page(start: Start, prepared: Prepared, key: str, notice: str = "") -> str:
    assert prepared.resolved is not None  # nothing is wrong with the order, so it was resolved
    form = start.form
    hold(form, caller())
    outside = lookups(reader())  # holding commits, which gives the connection back that was looked with
    form.look_up(outside)
    steps = [one for one in prepared.steps if one.kind == "step"]
    ahead, found = look_ahead(prepared, caller(), form.order(), outside), money_of(form, prepared)
    known = of_entry(reader(), form.offer.kind, form.offer.name)
    return render_template(
        "order/review.html",
        offer=form.offer,
        team=prepared.team,
        sections=reviewed(form, prepared.resolved, ahead),
        graph=picture(steps, known),
        takes=about(known),
        steps=steps,
        checks=checked(prepared.steps, ahead),
        unmet=unmet(prepared.steps, ahead),
        builders=builders(steps),
        posted=carried(start),
        plan=found.plan() | must_agree(prepared),
        dock=found.dock,
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


def _send(start: Start, prepared: Prepared) -> ResponseReturnValue:
    """Send what was reviewed. The key was made with the review, so that a second click finds the first one's request."""
    form, key = start.form, request.form.get("key", "")
    if not KEY.fullmatch(key):
        return _review_page(start, prepared, _new_key())
    if names := moved(form, request.form.get("reviewed", "")):
        return _review_page(start, prepared, key, f"{names}: there is another version now. Look at the order once more.")
    try:
        made = _submitted(form, posted_mark(), key)
    except NotFound:
        return _review_page(replace(start, mark=Mark()), prepared, key, GONE)
    except Invalid as error:
        form.judge(error.faults)
        return _form_page(start), 422
    return redirect(url_for("requests.show", request_id=made.request_id), 303)


def _submitted(form: OrderForm, mark: Mark, key: str) -> Submitted:
    who, order = caller(), form.order()
    with transaction() as unit:
        made = drafts.send(unit, who, order, key, mark.id) if mark.id else submit(unit, who, order, key)
        if form.held:
            held.sent(unit.connection, who.person.id, form.held)
        return made


def _save(start: Start) -> ResponseReturnValue:
    """Keep a draft. The script is told what it needs to go on; a page comes back for everybody else."""
    saving = save(start)
    if _wants_json():
        return saved_json(saving), saving.status
    kind = "failed" if saving.words else "done"
    words = saving.words or "The draft is saved."
    return _form_page(saving.start, Notice(kind, words, saving.newer)), saving.status


def _discard(start: Start) -> ResponseReturnValue:
    return redirect(discard(start) or url_for("drafts.listing"), 303)


def _name_template(start: Start) -> ResponseReturnValue:
    return template_page(start, _ways(start.form.offer))


def _keep_template(start: Start) -> ResponseReturnValue:
    if wrong := keep_template(start):
        return template_page(start, _ways(start.form.offer), wrong), 422
    return _form_page(start, Notice("done", "The template is saved.", url_for("drafts.templates"), "See the templates"))


def _twin(start: Start) -> ResponseReturnValue:
    return twin_page(start, request.form["do"], _ways(start.form.offer))


def _paste(start: Start) -> ResponseReturnValue:
    """Fill the form from a text; the version that it names counts, where there is one."""
    text, offer = request.form.get("pasted", ""), start.form.offer
    shape = "yaml" if request.form.get("shape") == "yaml" else "json"
    wanted = version_of(text)
    try:
        if wanted and wanted != offer.version and names_entry(text, offer):
            offer, faults = _find(f"{offer.kind}s", offer.name, wanted)
            filled = pasted(replace(start, form=_form(offer)))
            return _form_page(replace(filled, told=[*(sentence(f"Version {one.message}") for one in faults), *filled.told]))
        return _form_page(pasted(start))
    except Invalid as error:
        # What cannot be read may hold a secret anywhere: it is shown again only where nothing is secret.
        shown = None if start.form.sensitive() else text
        return twin_page(start, shape, _ways(start.form.offer), text=shown, faults=error.faults), 422


BESIDE: Mapping[str, Callable[[Start], ResponseReturnValue]] = {
    "save": _save,
    "discard": _discard,
    "template": _name_template,
    "keep": _keep_template,
    "paste": _paste,
    **dict.fromkeys(FORMS, _twin),
}
"""What the buttons do that neither look at the order nor send it."""


@blueprint.errorhandler(FormRefused)
@blueprint.errorhandler(SignInNeeded)
def not_now(error: StratusError) -> ResponseReturnValue:
    """A form that outlived its session. What was typed goes on: into the form again, or through signing in."""
    let_go()
    if request.method != "POST" or (isinstance(error, FormRefused) and error.__cause__ is None):
        return expected(error)  # another site sent it, or it is no form at all
    person = optional_person()
    if _wants_json():
        token = generate_csrf() if person else None
        return jsonify(person=person.user_id if person else None, token=token), 401 if person is None else 400
    if person is None:
        return render_template(
            "order/signed_out.html", posted=typed_again(request.form, _secret_names()), here=request.path
        ), 401
    offer, _ = _find(**(request.view_args or {}), version=request.form.get("version"))
    return _form_page(resumed(_form(offer)), Notice("person", STALE)), 400


def _secret_names() -> Collection[str]:
    """The names of the posted form's secrets: nobody is signed in for whom they could be kept."""
    named = request.view_args or {}
    kind = str(named.get("kind", "")).removesuffix("s")
    offer, _ = offers.find(reader(), {f"catalog_{kind}": named.get("name")})
    return order_form(offer, ())(formdata=None).sensitive() if offer else ()


def _wants_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _new_key() -> str:
    return secrets.token_urlsafe(16)
