"""The rows of a batch as lines of CSV: which columns an entry has, the order that a line comes to, and a line for an order."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.catalog.offers import Offer
from app.core import spreadsheet
from app.core.fields import ABSENT, Field, from_text, to_text
from app.core.fields.choosing import read_boolean
from app.core.fields.nesting import read_json
from app.core.order import ENABLED
from app.core.shapes import did_you_mean
from app.errors import Fault, Invalid

KEY = "key"
ERRORS = "errors"
"""The column of a file of refused rows that says what is wrong; nobody reads it again."""
TEAM = "requester.team"
BETWEEN = "|"
"""Stands between the choices of one cell."""
WRITTEN_AS_JSON = frozenset({"json", "list", "object"})


@dataclass(frozen=True, slots=True)
class Column:
    """One column. path: where its answers lie in an order. field: what types them; none for a team and a switch."""

    name: str
    path: tuple[str, ...]
    about: str
    field: Field | None = None
    required: bool = False

    def read(self, cell: str) -> Any:
        """The answer of a cell; ABSENT for an empty one. What cannot be read stays text, for the rules to name the fault."""
        if not cell.strip():
            return ABSENT
        if self.field is None:
            return read_boolean(Field(name=ENABLED, type="boolean"), cell.strip().lower()) if self.is_switch else cell.strip()
        if self.field.type in WRITTEN_AS_JSON:
            return read_json(self.field, cell)
        if self.field.type == "multiselect":
            return from_text(self.field, [one.strip() for one in cell.split(BETWEEN)])
        return from_text(self.field, [cell.strip().lower() if self.field.type == "boolean" else cell])

    def write(self, order: Mapping[str, Any]) -> str:
        """The cell for the answer in `order`, empty where there is none."""
        value: Any = order
        for key in self.path:
            value = value.get(key) if isinstance(value, Mapping) else None
        if value is None or isinstance(value, str):
            return value or ""
        if self.field is None or isinstance(value, dict) or self.field.type in WRITTEN_AS_JSON:
            return json.dumps(value, ensure_ascii=False)
        text = to_text(self.field, value)
        return text if isinstance(text, str) else f" {BETWEEN} ".join(text)

    @property
    def is_switch(self) -> bool:
        """Whether it says if an item is part of the order."""
        return self.path[-1] == ENABLED


@dataclass(frozen=True, slots=True)
class Lines:
    """What a file holds: rows as a batch takes them, and for each the number of its line in the file."""

    rows: Sequence[Mapping[str, Any]]
    numbers: Sequence[int]


def columns_of(offer: Offer, *, teams: int = 1) -> list[Column]:
    """The columns of a file for `offer`, beside that of the keys. teams: how many the person may order for."""
    found = list(_of_item(offer) if offer.kind == "item" else _of_bundle(offer))
    team = Column(TEAM, ("requester", "team"), "The team that orders", required=True)
    return [team, *found] if teams > 1 else found


def _of_item(offer: Offer) -> Iterator[Column]:
    for field in _asked(offer.definition, "fields", ()):
        name = f"parameters.{field.name}" if field.name in (KEY, ERRORS) else field.name
        yield _column(name, ("parameters", field.name), field)


def _of_bundle(offer: Offer) -> Iterator[Column]:
    counts = Counter(item.catalog_item for item in offer.items)
    for field in _asked(offer.definition, "bundle_fields", ()):
        yield _column(f"bundle_parameters.{field.name}", ("bundle_parameters", field.name), field)
    for item in offer.items:
        key = item.catalog_item if counts[item.catalog_item] == 1 else item.alias
        path = ("item_parameters", key)
        if not item.required:
            usual = "true" if item.default_enabled else "false"
            yield Column(".".join((*path, ENABLED)), (*path, ENABLED), f"Whether to include {item.title}; empty: {usual}")
        for field in _asked(item.definition, "fields", item.fixed):
            column = _column(".".join((*path, field.name)), (*path, field.name), field)
            yield column if item.required else Column(column.name, column.path, column.about, field)


def _asked(definition: Mapping[str, Any], form: str, fixed: Mapping[str, Any] | Sequence[str]) -> list[Field]:
    """The fields that somebody may answer: not those that are fixed, hidden or only shown."""
    fields = [Field.model_validate(one) for one in (definition.get("presentation") or {}).get(form) or ()]
    return [one for one in fields if one.name not in fixed and not one.hidden and not one.readonly]


def _column(name: str, path: tuple[str, ...], field: Field) -> Column:
    required = bool(field.required and field.default is None and not field.visible_when)
    return Column(name, path, field.help_text or field.label, field, required)


def read(offer: Offer, text: str, version: str | None) -> Lines:
    """The rows that a file holds. version: which one they order; None: the current one when they are sent.

    Raises Invalid with every column that is not known at once, or where the text is no CSV.
    """
    try:
        found = list(spreadsheet.lines(text))
    except ValueError as error:
        raise Invalid(faults=[Fault(("csv",), "format", f"cannot be read as CSV: {error}")]) from error
    if not found:
        raise Invalid(faults=[Fault(("csv",), "required", "holds nothing: it begins with a line of column names")])
    head = [name.strip() for name in found[0][1]]
    columns = _named(offer, head)
    order = {f"catalog_{offer.kind}": offer.name, **({"version": version} if version else {})}
    rows = [_row(columns, cells, order, place) for place, (_, cells) in enumerate(found[1:])]
    return Lines(rows, [number for number, _ in found[1:]])


def _named(offer: Offer, head: Sequence[str]) -> list[Column | str]:
    """What each column of a file is: a column of the entry, or one of the two words that are none of it."""
    known = _known(offer)
    faults = [_stranger(name, known) for name in head if name not in known and name not in (KEY, ERRORS)]
    faults += [Fault(("csv", name), "duplicate", "is a column twice") for name, number in Counter(head).items() if number > 1]
    if KEY not in head:
        faults.append(Fault(("csv", KEY), "required", "is missing: a column of this name holds a key of your own for each row"))
    if faults:
        raise Invalid(faults=faults)
    return [known.get(name, name) for name in head]


def _known(offer: Offer) -> dict[str, Column]:
    """By every name that a file may call it: `field` is short for `parameters.field`, an alias stands for an item."""
    known = {column.name: column for column in columns_of(offer, teams=2)}
    known |= {".".join(column.path): column for column in known.values()}
    for item in offer.items if offer.kind == "bundle" else ():
        own = ("item_parameters", item.catalog_item)
        for column in list(known.values()):
            if column.path[:2] == own:
                known.setdefault(f"item_parameters.{item.alias}.{column.path[2]}", column)
    return known


def _stranger(name: str, known: Mapping[str, Column]) -> Fault:
    return Fault(("csv", name), "unknown_column", f"is no column of this entry; {did_you_mean(name, [KEY, *known])}")


def _row(columns: Sequence[Column | str], cells: Sequence[str], head: Mapping[str, Any], place: int) -> dict[str, Any]:
    if any(cell.strip() for cell in cells[len(columns) :]):
        message = f"has {len(cells)} cells where the first line names {len(columns)} columns"
        raise Invalid(faults=[Fault(("rows", place), "format", message)])
    order: dict[str, Any] = dict(head)
    row: dict[str, Any] = {"order": order}
    for column, cell in zip(columns, cells, strict=False):
        if column == KEY:
            row[KEY] = cell.strip()
        elif isinstance(column, Column) and (answer := column.read(cell)) is not ABSENT:
            _put(order, column.path, answer)
    return row


def _put(order: dict[str, Any], path: Sequence[str], answer: Any) -> None:
    for key in path[:-1]:
        order = order.setdefault(key, {})
    order[path[-1]] = answer


def template(offer: Offer, teams: int) -> str:
    """An empty file with the columns of an entry, for people to fill in."""
    return spreadsheet.line([KEY, *(column.name for column in columns_of(offer, teams=teams))])


def refused(offer: Offer, teams: int, rows: Sequence[tuple[str, Mapping[str, Any], str]]) -> str:
    """A file of rows (key, order, what is wrong in words) to be corrected and sent again."""
    columns = columns_of(offer, teams=teams)
    head = [KEY, *(column.name for column in columns), ERRORS]
    lines = ([key, *(column.write(order) for column in columns), wrong] for key, order, wrong in rows)
    return "".join(spreadsheet.table(head, lines))
