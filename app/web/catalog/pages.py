"""Pages of the catalog: what is on offer, found by words, tags and owners, and one bundle or item in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.catalog import offers
from app.catalog.offers import Offer
from app.catalog.prices import price_with_defaults
from app.core.access import Person, whom_to_ask
from app.identity import current_person
from app.identity.guard import signed_in
from app.queries import catalog as queries
from app.queries import forecast, search
from app.queries.catalog import Entry, EntryDetail
from app.queries.search import MOST_LOOKED_AT, Facet, Facets, Filters, Matches
from app.reader import reader
from app.web import forecasts
from app.web.catalog.offer_shown import form_in_words, items_of, outputs_of
from app.web.filters import money, plural, sentence
from app.web.forecasts import UNKNOWN
from app.web.forms.sections import sections_of
from app.web.jinja import catalog_icon
from app.web.ordering.money import priced
from app.web.phrases import blocks

blueprint = Blueprint("catalog", __name__)

LONGEST_WORDS = 200
MOST_SHOWN = 20
"""Rows of a kind on one page; a larger catalog is narrowed by words, tags and owners, not read through."""
MOST_OFFERED = 15
"""Values of one filter that are offered, those that most entries have: nobody reads through more."""
MOST_CHOSEN = 20
"""Tags or owners at once; longer addresses are no choice that somebody made."""


CHOICES: Mapping[str, str] = {"tag": "Tag", "owner": "Owner", "category": "Category", "kind": "Kind"}
"""What a list is narrowed by besides words, by its name in the address."""
KINDS = {"bundle": "Bundles", "item": "Items"}
MINE = "mine"


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the list is narrowed to, as its address says it. picked: by `CHOICES`; mine: only what the reader may order;
    literal: typing mistakes are looked for as they are."""

    words: str
    picked: Mapping[str, tuple[str, ...]]
    mine: bool = False
    literal: bool = False

    @classmethod
    def read(cls) -> "Chosen":
        """The choice in the address of this call."""
        args = request.args
        picked = {key: tuple(dict.fromkeys(args.getlist(key)))[:MOST_CHOSEN] for key in CHOICES}
        picked["kind"] = tuple(one for one in picked["kind"] if one in KINDS)
        words = args.get("q", "").strip()[:LONGEST_WORDS]
        return cls(words, picked, mine=args.get("show") == MINE, literal=args.get("literal") == "1")

    def href(self, **changes: Any) -> str:
        """The address of the same list with changes, each of one of its fields."""
        other = replace(self, **changes)
        more: dict[str, Any] = {"show": MINE if other.mine else None, "literal": 1 if other.literal else None, **other.picked}
        return url_for("catalog.index", q=other.words or None, **more)

    def without(self, key: str, value: str) -> str:
        """The address without one of what is picked."""
        return self.href(picked={**self.picked, key: tuple(one for one in self.picked[key] if one != value)})

    def filters(self, words: Sequence[str], person: Person) -> Filters:
        """The same for the query. words: as they are looked for."""
        tags, owners, categories, kinds = (self.picked[key] for key in CHOICES)
        return Filters(tags, owners, categories, kinds, words, person if self.mine else None)

    @property
    def chips(self) -> list[tuple[str, str]]:
        """What is chosen, each with the address without it."""
        said = [(f"“{self.words}”", self.href(words="", literal=False))] if self.words else []
        for key, title in CHOICES.items():
            said += [(f"{title}: {KINDS.get(one, one)}", self.without(key, one)) for one in self.picked[key]]
        return [*said, *([("What I can order", self.href(mine=False))] if self.mine else [])]


@blueprint.get("/catalog")
@signed_in
def index() -> ResponseReturnValue:
    """Everything that fits: bundles, then items."""
    person, chosen = current_person(), Chosen.read()
    spelling = search.spelled(reader(), chosen.words, literally=chosen.literal)
    filters = chosen.filters(spelling.words, person)
    found, facets = search.found(reader(), filters, MOST_SHOWN)
    return render_template(
        "catalog/index.html",
        chosen=chosen,
        corrected=" ".join(spelling.words) if spelling.corrected else "",
        literally=chosen.href(literal=True),
        nearest=[(word, chosen.href(words=word, literal=False)) for word in spelling.nearest],
        counted=_counted(found, narrowed=bool(chosen.chips)),
        columns=(columns := _columns(found.shown)),
        groups=_groups(found, person, columns),
        facets=_facets(chosen, facets),
        faulty=[(one.title, _href(one)) for one in found.shown if one.fault] if person.is_admin else [],
    )


@blueprint.get("/catalog/<any(bundles, items):kind>/<name>")
@signed_in
def show(kind: str, name: str) -> ResponseReturnValue:
    """One entry: what it gives, what it asks, its versions. `?version=` shows another than the current one."""
    detail = queries.detail(reader(), kind.removesuffix("s"), name, request.args.get("version") or None)
    entry, person = detail.entry, current_person()
    asked = {f"catalog_{entry.kind}": name, "version": entry.version}
    offer, faults = offers.find(reader(), asked)
    return render_template(
        "catalog/show.html",
        entry=entry,
        icon=_icon(entry),
        docs=blocks(detail.definition.get("docs") or ""),
        links=detail.definition.get("links") or (),
        tags=_tags(entry),
        newest=_newest(detail),
        versions=[(version, url_for("catalog.show", kind=kind, name=name, version=version)) for version in detail.versions],
        order=url_for("ordering.ask", kind=kind, name=name, version=_other(detail))
        if offer and not entry.refuses(person)
        else "",
        refused="" if offer else sentence(faults[0].message if faults else "it cannot be ordered"),
        not_for_you=why_not(entry, person),
        runs=forecasts.facts(forecast.of_entry(reader(), entry.kind, name)),
        deprecated=_deprecated(entry),
        fault=entry.fault if person.is_admin else None,
        **_shown(offer),
    )


def _shown(offer: Offer | None) -> dict[str, Any]:
    if offer is None:
        return {"items": [], "forms": [], "outputs": [], "price": {}}
    sections = sections_of(offer)
    return {
        "items": items_of(offer, sections),
        "forms": form_in_words(sections),
        "outputs": outputs_of(offer),
        "price": priced(least.as_json()) if (least := price_with_defaults(offer)) else {},
    }


def _newest(detail: EntryDetail) -> str:
    return detail.versions[0] if detail.versions else detail.entry.version


def _other(detail: EntryDetail) -> str | None:
    """The version, where it is not the newest one."""
    return detail.entry.version if detail.entry.version != _newest(detail) else None


def why_not(entry: Entry, person: Person) -> str:
    """Why the reader may not order an entry, and whom to ask, as a sentence; empty where they may."""
    refused = entry.refuses(person)
    return f"{sentence(refused)} {sentence(whom_to_ask(entry.owner))}" if refused else ""


def _counted(found: Matches, *, narrowed: bool) -> str:
    counts = [(found.totals.get(kind, 0), kind) for kind in KINDS]
    words = " and ".join(_many(count, kind, exact=found.exact) for count, kind in counts if count) or "Nothing"
    if narrowed or len(found.shown) < found.total or not found.shown:
        return f"{words} found" if narrowed or not found.shown else words
    teams = len({one.owner for one in found.shown})
    return f"{words} from {plural(teams, 'platform team')}"


def _many(count: int, kind: str, *, exact: bool) -> str:
    return plural(count, kind) if exact or count < MOST_LOOKED_AT else f"more than {MOST_LOOKED_AT:,} {kind}s"


def _columns(entries: Sequence[Entry]) -> dict[str, dict[str, str]]:
    """By title, the cells of those columns in which something is known, each by the name of its entry."""
    known = forecast.of_entries(reader(), [(one.kind, one.name) for one in entries])
    runs = {one.name: known.get((one.kind, one.name)) for one in entries}
    columns = {
        "From, a month": {one.name: _price(one.price_from) for one in entries},
        "Usual time": {name: forecasts.usual(found) for name, found in runs.items()},
        "Needs a person": {name: forecasts.how_often(found) for name, found in runs.items()},
    }
    return {title: cells for title, cells in columns.items() if set(cells.values()) - {UNKNOWN}}


def _price(least: Mapping[str, Any] | None) -> str:
    """What it costs a month at least; by another period it says which."""
    if least is None:
        return UNKNOWN
    return money(least["total"], least["currency"]) + ("" if least["per"] == "month" else f" a {least['per']}")


def _groups(found: Matches, person: Person, columns: Mapping[str, Mapping[str, str]]) -> list[dict[str, Any]]:
    groups = [
        {"title": "Bundles", "note": "several items, ordered and wired together", "kind": "bundle"},
        {"title": "Items", "note": "ordered alone", "kind": "item"},
    ]
    rows = {group["kind"]: [_row(one, person, columns) for one in found.shown if one.kind == group["kind"]] for group in groups}
    return [
        {**group, "rows": shown, "note": group["note"] + _cut(len(shown), found.totals.get(group["kind"], 0))}
        for group in groups
        if (shown := rows[group["kind"]])
    ]


def _cut(shown: int, total: int) -> str:
    """What a group says that shows only some of what fits."""
    return f"; the first {shown}, add words or tags to see others" if shown < total else ""


def _row(entry: Entry, person: Person, columns: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    refused = why_not(entry, person)
    notes = ["deprecated" if entry.deprecated else "", "its file has a fault" if entry.fault and person.is_admin else ""]
    return {
        "title": entry.title,
        "version": entry.version,
        "note": ", ".join(note for note in notes if note),
        "description": entry.description,
        "owner": entry.owner,
        "tags": _tags(entry),
        "icon": _icon(entry),
        "href": _href(entry),
        "order": "" if refused else url_for("ordering.ask", kind=f"{entry.kind}s", name=entry.name),
        "facts": [(title, cells[entry.name]) for title, cells in columns.items()],
        "refused": refused,
        "refused_short": "Not your team",
    }


def _icon(entry: Entry) -> str:
    return catalog_icon(entry.icon, bundle=entry.kind == "bundle")


def _tags(entry: Entry) -> list[tuple[str, str]]:
    here = url_for("catalog.index")  # once: a page has a hundred of them
    return [(tag, f"{here}?{urlencode({'tag': tag})}") for tag in entry.tags]


def _href(entry: Entry) -> str:
    return url_for("catalog.show", kind=f"{entry.kind}s", name=entry.name)


def _deprecated(entry: Entry) -> Mapping[str, str] | None:
    """Since when it should not be ordered, until when it can be, and what to take instead, with its address if there is one."""
    if entry.deprecated is None:
        return None
    use, kinds = entry.deprecated.get("use"), sorted(queries.TABLES, key=lambda kind: kind != entry.kind)
    found = [kind for kind in kinds if use and queries.versions_of(reader(), kind, use)]
    return {**entry.deprecated, "href": url_for("catalog.show", kind=f"{found[0]}s", name=use) if found else ""}


def _facets(chosen: Chosen, found: Facets) -> list[dict[str, Any]]:
    """What else the list can be narrowed by, or widened."""
    groups = [
        {"legend": legend, "name": key, "options": _options(found[key], chosen.picked[key])} for key, legend in CHOICES.items()
    ]
    mine = {"value": MINE, "label": "What I can order", "checked": chosen.mine}
    shown = [group for group in groups if len(group["options"]) > 1 or chosen.picked[str(group["name"])]]
    return [*shown, {"legend": "Show", "name": "show", "options": [mine]}] if any(group["options"] for group in groups) else []


def _options(found: Sequence[Facet], picked: Sequence[str]) -> list[dict[str, Any]]:
    """What was picked stays in the list with nothing behind it, so that it can be taken away."""
    counts = {one.value: one.count for one in found}
    every = dict.fromkeys([*list(counts)[:MOST_OFFERED], *picked])
    return [
        {"value": one, "label": KINDS.get(one, one), "count": counts.get(one, 0), "checked": one in picked} for one in every
    ]
