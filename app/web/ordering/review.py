"""The review of an order: every answer by section, what is fixed and why, as it would be stored."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from app.core.fields import Field
from app.core.house_checks import Seen
from app.core.order import Resolved
from app.core.plan import PlannedStep
from app.core.sources import Source
from app.core.step_params import is_template
from app.lifecycle.orders.ahead import OWN, Ahead
from app.web.filters import sentence, shown
from app.web.forms.drawing import notes_of
from app.web.forms.order import OrderForm
from app.web.forms.sections import Section, Settled
from app.web.forms.views import answer, by_name
from app.web.phrases import listed

CHECKED = {"preflight": "Before anything is built", "health": "After the last step"}
NOTED = Markup('{} <span class="help">{}</span>')


@dataclass(frozen=True, slots=True)
class Reviewed:
    """One section: pairs of label and answer; `missing` says why there are none."""

    id: str
    title: str
    notes: Sequence[str]
    rows: Sequence[tuple[str, str]]
    missing: str


def reviewed(form: OrderForm, resolved: Resolved, ahead: Ahead) -> list[Reviewed]:
    """The sections of `form` with the answers as they were judged, and where each that nobody typed came from."""
    return [_section(form, section, resolved, ahead) for section in form.sections]


def checked(rows: Sequence[PlannedStep], ahead: Ahead) -> list[tuple[str, str]]:
    """What is looked at around the steps: `[("Before anything is built", "Vault answers and Small enough (holds now)")]`."""
    titles = {kind: [_check_words(one, ahead) for one in rows if one.kind == kind] for kind in CHECKED}
    return [(words, listed(titles[kind])) for kind, words in CHECKED.items() if titles[kind]]


def unmet(rows: Sequence[PlannedStep], ahead: Ahead) -> list[str]:
    """What people are told of the checks that do not hold as the order stands: it would stop before anything is built."""
    found = [(one, seen) for one in rows if (seen := ahead.asked.get(one.step_id)) is not None and not seen.ok]
    return [f"{one.title} does not hold. {_said_of(one, seen)}".strip() for one, seen in found]


def _said_of(check: PlannedStep, seen: Seen) -> str:
    """What the document says for it; of a check that says nothing what it saw, where that is more than yes or no."""
    message = check.config["template"].get("message") or ""
    if message:
        return "" if is_template(message) else sentence(message)
    return "" if isinstance(seen.actual, bool) else sentence(f"expected {shown(seen.expected)}, found {shown(seen.actual)}")


def _check_words(check: PlannedStep, ahead: Ahead) -> str:
    seen = ahead.asked.get(check.step_id)
    return check.title if seen is None else f"{check.title} ({'holds now' if seen.ok else 'does not hold'})"


def pinned(form: OrderForm) -> str:
    """Which versions this review is about: another text later means that the catalog moved on in between."""
    return " ".join(f"{item.alias}={item.version}" for item in form.offer.items)


def moved(form: OrderForm, before: str) -> str:
    """The items that are another version than in the review `before`, as people list them; empty when none is."""
    seen = set(before.split())
    return listed([item.title for item in form.offer.items if f"{item.alias}={item.version}" not in seen])


def _section(form: OrderForm, section: Section, resolved: Resolved, ahead: Ahead) -> Reviewed:
    included = form.includes(section)
    missing = "" if included else "Not included."
    rows = _rows(form, section, resolved, ahead) if included else []
    return Reviewed(section.anchor, section.title, notes_of(section), rows, missing or ("" if rows else "Nothing to fill in."))


def _rows(form: OrderForm, section: Section, resolved: Resolved, ahead: Ahead) -> list[tuple[str, str]]:
    sources = ahead.sources.get(section.item.alias if section.item else OWN, {})
    values = resolved.item_values[section.item.alias] if section.item else resolved.bundle_values
    settled = {one.field.name: one for one in section.settled}
    asked = {one.name for one in section.asked}
    return [
        (
            field.label,
            _words(form.with_names(section, field), values, settled.get(field.name), sources.get(field.name), form.files),
        )
        for field in section.fields
        if field.name in settled or (field.name in asked and _was_asked(section, field, values))
    ]


def _was_asked(section: Section, field: Field, values: Mapping[str, Any]) -> bool:
    """A question that comes and goes is not listed when nobody answered it."""
    return values.get(field.name) is not None or not section.may_hide(field)


def _words(
    field: Field, values: Mapping[str, Any], settled: Settled | None, source: Source | None, files: Mapping[str, str]
) -> str:
    words = answer(field, by_name(field, values.get(field.name), files))
    if settled is None:
        note = _note(field, values.get(field.name), source)
        return NOTED.format(words, note) if note else words
    return NOTED.format(words, settled.note + (f", from {settled.source}" if settled.source else ""))


def _note(field: Field, value: Any, source: Source | None) -> str:
    """What people should know of an answer. The form sends defaults along: one that was left alone shows by its value."""
    if source is not None and source.origin == "generated":
        return "made when you send this"
    return "the default" if value is not None and value == field.default and type(value) is type(field.default) else ""
