"""What the buttons of the order form do besides going on to the review: keep a draft or a template, show and read the twin."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import Response, jsonify, render_template, request, url_for
from werkzeug.datastructures import MultiDict

from app.catalog.offers import Offer
from app.core.fields import ABSENT
from app.core.kept_orders import NAMES_OF_KIND
from app.core.secrecy import MASK, masked, without_secrets
from app.errors import Conflict, Fault, Invalid, NotFound
from app.identity import current_person
from app.lifecycle.kept import drafts, templates
from app.queries import drafts as queries
from app.reader import reader
from app.transaction import transaction
from app.web.filters import sentence
from app.web.forms.filling import filled_from, told
from app.web.forms.keeping import conceal, hold
from app.web.ordering import twin
from app.web.ordering.start import Mark, Start
from app.web.ordering.template_form import name_fields, named
from app.web.parts import caller, settings


@dataclass(frozen=True, slots=True)
class Saving:
    """What became of a save. start: the form as it goes on; words: what went wrong, empty when nothing did."""

    start: Start
    words: str = ""
    status: int = 200
    newer: str = ""


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence at the top of the form. kind: as the `notice` macro takes it; href: where it leads, with words for that."""

    kind: str
    words: str
    href: str = ""
    link: str = "Open what was saved"


def save(start: Start) -> Saving:
    """Keep the form's answers as its draft, or as a new one. What somebody else saved meanwhile is not written over."""
    form, mark = start.form, start.mark
    try:
        with transaction() as unit:
            made = drafts.save(unit, caller(), form.order(), draft_id=mark.id, expected=mark.revision if mark.id else None)
    except Conflict as error:
        newer = where(form.offer, mark) if mark.id else ""
        return Saving(replace(start, mark=Mark(), draft=None), sentence(error.message), 409, newer)
    except NotFound:
        return Saving(
            replace(start, mark=Mark(), draft=None, gone=True), "This draft is gone: it was sent or thrown away.", 409
        )
    except Invalid as error:
        return Saving(start, " ".join(sentence(fault.message) for fault in error.faults), 422)
    kept = queries.one(reader(), current_person(), "draft", made.id)
    return Saving(replace(start, mark=Mark(made.id, made.revision), draft=kept, gone=False))


def saved_json(saving: Saving) -> Response:
    """What the script is told: the draft and its new revision, or what went wrong."""
    if saving.words:
        return jsonify(words=saving.words, newer=saving.newer)
    start = saving.start
    assert start.draft is not None  # it was saved just now
    said = render_template("order/saved_at.html", draft=start.draft)
    return jsonify(
        draft=str(start.mark.id), revision=start.mark.revision, said=said.strip(), here=where(start.form.offer, start.mark)
    )


def where(offer: Offer, mark: Mark) -> str:
    """The address of a draft's form, at the version that is open."""
    return url_for("ordering.ask", kind=f"{offer.kind}s", name=offer.name, draft=mark.id)


def discard(start: Start) -> str | None:
    """Throw the form's draft away; answers where it can be brought back, None where there is none."""
    if start.mark.id is None:
        return None
    with transaction() as unit:
        drafts.delete(unit, caller(), start.mark.id)
    return url_for("drafts.listing", gone=start.mark.id)


def template_page(start: Start, ways: Mapping[str, Any], errors: Sequence[str] = ()) -> str:
    """Asks for the name of a template, and whom it is shared with."""
    return render_template("order/keep.html", offer=start.form.offer, posted=carried(start), **name_fields(errors), **ways)


def keep_template(start: Start) -> Sequence[str]:
    """Keep the form's answers as a template; answers what is wrong with its name or its team, nothing when it is kept."""
    try:
        with transaction() as unit:
            name, team = named()
            templates.save(unit, caller(), start.form.order(), name, team=team)
    except Invalid as error:
        return [sentence(f"It {fault.message}") for fault in error.faults]
    except Conflict as error:
        return [sentence(error.message)]
    return ()


def twin_page(
    start: Start, shape: str, ways: Mapping[str, Any], *, text: str | None = None, faults: Sequence[Fault] = ()
) -> str:
    """The order as curl, JSON or YAML. text: what was pasted, with what is wrong with it."""
    form = start.form
    words = twin.written(shape, masked(form.offer, form.order()), settings().public_url)
    return render_template(
        "order/twin.html",
        offer=form.offer,
        shape=shape,
        written=words if text is None else text,
        masked=form.sensitive(),
        faults=[{"id": "pasted", "words": sentence(f"The text {fault.message}")} for fault in faults],
        posted=carried(start),
        **ways,
    )


def pasted(start: Start) -> Start:
    """The form filled from the text that was pasted; secrets that it masks keep what was typed. Raises Invalid."""
    form = start.form
    order = twin.read(request.form.get("pasted", ""))
    _same_entry(form.offer, order)
    filled = filled_from(form.offer, form.teams, order, secrets=True)
    before = {name: form[name].concealed for name in form.sensitive() if form[name].concealed is not ABSENT}
    given = without_secrets(form.offer, order) != order
    conceal(filled.form, before)
    for name, value in before.items():
        if given and filled.form[name].concealed is ABSENT:
            filled.form[name].pairs = [(name, MASK)]
            filled.form[name].conceal(value)
    filled.form.held, filled.form.kept = form.held, form.kept
    return replace(start, form=filled.form, told=told(filled), source="Filled in from the text.", unsaved=True)


def _same_entry(offer: Offer, order: Mapping[str, Any]) -> None:
    named = {key: order[key] for key in NAMES_OF_KIND.values() if key in order}
    if named == {NAMES_OF_KIND[offer.kind]: offer.name}:
        return
    what = ", ".join(str(value) for value in named.values()) or "nothing that it names"
    message = f"is an order of {what}, and this form orders {offer.name}"
    raise Invalid(faults=[Fault(("pasted",), "other_entry", message)])


def carried(start: Start) -> list[tuple[str, str]]:
    """The hidden inputs that take a form with its draft to another page and back; its secrets wait under a handle."""
    hold(start.form, caller())
    return [("version", start.form.offer.version), *start.form.posted(), *start.mark.posted]


def names_entry(text: str, offer: Offer) -> bool:
    """Whether a text that can be read is an order of this entry."""
    return twin.read(text).get(NAMES_OF_KIND[offer.kind]) == offer.name


def version_of(text: str) -> str | None:
    """The version that a pasted text names; None where it cannot be read or names none."""
    try:
        said = twin.read(text).get("version")
    except Invalid:
        return None
    return said if isinstance(said, str) else None


def typed_again(posted: MultiDict[str, str], secret: Collection[str] = ()) -> list[tuple[str, str]]:
    """Everything that a refused form posted, so that it can be sent once more; secrets are typed again."""
    return [(name, value) for name, value in posted.items(multi=True) if not _is_left_out(name, secret)]


def _is_left_out(name: str, secret: Collection[str]) -> bool:
    return name in ("csrf_token", "do", *secret) or name.startswith(tuple(f"{one}." for one in secret))
