"""An offer in words: the items that it gives, the questions that it asks, the outputs that come back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.catalog.offers import Offer
from app.core.fields import Field
from app.web.forms.drawing import settled_words
from app.web.forms.sections import Section, Settled
from app.web.forms.views import answer, capital, rule, when_asked

NO_DEFAULT = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class FormWords:
    """The questions of one section: rows of `label`, `help`, `rule` and `default`. No title where there is one section only."""

    title: str
    rows: Sequence[dict[str, str]]


def items_of(offer: Offer, sections: Sequence[Section]) -> list[dict[str, Any]]:
    """The items of a bundle as rows: title, version, owner, whether they are part of every order, what the bundle sets."""
    if offer.kind == "item":
        return []
    settled = {section.item.alias: section.settled for section in sections if section.item}
    return [
        {
            "name": item.catalog_item,
            "title": item.title,
            "version": item.version,
            "owner": item.owner,
            "description": item.help_text or item.description,
            "part": "Required" if item.required else f"Optional, {'on' if item.default_enabled else 'off'} by default",
            "settled": [_set(one) for one in settled[item.alias]],
        }
        for item in offer.items
    ]


def form_in_words(sections: Sequence[Section]) -> list[FormWords]:
    """What an order asks, section by section; sections without questions are left out."""
    return [FormWords(section.title if len(sections) > 1 else "", _rows(section)) for section in sections if section.asked]


def outputs_of(offer: Offer) -> list[dict[str, Any]]:
    """What comes back: of a bundle grouped by item, the bundle's own last."""
    groups = [(item.title, item.definition.get("outputs") or {}) for item in offer.items]
    if offer.kind == "bundle":
        groups.append(("This solution", offer.definition.get("outputs") or {}))
    return [
        {"title": title if offer.kind == "bundle" else "", "rows": [{"name": name, **spec} for name, spec in outputs.items()]}
        for title, outputs in groups
        if outputs
    ]


def _set(settled: Settled) -> str:
    """`App type: web-frontend`, or `Name (from Solution name)`."""
    return (
        f"{settled.field.label} (from {settled.source})"
        if settled.source
        else f"{settled.field.label}: {settled_words(settled)}"
    )


def _rows(section: Section) -> list[dict[str, str]]:
    return [
        {
            "label": field.label,
            "help": capital(", ".join(part for part in (_said(field), when_asked(field, section.fields)) if part)),
            "rule": rule(field),
            "default": _default(field),
        }
        for field in section.asked
    ]


def _said(field: Field) -> str:
    return (field.help_text or "").rstrip(".")


def _default(field: Field) -> str:
    """What the answer is when nobody gives one. A box that is not ticked is a no."""
    if field.default is None and field.type == "boolean":
        return answer(field, False)
    if field.generate:
        return "made for you"
    if field.default is None:
        return "required" if field.required else NO_DEFAULT
    return answer(field, field.default)
