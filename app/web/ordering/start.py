"""What an order's form begins with: a draft, a template, an earlier request, the answers of a link, or the defaults.

An order that was written for an older version is carried to the one that the form shows, and what changed is listed.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import request, url_for
from werkzeug.datastructures import MultiDict

from app.catalog import offers
from app.catalog.offers import Offer
from app.core.kept_orders import NAMES_OF_KIND
from app.core.order_changes import Change
from app.errors import NotFound
from app.identity import current_person
from app.lifecycle.kept.entries import drift, order_of_request
from app.queries import drafts as queries
from app.queries.drafts import Kept
from app.reader import reader
from app.web.filters import sentence
from app.web.forms.filling import Filled, filled_by_link, filled_from, told
from app.web.forms.order import OrderForm

ORIGINS = ("draft", "template", "again")
"""Names in the address that say where the answers come from."""
RESERVED = frozenset({*ORIGINS, "version", "anew"})


@dataclass(frozen=True, slots=True)
class Mark:
    """The draft that a form belongs to, as the page posts it. revision: the save that its answers are based on."""

    id: uuid.UUID | None = None
    revision: int | None = None

    @property
    def posted(self) -> list[tuple[str, str]]:
        """The hidden inputs that carry it."""
        return [("draft", str(self.id)), ("revision", str(self.revision or ""))] if self.id else []


@dataclass(frozen=True, slots=True)
class Start:
    """A form that was opened. told: sentences on what was not taken over; changed: on what a newer version changed.

    note: why it was sent back. source: what was taken, in words. older: where the same draft keeps its version. gone: its
    draft is not there any more. offered: a draft that the person may go on with instead. unsaved: the script saves it at once.
    """

    form: OrderForm
    mark: Mark = Mark()
    draft: Kept | None = None
    told: Sequence[str] = ()
    changed: Sequence[str] = ()
    note: str = ""
    source: str = ""
    older: str = ""
    gone: bool = False
    offered: Kept | None = None
    unsaved: bool = False


def posted_mark() -> Mark:
    """The draft that a posted form belongs to; nonsense belongs to none."""
    key, revision = _key(request.form.get("draft", "")), request.form.get("revision", "")
    return Mark(key, int(revision) if revision.isascii() and revision.isdigit() and len(revision) < 10 else None)


def started(offer: Offer) -> Start:
    """The form of `offer` as the address asks for it. Raises NotFound for a template or request that there is not."""
    origin = next((name for name in ORIGINS if name in request.args), None)
    if origin == "draft":
        return _from_draft(offer, request.args["draft"])
    if origin == "template":
        return _from_template(offer, request.args["template"])
    if origin == "again":
        return _from_request(offer, request.args["again"])
    pairs = [pair for pair in request.args.items(multi=True) if pair[0] not in RESERVED]
    filled = filled_by_link(offer, _teams(), MultiDict(pairs))
    return Start(filled.form, told=told(filled), offered=_offered(offer))


def resumed(form: OrderForm) -> Start:
    """A posted form, with the draft that it belongs to; one that is gone is told."""
    mark = posted_mark()
    kept = _found("draft", str(mark.id)) if mark.id else None
    if kept is None:
        return Start(form, gone=mark.id is not None)
    return Start(form, mark=mark, draft=kept, note=kept.note or "")


def _offered(offer: Offer) -> Kept | None:
    """The draft to go on with: after a lost session, or on another day."""
    return None if "anew" in request.args else queries.latest(reader(), current_person(), offer.kind, offer.name)


def _from_draft(offer: Offer, key: str) -> Start:
    kept = _found("draft", key)
    if kept is None or not _is_of(kept, offer):
        return Start(filled_from(offer, _teams(), {}).form, gone=True)
    start = _carried(offer, kept)
    return replace(start, mark=Mark(kept.id, kept.revision), draft=kept, note=kept.note or "", older=_older(offer, kept))


def _from_template(offer: Offer, key: str) -> Start:
    kept = _found("template", key)
    if kept is None or not _is_of(kept, offer):
        raise NotFound("There is no such template of this entry, or none that you may see.")
    return replace(_carried(offer, kept), source=f"From the template “{kept.title}”.")


def _from_request(offer: Offer, request_id: str) -> Start:
    person = current_person()
    order = order_of_request(reader(), person, request_id)
    if order.get(NAMES_OF_KIND[offer.kind]) != offer.name:
        raise NotFound(f"{request_id} is no order of {offer.title}.")
    filled = filled_from(offer, _teams(), _for_team(order))
    found = _changed(offer, str(order["version"]), _versions(offer), order)
    return Start(filled.form, told=_told(filled, found), changed=found, source=f"The answers of {request_id}.")


def _for_team(order: Mapping[str, Any]) -> dict[str, Any]:
    """The team is taken over where it is one's own; that a colleague of another team asked first is nothing to be told."""
    team = (order.get("requester") or {}).get("team")
    return {key: value for key, value in order.items() if key != "requester" or team in _teams()}


def _carried(offer: Offer, kept: Kept) -> Start:
    filled = filled_from(offer, _teams(), kept.order, left_out=kept.left_out)
    found = _changed(offer, kept.version, kept.versions, kept.order)
    return Start(filled.form, told=_told(filled, found), changed=found)


def _told(filled: Filled, changed: Sequence[str]) -> list[str]:
    """What is listed among the changes already, that a question is gone, is not told twice."""
    names = {misfit.words for misfit in filled.misfits if misfit.why.endswith("of this version")} if changed else set()
    return [words for words in told(filled) if words not in names]


def _changed(offer: Offer, version: str, versions: Mapping[str, str], order: Mapping[str, Any]) -> list[str]:
    return [_words(one) for one in drift(reader(), offer, version, versions, order)]


def _words(change: Change) -> str:
    label = f"“{change.label}”" if change.label else ""
    where = f"{change.title}: {label}" if change.title and label else change.title or label
    value = "" if change.before is None or change.kind != "field_removed" else f" ({change.before})"
    return sentence(f"{where}{value} {change.message}")


def _older(offer: Offer, kept: Kept) -> str:
    """Where the draft keeps the version that it was written for, while that can still be ordered."""
    if kept.version == offer.version:
        return ""
    name = NAMES_OF_KIND[kept.kind]
    found, faults = offers.find(reader(), {name: kept.catalog_name, "version": kept.version})
    if found is None or faults:
        return ""
    return url_for("ordering.ask", kind=f"{kept.kind}s", name=kept.catalog_name, draft=kept.id, version=kept.version)


def _found(what: queries.What, text: str) -> Kept | None:
    key = _key(text)
    try:
        return queries.one(reader(), current_person(), what, key) if key else None
    except NotFound:
        return None


def _is_of(kept: Kept, offer: Offer) -> bool:
    return (kept.kind, kept.catalog_name) == (offer.kind, offer.name)


def _versions(offer: Offer) -> dict[str, str]:
    return {item.alias: item.version for item in offer.items}


def _teams() -> list[str]:
    return sorted(current_person().teams)


def _key(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None
