"""Pages of the catalog: what is on offer, found by words, tags and owners, and one bundle or item in words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue

from app.catalog import offers
from app.catalog.offers import Offer
from app.core.access import Person
from app.extensions import db
from app.identity import current_person
from app.identity.guard import signed_in
from app.queries import catalog as queries
from app.queries.catalog import MOST_LOOKED_AT, Entry, EntryDetail, Facet, Filters, Matches
from app.web.filters import plural, sentence
from app.web.forms.sections import sections_of
from app.web.jinja import catalog_icon
from app.web.offer_shown import form_in_words, items_of, outputs_of
from app.web.phrases import blocks

blueprint = Blueprint("catalog", __name__)

LONGEST_WORDS = 200
MOST_SHOWN = 25
"""Rows of a kind on one page; a larger catalog is narrowed by words, tags and owners, not read through."""
MOST_CHOSEN = 20
"""Tags or owners at once; longer addresses are no choice that somebody made."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the list is narrowed to, as its address says it."""

    words: str
    tags: tuple[str, ...]
    owners: tuple[str, ...]

    @classmethod
    def read(cls) -> "Chosen":
        """The choice in the address of this call."""
        tags, owners = (tuple(dict.fromkeys(request.args.getlist(key)))[:MOST_CHOSEN] for key in ("tag", "owner"))
        return cls(request.args.get("q", "").strip()[:LONGEST_WORDS], tags, owners)

    def href(self, *, without: str = "") -> str:
        """The address of the same list without one of its words, tags or owners."""
        tags, owners = ([one for one in chosen if one != without] for chosen in (self.tags, self.owners))
        words = self.words if self.words != without else ""
        return url_for("catalog.index", q=words or None, tag=tags, owner=owners)

    @property
    def filters(self) -> Filters:
        """The same for the query."""
        return Filters(self.tags, self.owners, self.words)

    @property
    def chips(self) -> list[tuple[str, str]]:
        """What is chosen, each with the address without it."""
        said = [(f"“{self.words}”", self.words)] if self.words else []
        said += [(f"Tag: {tag}", tag) for tag in self.tags] + [(f"Owner: {owner}", owner) for owner in self.owners]
        return [(words, self.href(without=value)) for words, value in said]


@blueprint.get("/catalog")
@signed_in
def index() -> ResponseReturnValue:
    """Everything that fits: bundles, then items."""
    person, chosen = current_person(), Chosen.read()
    found = queries.matching(db.session, chosen.filters, MOST_SHOWN)
    return render_template(
        "catalog/index.html",
        chosen=chosen,
        counted=_counted(found, narrowed=bool(chosen.chips)),
        groups=_groups(found, person),
        facets=_facets(chosen),
        faulty=[(one.title, _href(one)) for one in found.shown if one.fault] if person.is_admin else [],
    )


@blueprint.get("/catalog/<any(bundles, items):kind>/<name>")
@signed_in
def show(kind: str, name: str) -> ResponseReturnValue:
    """One entry: what it gives, what it asks, its versions. `?version=` shows another than the current one."""
    detail = queries.detail(db.session, kind.removesuffix("s"), name, request.args.get("version") or None)
    entry = detail.entry
    asked = {f"catalog_{entry.kind}": name, "version": entry.version}
    offer, faults = offers.find(db.session.connection(), asked)
    return render_template(
        "catalog/show.html",
        entry=entry,
        icon=_icon(entry),
        docs=blocks(detail.definition.get("docs") or ""),
        links=detail.definition.get("links") or (),
        tags=_tags(entry),
        newest=_newest(detail),
        versions=[(version, url_for("catalog.show", kind=kind, name=name, version=version)) for version in detail.versions],
        order=url_for("ordering.ask", kind=kind, name=name, version=_other(detail)) if offer else "",
        refused="" if offer else sentence(faults[0].message if faults else "it cannot be ordered"),
        deprecated=_deprecated(entry),
        fault=entry.fault if current_person().is_admin else None,
        **_shown(offer),
    )


def _shown(offer: Offer | None) -> dict[str, Any]:
    if offer is None:
        return {"items": [], "forms": [], "outputs": []}
    sections = sections_of(offer)
    return {
        "items": items_of(offer, sections),
        "forms": form_in_words(sections),
        "outputs": outputs_of(offer),
    }


def _newest(detail: EntryDetail) -> str:
    return detail.versions[0] if detail.versions else detail.entry.version


def _other(detail: EntryDetail) -> str | None:
    """The version, where it is not the newest one."""
    return detail.entry.version if detail.entry.version != _newest(detail) else None


def _counted(found: Matches, *, narrowed: bool) -> str:
    counts = [(found.totals[kind], kind) for kind in ("bundle", "item")]
    words = " and ".join(_many(count, kind) for count, kind in counts if count) or "Nothing"
    if narrowed or len(found.shown) < found.total or not found.shown:
        return f"{words} found" if narrowed or not found.shown else words
    teams = len({one.owner for one in found.shown})
    return f"{words} from {plural(teams, 'platform team')}"


def _many(count: int, kind: str) -> str:
    return plural(count, kind) if count < MOST_LOOKED_AT else f"more than {MOST_LOOKED_AT:,} {kind}s"


def _groups(found: Matches, person: Person) -> list[dict[str, Any]]:
    groups = [
        {"title": "Bundles", "note": "several items, ordered and wired together", "kind": "bundle"},
        {"title": "Items", "note": "ordered alone", "kind": "item"},
    ]
    rows = {group["kind"]: [_row(one, person) for one in found.shown if one.kind == group["kind"]] for group in groups}
    return [
        {**group, "rows": shown, "note": group["note"] + _cut(len(shown), found.totals[group["kind"]])}
        for group in groups
        if (shown := rows[group["kind"]])
    ]


def _cut(shown: int, total: int) -> str:
    """What a group says that shows only some of what fits."""
    return f"; the first {shown}, add words or tags to see others" if shown < total else ""


def _row(entry: Entry, person: Person) -> dict[str, Any]:
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
        "order": url_for("ordering.ask", kind=f"{entry.kind}s", name=entry.name),
    }


def _icon(entry: Entry) -> str:
    return catalog_icon(entry.icon, bundle=entry.kind == "bundle")


def _tags(entry: Entry) -> list[tuple[str, str]]:
    return [(tag, url_for("catalog.index", tag=tag)) for tag in entry.tags]


def _href(entry: Entry) -> str:
    return url_for("catalog.show", kind=f"{entry.kind}s", name=entry.name)


def _deprecated(entry: Entry) -> Mapping[str, str] | None:
    """Since when it should not be ordered, until when it can be, and what to take instead, with its address if there is one."""
    if entry.deprecated is None:
        return None
    use, kinds = entry.deprecated.get("use"), sorted(queries.TABLES, key=lambda kind: kind != entry.kind)
    found = [kind for kind in kinds if use and queries.versions_of(db.session, kind, use)]
    return {**entry.deprecated, "href": url_for("catalog.show", kind=f"{found[0]}s", name=use) if found else ""}


def _facets(chosen: Chosen) -> list[dict[str, Any]]:
    """Tags narrow further, so they are counted within all that is chosen; owners widen, so they are counted without them."""
    tags = queries.tag_facets(db.session, chosen.filters)
    owners = queries.owner_facets(db.session, Filters(chosen.tags, (), chosen.words))
    groups = [("Tag", "tag", tags, chosen.tags), ("Owner", "owner", owners, chosen.owners)]
    made = [{"legend": legend, "name": name, "options": _options(found, picked)} for legend, name, found, picked in groups]
    return [group for group in made if group["options"]]


def _options(found: Sequence[Facet], picked: Sequence[str]) -> list[dict[str, Any]]:
    """What was picked stays in the list with nothing behind it, so that it can be taken away."""
    counts = {one.value: one.count for one in found}
    every = [*counts, *(value for value in picked if value not in counts)]
    return [{"value": one, "label": one, "count": counts.get(one, 0), "checked": one in picked} for one in every]
