"""Moments as people and clients write them into addresses: a day, or a day and a time with its offset."""

import re
from datetime import datetime, tzinfo

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:?\d{2})", re.ASCII)
REMEDY = "must be a day, such as 2026-08-16, or a moment, such as 2026-08-16T10:30:00+02:00"


def moment(text: str, zone: tzinfo) -> datetime:
    """What `text` says; a day is its first moment in `zone`. Raises ValueError with a sentence part.

    A plus sign that an address turned into a blank is one again.
    """
    text = text.strip().replace(" ", "+")
    try:
        if DAY.fullmatch(text):
            return datetime.fromisoformat(text).replace(tzinfo=zone)
        if MOMENT.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError as error:  # the 30th of February
        raise ValueError(REMEDY) from error
    raise ValueError(REMEDY)
