"""What people read: times, lengths of time, numbers, text from outside."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from jinja2 import Environment

from app.web import filters, jinja

NOW = datetime(2025, 8, 16, 10, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0, "under 1 s"),
        (14.9, "14 s"),
        (60, "1 min"),
        (150, "2 min 30 s"),
        (560, "9 min 20 s"),
        (38 * 60 + 40, "38 min"),
        (3720, "1 h 2 min"),
        (4 * 3600, "4 h"),
        (86400, "1 day"),
        (27 * 3600, "1 day 3 h"),
        (50 * 3600, "2 days"),
        (-5, "under 1 s"),
    ],
)
def test_a_duration_reads_in_its_two_largest_units(seconds: float, expected: str):
    assert filters.duration(seconds) == expected


def test_what_still_goes_on_is_told_in_whole_minutes():
    assert filters.coarse(timedelta(minutes=8, seconds=31)) == "8 min"


@pytest.mark.parametrize(
    ("at", "narrow", "full"),
    [
        (NOW, "10:45", "10:45"),
        (datetime(2025, 8, 17, 9, tzinfo=UTC), "17 Aug", "tomorrow 09:00"),
        (datetime(2025, 8, 15, 16, 20, tzinfo=UTC), "15 Aug", "yesterday 16:20"),
        (datetime(2025, 8, 19, 12, tzinfo=UTC), "19 Aug", "19 Aug, 12:00"),
        (datetime(2024, 8, 24, 12, tzinfo=UTC), "24 Aug 2024", "24 Aug 2024, 12:00"),
    ],
)
def test_a_moment_is_as_short_as_it_may_be(at: datetime, narrow: str, full: str):
    assert (filters.when(at, NOW), filters.day_and_time(at, NOW)) == (narrow, full)


@pytest.mark.parametrize(
    ("value", "expected"), [(1000, "1,000"), (12.5, "12.5"), (Decimal("1204.5"), "1,204.5"), (-20000, "-20,000")]
)
def test_numbers_have_their_thousands_apart(value: float, expected: str):
    assert filters.number(value) == expected


@pytest.mark.parametrize(("currency", "expected"), [("USD", "$1,204.00"), ("EUR", "€1,204.00"), ("CHF", "1,204.00 CHF")])
def test_a_price_has_two_decimals_and_its_currency(currency: str, expected: str):
    assert filters.money(1204, currency) == expected


@pytest.mark.parametrize(("count", "expected"), [(0, "0 answers need"), (1, "1 answer needs"), (1204, "1,204 answers need")])
def test_a_count_agrees_with_its_noun(count: int, expected: str):
    assert filters.plural(count, "answer needs", "answers need") == expected


def test_a_name_becomes_a_label():
    assert filters.words("backup_retention") == "Backup retention"


@pytest.mark.parametrize(("text", "expected"), [("must be at most 10", "Must be at most 10."), ("Why?", "Why?"), ("", "")])
def test_a_sentence_part_becomes_a_sentence(text: str, expected: str):
    assert filters.sentence(text) == expected


def test_text_that_is_too_long_ends_in_an_ellipsis():
    assert filters.shorten("provision_postgres_database", 12) == "provision_p…"


def test_an_address_may_break_after_its_separators():
    assert filters.wrap("https://db.example.com:5432/x") == "https://<wbr>db.<wbr>example.<wbr>com:<wbr>5432/<wbr>x"


def test_wrapped_text_is_escaped():
    assert filters.wrap("<b>&.x") == "&lt;b&gt;&amp;.<wbr>x"


def test_a_log_line_loses_its_colours_and_control_characters():
    assert filters.plain("\x1b[1;31mError\x1b[0m:\tno\x07 \x1b]8;;http://x\x07link\x1b]8;;\x07\x9b") == "Error:\tno link"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "yes"),
        (False, "no"),
        (None, "\N{EN DASH}"),
        ("", "\N{EN DASH}"),
        (250, "250"),
        (["dev", "prod"], "dev, prod"),
        ({"a": 1}, '{\n  "a": 1\n}'),
        ([{"a": 1}], '[\n  {\n    "a": 1\n  }\n]'),
    ],
)
def test_an_answer_is_shown_in_words(value: Any, expected: str):
    assert filters.shown(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("https://grafana.example.com/dashboards/x", True),
        ("http://127.0.0.1:8000", True),
        ("javascript:alert(1)", False),
        ("https://", False),
        ("https://a.example.com and more", False),
        ("java\nscript:alert(1)", False),
        ("postgresql://db:5432/x", False),
        ("https://[::1", False),
        (3, False),
    ],
)
def test_only_whole_web_addresses_become_links(value: object, expected: bool):
    assert filters.is_link(value) is expected


def test_templates_show_times_in_the_given_zone():
    env = Environment(autoescape=True)
    jinja.install(env, zone=ZoneInfo("America/Chicago"), now=lambda: NOW)
    text = env.from_string("{{ at | clock }} {{ at | iso }} {{ at | since }}").render(at=NOW - timedelta(minutes=9))
    assert text == "05:36 2025-08-16T05:36:00-05:00 9 min"


@pytest.mark.parametrize(
    ("name", "bundle", "expected"), [("database", False, "database"), ("rocket", False, "package"), (None, True, "layers")]
)
def test_an_entry_without_a_known_icon_gets_one_for_its_kind(name: str | None, bundle: bool, expected: str):
    assert jinja.catalog_icon(name, bundle=bundle) == expected
