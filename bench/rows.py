"""Results: rows of `results.json`, and the same as a table in `docs/performance.md`."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from dev.folder import ROOT

RESULTS = ROOT / "bench" / "results.json"
PAGE = ROOT / "docs" / "performance.md"
BEGIN, END = "<!-- make bench writes from here -->", "<!-- make bench wrote to here -->"
AT_MOST, AT_LEAST = "<=", ">="


@dataclass(frozen=True, slots=True)
class Row:
    """One line. measure: what was measured; against: what it is compared with, or the limit; ratio: the first over the second.

    reach: what the ratio is to be (`<= 0.8`). seen: both numbers, for people.
    """

    measure: str
    against: str
    ratio: float
    reach: str
    met: bool
    seen: str


def row(measure: str, against: str, ours: float, theirs: float, reach: str, unit: str) -> Row:
    """The row of two numbers in `unit`. reach: `<= 0.8` or `>= 2`."""
    ratio = ours / theirs if theirs else float("inf")
    sign, _, bound = reach.partition(" ")
    met = ratio <= float(bound) if sign == AT_MOST else ratio >= float(bound)
    return Row(measure, against, round(ratio, 3), reach, met, f"{_short(ours)} against {_short(theirs)} {unit}")


def merged(old: Sequence[Row], new: Sequence[Row]) -> list[Row]:
    """The old rows with the new ones in the place of those of the same measure; others at the end."""
    fresh = {one.measure: one for one in new}
    return [fresh.pop(one.measure, one) for one in old] + list(fresh.values())


def read(file: Path = RESULTS) -> list[Row]:
    """What was measured before, nothing where nothing was."""
    return [Row(**one) for one in json.loads(file.read_text())] if file.exists() else []


def write(rows: Sequence[Row], file: Path = RESULTS, page: Path = PAGE) -> None:
    """Write both. Raises ValueError when the page has lost its marks."""
    file.write_text(json.dumps([asdict(one) for one in rows], indent=2) + "\n")
    text = page.read_text()
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{page} needs the lines {BEGIN} and {END}: the table goes between them")
    page.write_text(f"{head}{BEGIN}\n\n{table(rows)}\n\n{END}{tail}")


def table(rows: Iterable[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| measure | against | ratio | reach | met | seen |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {one.measure} | {one.against} | {one.ratio:g} | {one.reach} | {'yes' if one.met else '**no**'} | {one.seen} |"
        for one in rows
    ]
    return "\n".join(lines)


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
