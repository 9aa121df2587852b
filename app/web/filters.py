"""What templates do to a value before people read it. Pure: the zone and `now` are passed in, `jinja.py` binds them."""

import json
import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from markupsafe import Markup, escape

MINUTE, HOUR, DAY = 60, 3600, 86400
EXACT_BELOW = 10 * MINUTE
"""From ten minutes on, seconds say nothing any more."""
BREAK_AFTER = re.compile(r"([/.:?&=,]+)")
ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[@-Z\\-_])")
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
SYMBOLS = {"USD": "$", "EUR": "€", "GBP": "£"}


def clock(at: datetime) -> str:
    """The time of day, `10:36`."""
    return f"{at:%H:%M}"


def clock_seconds(at: datetime) -> str:
    """The time of day with seconds, `10:35:58`, for logs and attempts."""
    return f"{at:%H:%M:%S}"


def day(at: datetime, now: datetime) -> str:
    """A date as people say it: `24 Aug`, and `24 Aug 2024` in another year than `now`."""
    text = f"{at.day} {at:%b}"
    return text if at.year == now.year else f"{text} {at.year}"


def when(at: datetime, now: datetime) -> str:
    """A moment for a narrow column: `10:36` today, else `24 Aug`."""
    return clock(at) if at.date() == now.date() else day(at, now)


def day_and_time(at: datetime, now: datetime) -> str:
    """A moment in full: `10:36` today, `tomorrow 09:00`, `yesterday 16:20`, else `19 Aug, 12:00`."""
    away = (at.date() - now.date()).days
    named = {0: "", 1: "tomorrow ", -1: "yesterday "}.get(away)
    return clock(at) if away == 0 else f"{named}{clock(at)}" if named else f"{day(at, now)}, {clock(at)}"


def iso(at: datetime) -> str:
    """A moment for programs: ISO 8601 with its offset, for the `datetime` of `<time>`."""
    return at.isoformat(timespec="seconds")


def duration(length: timedelta | float) -> str:
    """How long something took: `under 1 s`, `14 s`, `2 min 30 s`, `38 min`, `1 h 2 min`, `1 day 3 h`. Numbers are seconds."""
    return _two_units(length, exact_below=EXACT_BELOW)


def coarse(length: timedelta | float) -> str:
    """How long something has been going on; like `duration`, without seconds from one minute on: `8 min`."""
    return _two_units(length, exact_below=MINUTE)


def _two_units(length: timedelta | float, *, exact_below: int) -> str:
    seconds = max(0, int(length.total_seconds() if isinstance(length, timedelta) else length))
    if seconds < MINUTE:
        return f"{seconds} s" if seconds else "under 1 s"
    if seconds < HOUR:
        return _pair(seconds // MINUTE, "min", seconds % MINUTE if seconds < exact_below else 0, "s")
    if seconds < DAY:
        return _pair(seconds // HOUR, "h", seconds % HOUR // MINUTE, "min")
    days = seconds // DAY
    return _pair(days, "day" if days == 1 else "days", seconds % DAY // HOUR if days == 1 else 0, "h")


def _pair(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"


def number(value: float | Decimal) -> str:
    """A number with thousands apart: `1,000`, `12.5`."""
    return f"{value:,}"


def money(amount: float | Decimal, currency: str = "USD") -> str:
    """A price: `$256.03`; a currency without a sign of its own is named, `256.03 CHF`."""
    text = f"{amount:,.2f}"
    return f"{SYMBOLS[currency]}{text}" if currency in SYMBOLS else f"{text} {currency}"


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun: `1 ticket`, `1,204 tickets`; `many` where an s is not enough."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def words(name: str) -> str:
    """A name from a document as a label: `backup_retention` -> `Backup retention`."""
    text = re.sub(r"[_\-\s]+", " ", name).strip()
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """A sentence part as a sentence: a capital first, a full stop last."""
    text = text.strip()
    return text if not text else text[0].upper() + text[1:] + ("" if text[-1] in ".!?…" else ".")


def shorten(text: str, most: int) -> str:
    """At most `most` characters; the rest is `…`. For SVG text, which neither wraps nor clips."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def wrap(text: object) -> Markup:
    """A URL, address or path that may break after its separators, copied without the breaks."""
    parts = BREAK_AFTER.split(str(text))
    pieces = [escape(a) + escape(b) for a, b in zip(parts[::2], [*parts[1::2], ""], strict=True)]
    return Markup("<wbr>").join(piece for piece in pieces if piece)


def plain(text: str) -> str:
    """Text from a program without its colours and control characters. Tabs and line ends stay."""
    return CONTROL.sub("", ANSI.sub("", text))


def shown(value: Any) -> str:
    """A JSON value as people read it: text as it is, `yes` and `no`, lists with commas, objects as JSON, nothing as a dash."""
    if value is None or value == "" or value == []:
        return "\N{EN DASH}"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list) and not any(isinstance(one, (dict, list)) for one in value):
        return ", ".join(shown(one) for one in value)
    return value if isinstance(value, str) else pretty(value)


def pretty(value: Any) -> str:
    """A JSON value as indented JSON text."""
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def is_link(value: object) -> bool:
    """Whether a value may become a link: a whole http(s) URL and nothing else (never `javascript:`)."""
    if not isinstance(value, str) or CONTROL.search(value) or " " in value:
        return False
    try:
        parts = urlsplit(value)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)
