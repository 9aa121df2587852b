"""Durations as the catalog writes them (`30s 5m 2h 3d`), turned into `timedelta` and back."""

import re
from datetime import timedelta

UNITS = {"s": timedelta(seconds=1), "m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
SHAPE = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)
LONGEST = timedelta(days=3660)


def parse_duration(text: str) -> timedelta:
    """`text` as a length of time: a whole number and one of `s m h d`, at most ten years.

    Raises ValueError with a sentence that says what to write instead.
    """
    found = SHAPE.fullmatch(text)
    if not found:
        raise ValueError("must be a whole number and a unit, such as 30s, 5m, 2h or 3d")
    length = int(found[1]) * UNITS[found[2]]
    if length > LONGEST:
        raise ValueError("must be at most 3660d")
    return length
