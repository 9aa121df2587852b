"""What the `field` macro draws: one field of a form as plain values, whatever form library or catalog it came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from app.web.filters import number

Kind = Literal[
    "text",
    "number",
    "textarea",
    "select",
    "segments",
    "radio",
    "check",
    "checks",
    "switch",
    "date",
    "datetime",
    "time",
    "json",
    "picks",
    "object",
    "list",
    "file",
    "fixed",
]
InputType = Literal["text", "email", "url", "search", "password"]
MOST_SEGMENTS = 4
LONGEST_SEGMENTS = 28
"""Characters of all segments together; more does not fit beside another field."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to pick. value: what is posted; help: a line below it (radio and checks only)."""

    value: str
    label: str
    help: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of a list. number: its place; legend: what it is called; fields: its controls; kept: it counts as it is."""

    number: str
    legend: str
    fields: "Sequence[FieldView]"
    kept: bool = False


@dataclass(frozen=True, slots=True)
class FieldView:
    """One field, ready to draw.

    name: what is posted. id: of its first control; error links point there. label: sentence case, no colon.
    kind: `text number textarea json select segments radio check checks picks switch date datetime time`, `object` and `list`,
    or `fixed`: shown, not asked.
    value: the text to show, as it was typed when it was wrong; for `check` and `switch` see `checked`; for `checks` see
    `picked`. choices: of select, segments, radio and checks; of text: suggestions. minimum, maximum: of a number they
    are words of the help, of a date attributes. step: of date and time, in days or seconds. unit: written behind the
    control, `GB`. suffix: the same for words, `of 10 at most`. errors: whole sentences, each names the field. note: of a
    fixed value, why it is fixed; of a file, how it is called and how large it is. has_default: empty is fine since a default
    steps in, so it is not marked optional. fraction: a number may have one. hide_label: for screen readers only, in filters.
    parts: the controls of an object; entries: the rows of a list; blank: one more row, for the script, with its place for the
    number as `__1__`, deeper ones as `__2__`; most: how many rows there may be. renews: a button that shows the choices for
    what was answered so far. sometimes: a field inside a list or an object that the answers beside it ask; not_asked: they do
    not ask it now, and the script hides it. search: the script lets people search its choices, which are kept elsewhere.
    """

    name: str
    id: str
    label: str
    kind: Kind = "text"
    help: str = ""
    value: str = ""
    picked: tuple[str, ...] = ()
    checked: bool = False
    choices: Sequence[Choice] = ()
    required: bool = False
    has_default: bool = False
    minimum: str = ""
    maximum: str = ""
    step: str = ""
    fraction: bool = False
    unit: str = ""
    suffix: str = ""
    errors: tuple[str, ...] = ()
    note: str = ""
    placeholder: str = ""
    input_type: InputType = "text"
    max_length: int | None = None
    rows: int = 3
    mono: bool = False
    hide_label: bool = False
    parts: "Sequence[FieldView]" = ()
    entries: Sequence[Entry] = ()
    blank: Entry | None = None
    most: int = 0
    renews: bool = False
    sometimes: bool = False
    not_asked: bool = False
    search: bool = False

    @property
    def optional(self) -> bool:
        """Whether the label says "(optional)": it may stay empty and nothing steps in."""
        return not self.required and not self.has_default and self.kind not in ("check", "checks", "picks", "switch", "fixed")

    @property
    def hint(self) -> str:
        """The help, and for a number its limits: `Storage size, 20 to 1,000`."""
        limits = self.limits if self.kind == "number" else ""
        words = ", ".join(part for part in (self.help.rstrip(".") if limits else self.help, limits) if part)
        return words[:1].upper() + words[1:]

    @property
    def limits(self) -> str:
        """`20 to 1,000`, `at least 3`, `at most 10`, or nothing."""
        low, high = _grouped(self.minimum), _grouped(self.maximum)
        if low and high:
            return f"{low} to {high}"
        return f"at least {low}" if low else f"at most {high}" if high else ""

    @property
    def described_by(self) -> str:
        """The ids that explain the control, for `aria-describedby`: its help, its errors, its unit."""
        parts = [("help", self.hint), ("error", self.errors), ("unit", self.unit or self.suffix)]
        return " ".join(f"{self.id}-{part}" for part, present in parts if present)


def _grouped(text: str) -> str:
    return number(int(text)) if text.lstrip("-").isdecimal() else text


def kind_of_choice(choices: Sequence[Choice], *, must_pick: bool) -> Kind:
    """How to offer one of `choices`: segments for a few short words, radios where choices explain themselves, else a select.

    must_pick: one is always picked (required, or with a default); only then segments and radios, which cannot be emptied.
    """
    if not must_pick or len(choices) > 2 * MOST_SEGMENTS:
        return "select"
    if any(choice.help for choice in choices):
        return "radio"
    short = sum(len(choice.label) for choice in choices) <= LONGEST_SEGMENTS
    return "segments" if len(choices) <= MOST_SEGMENTS and short else "select"
