"""The review of an order: every answer by section, what is fixed and why, as it would be stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from app.core.fields import Field
from app.core.order import Resolved
from app.web.forms.drawing import notes_of
from app.web.forms.order import OrderForm
from app.web.forms.sections import Section, Settled
from app.web.forms.views import answer
from app.web.phrases import listed

NOTED = Markup('{} <span class="help">{}</span>')


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One section: pairs of label and answer; `missing` says why there are none."""

    id: str
    title: str
    notes: Sequence[str]
    rows: Sequence[tuple[str, str]]
    missing: str


def reviewed(form: OrderForm, resolved: Resolved) -> list[Reviewed]:
    """The sections of `form` with the answers as they were judged."""
    return [_section(form, section, resolved) for section in form.sections]


def pinned(form: OrderForm) -> str:
    """Which versions this review is about: another text later means that the catalog moved on in between."""
    return " ".join(f"{item.alias}={item.version}" for item in form.offer.items)


def moved(form: OrderForm, before: str) -> str:
    """The items that are another version than in the review `before`, as people list them; empty when none is."""
    seen = set(before.split())
    return listed([item.title for item in form.offer.items if f"{item.alias}={item.version}" not in seen])


def _section(form: OrderForm, section: Section, resolved: Resolved) -> Reviewed:
    included = form.includes(section)
    missing = "" if included else "Not included."
    rows = _rows(section, resolved) if included else []
    return Reviewed(section.anchor, section.title, notes_of(section), rows, missing or ("" if rows else "Nothing to fill in."))


def _rows(section: Section, resolved: Resolved) -> list[tuple[str, str]]:
    values = resolved.item_values[section.item.alias] if section.item else resolved.bundle_values
    settled = {one.field.name: one for one in section.settled}
    asked = {one.name for one in section.asked}
    return [
        (field.label, _words(field, values, settled.get(field.name)))
        for field in section.fields
        if field.name in settled or (field.name in asked and _was_asked(field, values))
    ]


def _was_asked(field: Field, values: Mapping[str, Any]) -> bool:
    """A question that comes and goes is not listed when nobody answered it."""
    return values.get(field.name) is not None or not (field.visible_when or field.conditional)


def _words(field: Field, values: Mapping[str, Any], settled: Settled | None) -> str:
    words = answer(field, values.get(field.name))
    if settled is None:
        return words
    return NOTED.format(words, settled.note + (f", from {settled.source}" if settled.source else ""))
