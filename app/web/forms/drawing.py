"""An order's form as the template draws it: sections, their parts, and rows of one field or two short ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.core.fields import Field
from app.web.filters import shown
from app.web.forms.order import TEAM, OrderForm
from app.web.forms.sections import ALONE, Section, Settled
from app.web.forms.views import MASK, answer, fixed
from app.web.views_fields import FieldView

SHORT = frozenset({"number", "segments", "date", "time"})
"""Controls of which two fit side by side."""

Row = tuple[FieldView, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """Fields below one heading of a section; the first part has none. open: whether its fields show at once."""

    title: str
    description: str
    open: bool
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class SectionView:
    """A section of the form, ready to draw."""

    id: str
    title: str
    notes: Sequence[str]
    switch: str
    included: bool
    about: str
    off: str
    parts: Sequence[Part]


def drawn(form: OrderForm) -> list[SectionView]:
    """The sections of the form. The first one also says, or asks, which team orders."""
    return [_section(form, section, first=number == 0) for number, section in enumerate(form.sections)]


def notes_of(section: Section) -> list[str]:
    """What stands below the title of an item in a bundle: whether it is required, its version and its owner."""
    if section.item is None or section.prefix == ALONE:
        return []
    how = "Required" if section.item.required else "Optional"
    return [f"{how}, {section.item.version}", section.owner]


def settled_words(settled: Settled) -> str:
    """A value that is not asked, in words; one that hangs on other answers names them."""
    if not settled.template:
        return MASK if settled.field.sensitive else answer(settled.field, settled.value)
    return f"From {settled.source}" if settled.source else shown(settled.value)


def _section(form: OrderForm, section: Section, *, first: bool) -> SectionView:
    item = section.item
    return SectionView(
        id=section.anchor,
        title=section.title,
        notes=notes_of(section) if item else ["Applies to everything below"],
        switch=section.switch,
        included=form.includes(section),
        about=(item.help_text or "") if item else "",
        off=f"Not included: {item.description}." if item else "",
        parts=_parts(form, section, first=first),
    )


def _parts(form: OrderForm, section: Section, *, first: bool) -> list[Part]:
    views = {field.name: form[section.name_of(field)].view for field in section.asked}
    settled = {one.field.name: _settled(section, one) for one in section.settled}
    always = {one.name for one in section.asked if not section.may_hide(one)}
    grouped = {group["name"] for group in section.groups}
    every = {**views, **settled}
    order = [field for field in section.fields if field.name in every]
    loose = [every[field.name] for field in order if field.group not in grouped]
    if first:
        loose[1:1] = [_team(form)]
    parts = [Part("", "", True, _rows(loose, always))]
    for group in section.groups:
        of_group = [field for field in order if field.group == group["name"]]
        parts += _group(group, of_group, every, always)
    return [part for part in parts if part.rows]


def _group(
    group: Mapping[str, Any], fields: Sequence[Field], views: Mapping[str, FieldView], always: Iterable[str]
) -> list[Part]:
    mine = [views[field.name] for field in fields]
    wrong = any(map(_is_wrong, mine))
    return [Part(group["title"], group.get("description") or "", wrong or not group.get("collapsed"), _rows(mine, always))]


def _is_wrong(view: FieldView) -> bool:
    """Whether something is said about the field, or about one that lies in it."""
    inside = (*view.parts, *(part for entry in view.entries for part in entry.fields))
    return bool(view.errors) or any(map(_is_wrong, inside))


def _settled(section: Section, settled: Settled) -> FieldView:
    return fixed(settled.field, section.name_of(settled.field), settled_words(settled), settled.note)


def _team(form: OrderForm) -> FieldView:
    if TEAM in form:
        view: FieldView = replace(form[TEAM].view, kind="select")
        return view
    team, note = (form.teams[0], "owns the result") if form.teams else ("none", "you are in no team")
    return FieldView(name=TEAM, id=TEAM, label="Team", kind="fixed", value=team, note=note)


def _rows(views: Sequence[FieldView], always: Iterable[str]) -> list[Row]:
    """Two short fields that follow each other share a row, unless one of them comes and goes."""
    rows: list[Row] = []
    for view in views:
        short = view.kind in SHORT and view.name.rpartition(".")[2] in always
        if short and rows and len(rows[-1]) == 1 and rows[-1][0].kind in SHORT and _name(rows[-1][0]) in always:
            rows[-1] = (rows[-1][0], view)
        else:
            rows.append((view,))
    return rows


def _name(view: FieldView) -> str:
    return view.name.rpartition(".")[2]
