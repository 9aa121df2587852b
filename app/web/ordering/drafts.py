"""Pages of drafts and templates: what one is still writing, and what one begins orders with."""

import uuid
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.errors import Invalid
from app.identity import current_person
from app.identity.guard import signed_in
from app.lifecycle.kept import drafts, templates
from app.lifecycle.kept.abandoned import kept_until
from app.lifecycle.kept.entries import order_of_request
from app.queries import drafts as queries
from app.queries.drafts import Kept
from app.queries.paging import DEFAULT_LIMIT
from app.reader import reader
from app.transaction import transaction
from app.web.filters import sentence
from app.web.ordering.template_form import name_fields, named
from app.web.parts import caller, cursors, settings

blueprint = Blueprint("drafts", __name__)
USES = {"draft": drafts, "template": templates}


@blueprint.get("/drafts")
@signed_in
def listing() -> ResponseReturnValue:
    """My drafts and those shared with my teams. `?gone=` offers to bring one back."""
    return _list("draft")


@blueprint.get("/templates", endpoint="templates")
@signed_in
def list_templates() -> ResponseReturnValue:
    """My templates and those shared with my teams."""
    return _list("template")


@blueprint.post("/<any(drafts, templates):whats>/<uuid:key>/delete")
@signed_in
def delete(whats: str, key: uuid.UUID) -> ResponseReturnValue:
    """Throw one away; the list offers to bring it back."""
    with transaction() as unit:
        USES[_what(whats)].delete(unit, caller(), key)
    return redirect(url_for(_home(whats), gone=key), 303)


@blueprint.post("/<any(drafts, templates):whats>/<uuid:key>/restore")
@signed_in
def restore(whats: str, key: uuid.UUID) -> ResponseReturnValue:
    """Bring one back."""
    with transaction() as unit:
        USES[_what(whats)].restore(unit, caller(), key)
    return redirect(url_for(_home(whats)), 303)


@blueprint.post("/<any(drafts, templates):whats>/<uuid:key>/share")
@signed_in
def share(whats: str, key: uuid.UUID) -> ResponseReturnValue:
    """Share one with a team, or with nobody any more."""
    with transaction() as unit:
        USES[_what(whats)].share(unit, caller(), key, request.form.get("team") or None)
    return redirect(url_for(_home(whats)), 303)


@blueprint.get("/templates/new")
@signed_in
def ask_template() -> ResponseReturnValue:
    """Ask for the name of a template that is made of a request (`?request=`)."""
    return _ask(request.args.get("request", ""))


@blueprint.post("/templates/new")
@signed_in
def make_template() -> ResponseReturnValue:
    """Keep the order of a request as a template."""
    request_id = request.form.get("request", "")
    name, team = named()
    order = order_of_request(reader(), current_person(), request_id)
    try:
        with transaction() as unit:
            templates.save(unit, caller(), order, name, team=team)
    except Invalid as error:
        return _ask(request_id, [sentence(f"It {fault.message}") for fault in error.faults]), 422
    return redirect(url_for("drafts.templates"), 303)


def _ask(request_id: str, errors: list[str] | None = None) -> str:
    order_of_request(reader(), current_person(), request_id)
    return render_template(
        "drafts/from_request.html",
        request_id=request_id,
        **name_fields(errors or ()),
    )


def _list(what: queries.What) -> ResponseReturnValue:
    person, cursor = current_person(), request.args.get("cursor")
    here = _home(f"{what}s")
    try:
        page = queries.listing(reader(), person, what, queries.Filters(), DEFAULT_LIMIT, cursor, cursors())
    except Invalid:  # a cursor of yesterday: begin anew
        return redirect(url_for(here))
    return render_template(
        "drafts/list.html",
        what=what,
        days=settings().draft_days if what == "draft" else 0,
        rows=[_row(what, one) for one in page.items],
        gone=_gone(request.args.get("gone", "")),
        teams=sorted(person.teams),
        next_page=url_for(here, cursor=page.next_cursor) if page.next_cursor else "",
        first=url_for(here) if cursor else "",
    )


def _row(what: queries.What, kept: Kept) -> dict[str, Any]:
    origin: dict[str, Any] = {what: str(kept.id)}
    href = url_for("ordering.ask", kind=f"{kept.kind}s", name=kept.catalog_name, **origin)
    until = kept_until(kept.updated_at, settings().draft_days) if what == "draft" else None
    return {"it": kept, "href": href, "mine": kept.owner_id == current_person().id, "until": until}


def _gone(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text) if text else None
    except ValueError:
        return None


def _what(whats: str) -> queries.What:
    return "draft" if whats == "drafts" else "template"


def _home(whats: str) -> str:
    return "drafts.listing" if whats == "drafts" else "drafts.templates"
