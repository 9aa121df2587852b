"""The receipt of a request as a page to print: the same document as the API gives, in words."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from app.identity import current_person
from app.identity.guard import signed_in
from app.queries.receipt import receipt
from app.reader import reader
from app.web.filters import shown, words
from app.web.parts import settings
from app.web.requests.case import Case
from app.web.requests.reading import case_of
from app.web.requests.results import OWN, pair

blueprint = Blueprint("receipts", __name__)

SAID: Mapping[str, str] = {
    "request.submitted": "sent the request",
    "request.revised": "changed the order",
    "request.cancel": "cancelled the request",
    "request.timeout": "ended it: it took too long",
    "request.resumed": "let it go on",
    "request.rollback": "had it rolled back",
    "ticket.retried": "let the automation try again",
    "ticket.rejected": "said that it cannot be done",
    "step.skipped": "left a step out",
}


@blueprint.get("/requests/<request_id>/receipt")
@signed_in
def show(request_id: str) -> ResponseReturnValue:
    """One receipt. Times are in the portal's zone here; the document, and its digest, have them in UTC."""
    it = receipt(reader(), current_person(), request_id)
    zone = ZoneInfo(settings().timezone)
    return render_template(
        "requests/receipt.html",
        it=it,
        at=lambda text: _at(text, zone),
        sources=_sources(it["ordered"]),
        answers=_answers(it, case_of(request_id)),
        outputs=_outputs(it),
        decisions=[_decision(one) for one in it["decisions"]],
        votes=[{"of": one, **vote} for one in it["approvals"] for vote in one["votes"]],
        edits=[{**one, "filled_in": _pairs(one["outputs"])} for one in it["human_edits"]],
    )


def _at(text: str | None, zone: tzinfo) -> str:
    return datetime.fromisoformat(text).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S %Z") if text else ""


def _sources(ordered: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The documents that it was built from: the bundle's and its items', or the one item's."""
    own = [ordered] if ordered["kind"] == "bundle" else []
    return [*own, *({**item, "name": item["catalog_item"]} for item in ordered["items"])]


def _answers(it: Mapping[str, Any], case: Case) -> list[tuple[str, Sequence[tuple[str, str]]]]:
    """The document's answers as the form called them, and what no form asks."""
    detail, answered = case.detail, it["answers"]
    titles = _titles(it)
    fields = {item.alias: [*item.fields, *item.inputs] for item in detail.items}
    known = {**detail.files, **detail.people}
    own = (str(it["ordered"]["title"]), answered["bundle_parameters"], detail.bundle_fields)
    items = [(titles[alias], values, fields.get(alias, ())) for alias, values in answered["item_parameters"].items()]
    return [(title, pairs) for title, values, asked in [own, *items] if (pairs := _spoken(values, asked, known))]


def _outputs(it: Mapping[str, Any]) -> list[tuple[str, Sequence[tuple[str, str]]]]:
    """The outputs in the order of the items, the bundle's own last."""
    titles = {**_titles(it), OWN: str(it["ordered"]["title"])}
    return [(title, _pairs(it["outputs"][group])) for group, title in titles.items() if it["outputs"].get(group)]


def _titles(it: Mapping[str, Any]) -> dict[str, str]:
    """By alias, what people call each item."""
    return {item["alias"]: str(item["title"]) for item in it["ordered"]["items"]}


def _spoken(values: Mapping[str, Any], asked: Sequence[Mapping[str, Any]], known: Mapping[str, str]) -> list[tuple[str, str]]:
    by_name = {one["name"]: one for one in asked}
    given = [(name, value) for name, value in values.items() if value is not None]
    return [pair(by_name[name], value, known) if name in by_name else (words(name), shown(value)) for name, value in given]


def _pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(words(name), shown(value)) for name, value in values.items() if value is not None]


def _decision(one: Mapping[str, Any]) -> dict[str, str]:
    details = one["details"]
    who = details.get("by") or ("" if one["actor"] in (None, "system") else one["actor"])
    return {
        "at": one["at"],
        "who": who or "The portal",
        "what": SAID.get(one["what"], one["what"]),
        "why": str(details.get("reason") or ""),
        "step": one["step_id"] or "",
    }
