"""Pages of quotas: what one's teams may use and have used; for administrators every team, and the form of its limits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app.core.quota import plain
from app.errors import Fault, Invalid, NotAllowed
from app.identity import current_person
from app.identity.guard import signed_in
from app.lifecycle.quota_limits import set_limits
from app.queries import quotas
from app.queries.quotas import Standing
from app.reader import reader
from app.transaction import transaction
from app.web.filters import number, sentence
from app.web.labels import Label
from app.web.parts import caller
from app.web.views_fields import FieldView

blueprint = Blueprint("quotas", __name__, url_prefix="/quotas")

LIMIT, NEW_NAME, NEW_LIMIT = "limit.", "new_resource", "new_limit"
LONGEST_WORDS = 200
SET_LIMITS = Markup('{}<a href="{}">Set limits<span class="vh"> of {}</span></a>')
OVER = Label("failed", "failed", "More is taken than allowed")
SOON = Label("soon", "late", "Nearly used up")
GONE = Label("soon", "late", "Used up")
NOTHING = Label("soon", "late", "Nothing is allowed")
FINE = Label("done", "done", "Enough left")


@dataclass(frozen=True, slots=True)
class Row:
    """One resource of one team, in words."""

    title: str
    resource: str
    used: str
    reserved: str
    limit: str
    left: str
    label: Label
    said_by: str


@blueprint.get("")
@signed_in
def index() -> ResponseReturnValue:
    """The quotas of one's teams, or, for administrators, of every team; `?team=` narrows those."""
    person = current_person()
    words = request.args.get("team", "").strip()[:LONGEST_WORDS]
    teams = quotas.teams(reader(), words) if person.is_admin else sorted(person.teams)
    return render_template("quotas/index.html", groups=_groups(teams, admin=person.is_admin), words=words, teams=teams)


@blueprint.get("/limits")
@signed_in
def limits() -> ResponseReturnValue:
    """The form of one team's own limits, `?team=`; without a team the list of them."""
    team = _team()
    return _form(team) if team else redirect(url_for("quotas.index"))


@blueprint.post("/limits")
@signed_in
def set_them() -> ResponseReturnValue:
    """Set the limits of one team, as the form has them."""
    team = _team()
    written, faults = _written()
    if not faults:
        try:
            with transaction() as unit:
                set_limits(unit, caller(), team, written)
            return redirect(url_for("quotas.index", team=team), 303)
        except Invalid as error:
            faults = list(error.faults)
    return _form(team, faults), 422


def _team() -> str:
    """The team that is meant. Raises NotAllowed for all but administrators."""
    if not current_person().is_admin:
        raise NotAllowed("Only administrators set quotas.")
    return request.args.get("team", "").strip()[:LONGEST_WORDS]


def _groups(teams: Sequence[str], *, admin: bool) -> list[dict[str, Any]]:
    found = quotas.standing(reader(), teams)
    groups = []
    for team in teams:
        rows = [_row(one) for one in found if one.team == team]
        if rows or admin:
            groups.append({"title": team, "note": _note(team, rows, admin=admin), "rows": rows})
    return groups


def _note(team: str, rows: Sequence[Row], *, admin: bool) -> str | Markup:
    words = "" if rows else "no limits "
    if not admin:
        return words
    return SET_LIMITS.format(words, url_for("quotas.limits", team=team), team)


def _row(standing: Standing) -> Row:
    line = standing.line
    unit = f" {line.of.naming.unit}" if line.of.naming.unit else ""
    by = (
        "an administrator"
        if standing.source == "admin"
        else "the catalog, for every team"
        if standing.of_all
        else "the catalog"
    )
    return Row(
        title=line.of.naming.title,
        resource=line.of.resource,
        used=_said(line.used),
        reserved=_said(line.reserved),
        limit=_said(line.of.limit) + unit,
        left=_said(max(line.available_after, Decimal(0))),
        label=_label(standing),
        said_by=by,
    )


def _label(standing: Standing) -> Label:
    line = standing.line
    if standing.over:
        return OVER
    if line.available_after <= 0:
        return GONE if line.of.limit else NOTHING
    return SOON if line.warn else FINE


def _said(amount: Decimal) -> str:
    return number(plain(amount))


def _form(team: str, faults: Sequence[Fault] = ()) -> str:
    own = quotas.own_limits(reader(), team)
    standing = {one.line.of.resource: one for one in quotas.standing(reader(), [team])}
    said = {str(fault.path[-1]) if fault.path else "": sentence(f"{_name(fault)} {fault.message}") for fault in faults}
    resources = sorted({*own, *standing, *quotas.resources(reader())})
    views = [_view(resource, own, standing, said) for resource in resources]
    new = [
        FieldView(
            NEW_NAME,
            NEW_NAME,
            "Another resource",
            help="As catalog entries name it, such as vcpu",
            mono=True,
            value=request.form.get(NEW_NAME, ""),
            errors=_errors(said, NEW_NAME),
        ),
        FieldView(
            NEW_LIMIT,
            NEW_LIMIT,
            "Its limit",
            kind="number",
            fraction=True,
            value=request.form.get(NEW_LIMIT, ""),
            errors=_errors(said, NEW_LIMIT),
        ),
    ]
    shown = {view.name.removeprefix(LIMIT): view.id for view in (*views, *new)}
    told = [{"id": shown.get(name, ""), "words": words} for name, words in said.items()]
    return render_template("quotas/limits.html", team=team, fields=views, new=new, faults=told)


def _view(resource: str, own: Mapping[str, Decimal], standing: Mapping[str, Standing], said: Mapping[str, str]) -> FieldView:
    known = standing.get(resource)
    title = known.line.of.naming.title if known else resource
    now = f"{_said(known.line.used)} used, {_said(known.line.reserved)} reserved" if known else "no limit now"
    by_file = known is not None and known.source == "file"
    name = LIMIT + resource
    value = request.form.get(name, str(plain(own[resource])) if resource in own else "")
    return FieldView(
        name,
        name.replace(".", "-"),
        title,
        kind="number",
        fraction=True,
        help=now + (f"; the catalog says {_said(known.line.of.limit)}" if known and by_file else ""),
        value=value,
        unit=known.line.of.naming.unit if known else "",
        errors=_errors(said, resource),
    )


def _errors(said: Mapping[str, str], name: str) -> tuple[str, ...]:
    return (said[name],) if name in said else ()


def _name(fault: Fault) -> str:
    names = {NEW_NAME: "the other resource", NEW_LIMIT: "its limit", "team": "the address"}
    last = str(fault.path[-1]) if fault.path else ""
    return names.get(last, last)


def _written() -> tuple[dict[str, Decimal], list[Fault]]:
    """What was typed, by resource, without what was left empty; and what is no number."""
    typed = {name.removeprefix(LIMIT): text.strip() for name, text in request.form.items() if name.startswith(LIMIT)}
    found: dict[str, Decimal] = {}
    faults: list[Fault] = []
    new, new_limit = request.form.get(NEW_NAME, "").strip(), request.form.get(NEW_LIMIT, "").strip()
    for resource, text in typed.items():
        _take(found, faults, resource, resource, text)
    if new and not new_limit:
        faults.append(Fault((NEW_LIMIT,), "required", "must be filled in"))
    elif new_limit and not new:
        faults.append(Fault((NEW_NAME,), "required", "must be filled in"))
    else:
        _take(found, faults, NEW_LIMIT, new, new_limit)
    return found, faults


def _take(found: dict[str, Decimal], faults: list[Fault], place: str, resource: str, text: str) -> None:
    if not text:
        return
    try:
        found[resource] = Decimal(text.replace(",", ""))
    except InvalidOperation:
        faults.append(Fault((place,), "type", "must be a number"))
