"""Words on a terminal: tables, faults, names. What others wrote cannot move the cursor or change colours."""

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
WIDEST = 60


def clean(text: str) -> str:
    """`text` without what a terminal would obey: escapes, and marks that turn the direction of writing around."""
    return CONTROLS.sub("\ufffd", text)


def word(value: Any) -> str:
    """A JSON value in one line."""
    if value is None:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return clean(" ".join(text.split()) if isinstance(value, str) else text)


def width(text: str) -> int:
    """How many columns `text` takes: East Asian letters take two."""
    return sum(0 if unicodedata.combining(one) else 2 if unicodedata.east_asian_width(one) in "WF" else 1 for one in text)


def table(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> list[str]:
    """Lines with aligned columns; the last column is as wide as it likes."""
    cells = [[one.upper() for one in head], *([word(cell) for cell in row] for row in rows)]
    widths = [min(max(width(row[place]) for row in cells), WIDEST) for place in range(len(head))]
    return [_line(row, widths) for row in cells]


def facts(pairs: Iterable[tuple[str, Any]]) -> list[str]:
    """Names and values, one a line."""
    listed = [(name, word(value)) for name, value in pairs]
    widest = max((width(name) for name, _ in listed), default=0)
    return [f"{name}{' ' * (widest - width(name))}  {value}" for name, value in listed]


def spell(seconds: float) -> str:
    """How long something takes, as people say it: `40 s`, `4 min`, `2 h`, `3 d`."""
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def usually(forecast: Mapping[str, Any] | None) -> str | None:
    """What past runs tell; None where too few are known."""
    if not forecast:
        return None
    person = f"; a person was needed in {forecast['helped_runs']} of {forecast['runs']}" if forecast["helped_runs"] else ""
    return f"{spell(forecast['usual_seconds'])}, 9 of 10 within {spell(forecast['late_seconds'])}{person}"


def label(field: Mapping[str, Any]) -> str:
    """What people read for a field."""
    readable = str(field["name"]).replace("_", " ").strip()
    return clean(field.get("title") or readable[:1].upper() + readable[1:])


def fault_lines(faults: Iterable[Mapping[str, Any]]) -> list[str]:
    """Every fault with the name of its field: `  parameters.replicas: must be at most 10`."""
    return [f"  {_place(str(fault.get('pointer', '')))}{word(fault.get('message'))}" for fault in faults]


def _place(pointer: str) -> str:
    parts = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
    return clean(".".join(parts)) + ": " if parts else ""


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    padded = [cell + " " * (wide - width(cell)) for cell, wide in zip(row[:-1], widths, strict=False)]
    return "  ".join([*padded, row[-1]]).rstrip()
