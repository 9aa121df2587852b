"""Cells of CSV files that people open in spreadsheets: what begins like a formula is kept from being one, and read back.

Source of the characters: OWASP, "CSV Injection". A cell is made safe by one apostrophe in front, which spreadsheets take for
"this is text"; reading takes it away again, so that a file that was written here can be sent back as it is.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence

BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
BOM = "\ufeff"
"""In front of a file, it tells spreadsheets that the text is UTF-8."""
SEPARATORS = ",;\t"


def safe(text: str) -> str:
    """The text as a cell that no spreadsheet computes."""
    return f"'{text}" if text.startswith((*BEGINS_A_FORMULA, "'")) else text


def plain(cell: str) -> str:
    """The text of a cell: `safe` undone. An apostrophe that makes nothing safe belongs to the text."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*BEGINS_A_FORMULA, "'")) else cell


def line(cells: Iterable[str]) -> str:
    """One line of a file, every cell safe, with the line's end."""
    written = io.StringIO()
    csv.writer(written).writerow([safe(one) for one in cells])
    return written.getvalue()


def lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """The filled lines of a file and their numbers, counted from 1; cells are plain again.

    The separator is the one that the first line has most of: spreadsheets write the one of their country. Raises ValueError
    with a sentence where the text is no CSV.
    """
    text = text.removeprefix(BOM)
    first = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(SEPARATORS, key=first.count), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, [plain(cell) for cell in cells]
    except csv.Error as error:
        raise ValueError(f"line {reader.line_num}: {error}") from error


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A file line by line."""
    yield line(head)
    for row in rows:
        yield line(row)
