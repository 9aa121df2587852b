from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.durations import LONGEST, parse_duration


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("0s", timedelta(0)),
        ("30s", timedelta(seconds=30)),
        ("5m", timedelta(minutes=5)),
        ("2h", timedelta(hours=2)),
        ("3d", timedelta(days=3)),
    ],
)
def test_a_duration_is_a_number_and_a_unit(text, length):
    assert parse_duration(text) == length


@pytest.mark.parametrize("text", ["", "30", "s", "1.5h", "-1s", "1h30m", "30 s", "5M", "٣s", "9" * 5000 + "s", "30s\n"])
def test_anything_else_is_refused_with_what_to_write(text):
    with pytest.raises(ValueError, match="such as 30s"):
        parse_duration(text)


def test_more_than_ten_years_is_refused():
    with pytest.raises(ValueError, match="at most 3660d"):
        parse_duration("3661d")


@given(st.integers(0, int(LONGEST.total_seconds())))
def test_seconds_are_seconds(seconds):
    assert parse_duration(f"{seconds}s") == timedelta(seconds=seconds)
