"""Any field of an order's form as the `field` macro draws it: lists by their rows, objects by their fields, others alone."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from app.catalog.options import Offered
from app.core.fields import Field
from app.web.forms.nested import ROW, Posted, as_posted, hidden_inside, rows_of, written
from app.web.forms.offering import is_searched, note_of, with_choices
from app.web.forms.views import id_of, view, when_asked
from app.web.views_fields import Entry, FieldView

Said = Callable[[str], Sequence[str]]
Offers = Callable[[Field], Offered | None]


@dataclass(frozen=True, slots=True)
class Drawing:
    """What fields are drawn with. posted: their texts; said: sentences by name; offers: choices from elsewhere.

    labels: of the other fields, by name. files: what people read for uploads, by id.
    """

    posted: Posted
    said: Said
    offers: Offers
    labels: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)


def draw(asks: Field, name: str, by: Drawing, when: str = "", depth: int = 1) -> FieldView:
    """The view of a field. when: words for a field that is not always asked; depth: how many lists it lies in, plus one."""
    if asks.type == "object":
        return _container(asks, name, by, when, kind="object", parts=_parts(asks, name, by, depth))
    if asks.type == "list" and asks.of is not None:
        return _list(asks, asks.of, name, by, when, depth)
    raw, offered = by.posted.getlist(name), by.offers(asks)
    if offered is None:
        return replace(view(asks, name, raw, by.said(name), when), note=by.files.get(raw[-1], "") if raw else "")
    words = ", ".join(part for part in (note_of(offered, by.labels), when) if part)
    drawn = view(with_choices(asks, offered, raw), name, raw, by.said(name), words)
    drawn = replace(drawn, search=is_searched(asks, offered))
    # However few there are today: tomorrow there may be more.
    return replace(drawn, kind="select") if drawn.kind in ("segments", "radio") else drawn


def _parts(asks: Field, name: str, by: Drawing, depth: int) -> list[FieldView]:
    """The controls of an object; those that are not always asked are known to the script."""
    fields, found = asks.fields or [], []
    hidden = set(hidden_inside(asks, name, by.posted)) if any(map(_is_conditional, fields)) else set()
    for one in fields:
        mine = f"{name}.{one.name}"
        if _is_conditional(one):
            drawn = draw(one, mine, by, when_asked(one, fields), depth)
            found.append(replace(drawn, sometimes=True, not_asked=mine in hidden))
        else:
            found.append(draw(one, mine, by, depth=depth))
    return found


def _is_conditional(field: Field) -> bool:
    return bool(field.visible_when or field.conditional)


def _container(asks: Field, name: str, by: Drawing, when: str, **more: Any) -> FieldView:
    words = ", ".join(part for part in ((asks.help_text or "").rstrip("."), when) if part)
    return FieldView(
        name=name,
        id=id_of(name),
        label=asks.label,
        help=words,
        required=asks.required,
        has_default=asks.default is not None,
        errors=tuple(by.said(name)),
        **more,
    )


def _list(asks: Field, of: Field, name: str, by: Drawing, when: str, depth: int) -> FieldView:
    rows = rows_of(asks, name, by.posted)
    entries = [
        _entry(asks, of, name, str(row), str(row + 1), _filled(of, f"{name}.{row}", by), depth, kept=True) for row in rows
    ]
    entries += [
        _entry(asks, of, name, str(row), str(row + 1), _blank(of, f"{name}.{row}", by), depth)
        for row in range(len(rows), max(asks.min_items or 0, 1))
    ]
    mark = f"__{depth}__"
    blank = _entry(asks, of, name, mark, f"__{depth}n__", _blank(of, f"{name}.{mark}", by), depth, kept=True)
    return _container(asks, name, by, when, kind="list", entries=entries, blank=blank, most=asks.most_items)


def _entry(
    asks: Field, of: Field, name: str, number: str, spoken: str, by: Drawing, depth: int, *, kept: bool = False
) -> Entry:
    legend = f"{of.title or asks.label} {spoken}"
    drawn = draw(of.model_copy(update={"title": legend, "required": True}), f"{name}.{number}", by, depth=depth + 1)
    return Entry(number, legend, drawn.parts if drawn.kind == "object" else (drawn,), kept=kept)


def _filled(of: Field, name: str, by: Drawing) -> Drawing:
    """A row that was added just now posts nothing yet: it begins with its defaults."""
    below = any(key == name or key.startswith((f"{name}.", f"{ROW}{name}.")) for key in by.posted)
    return by if below else _blank(of, name, by)


def _blank(of: Field, name: str, by: Drawing) -> Drawing:
    return replace(by, posted=as_posted(written(of, name, of.default)))
