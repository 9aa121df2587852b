import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.versions import check_range, check_version, newest, sort_key

THERE = ["1.1.9", "1.2.0", "1.4.1", "1.4.7", "1.5.0", "2.0.0", "2.1.0", "3.0.0-rc.1", "2.1.0-beta.1+build.5"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (">=1.2.0", "2.1.0"),
        (">=2.0.0, <3.0.0", "2.1.0"),
        (">=1.2,<2", "1.5.0"),
        (">= 1.2.0 , < 1.5.0", "1.4.7"),
        ("^1.2", "1.5.0"),
        ("~1.4.1", "1.4.7"),
        ("~> 1.4.1", "1.4.7"),
        ("~>1.4", "1.5.0"),
        ("1.x", "1.5.0"),
        ("1.4.x", "1.4.7"),
        ("*", "2.1.0"),
        ("1.2.0", "1.2.0"),
        ("=1.4.1", "1.4.1"),
        ("1.x || 2.0.x", "2.0.0"),
        ("^3.0.0-rc.0", "3.0.0-rc.1"),
        ("~2.1.0-beta.0", "2.1.0"),
        (">1.4", "2.1.0"),
        ("<=1.4", "1.4.7"),
        ("<1.4", "1.2.0"),
        ("1.1 - 1.4", "1.4.7"),
        ("^0.2", None),
        ("v1.2.0", "1.2.0"),
        (">=3.0.0", None),
        ("^4", None),
    ],
)
def test_the_newest_version_that_fits_is_taken(wanted, found):
    assert newest(wanted, THERE) == found


@pytest.mark.parametrize("text", ["1.2.0", "2.1.0-beta.1+build.5", "0.0.0", "10.20.30-rc.1"])
def test_a_semantic_version_is_accepted(text):
    assert check_version(text) is None


@pytest.mark.parametrize(
    "text", ["", "1", "1.2", "v1.2.0", "01.2.0", "1.2.0.4", "latest", "1.2.0-", " 1.2.0", "1.2.0\n", "1" * 200]
)
def test_anything_else_is_refused_in_a_sentence(text):
    assert check_version(text).startswith("must ")


@pytest.mark.parametrize(
    "text",
    ["", " ", "latest", ">=", "1.2.3.4", ">=1.2.0,", ", 1.x", "1.x ||", "=>1", "one", "1 -", ">x", ">=1.2.x-rc", ">" * 5000],
)
def test_what_is_no_range_is_refused_in_a_sentence(text):
    assert check_range(text).startswith("must ")


@pytest.mark.parametrize("text", [">=1.2.0", ">=2.0.0, <3.0.0", "^1.2", "~1.4.1", "1.x", "~> 1.4"])
def test_the_ranges_of_the_format_are_accepted(text):
    assert check_range(text) is None


def test_a_range_that_is_none_raises():
    with pytest.raises(ValueError):
        newest("latest", ["1.0.0"])


def test_versions_sort_by_precedence_and_builds_by_their_text():
    mixed = ["1.0.0+b", "1.0.0", "1.0.0-rc.1", "1.0.0+a", "1.0.0-alpha", "0.9.9", "1.0.0-rc.1.1"]
    assert sorted(mixed, key=sort_key) == [
        "0.9.9",
        "1.0.0-alpha",
        "1.0.0-rc.1",
        "1.0.0-rc.1.1",
        "1.0.0",
        "1.0.0+a",
        "1.0.0+b",
    ]


NUMBERS = st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5))


@given(st.lists(NUMBERS, min_size=1), NUMBERS)
def test_at_least_means_the_largest_when_it_is_large_enough(versions, least):
    texts = ["{}.{}.{}".format(*version) for version in versions]
    expected = "{}.{}.{}".format(*max(versions)) if max(versions) >= least else None
    assert newest(">={}.{}.{}".format(*least), texts) == expected


@given(st.text(max_size=120))
def test_no_text_breaks_the_checks(text):
    assert check_version(text) is None or check_version(text).startswith("must ")
    assert check_range(text) is None or check_range(text).startswith("must ")


@pytest.mark.parametrize(
    ("wanted", "inside", "outside"),
    [
        ("^0.2.3", "0.2.9", "0.3.0"),
        ("^0.0.3", "0.0.3", "0.0.4"),
        ("^0.0", "0.0.9", "0.1.0"),
        ("^0", "0.9.0", "1.0.0"),
        ("^0.x", "0.9.0", "1.0.0"),
        ("~1", "1.9.0", "2.0.0"),
        ("~0.2.3", "0.2.4", "0.3.0"),
        ("1.2.x", "1.2.9", "1.3.0"),
    ],
)
def test_carets_tildes_and_x_are_those_of_npm(wanted, inside, outside):
    assert (newest(wanted, [inside]), newest(wanted, [outside])) == (inside, None)
