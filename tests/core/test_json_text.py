"""JSON as it is read everywhere: strictly, and what of it can be kept."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.json_text import DEEPEST, NotJson, keepable, plain, read

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_whatever_is_json_is_read_as_it_was_written(value):
    assert read(json.dumps(value)) == value


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "is not JSON: expecting property name enclosed in double quotes at line 1, column 2"),
        ('{"a": 1, "a": 2}', "has the key “a” twice in one object"),
        ('{"\\ud800": 1, "\\ud800": 2}', "has the key “\ufffd” twice in one object"),
        ("[NaN]", "holds NaN, which is no JSON"),
        ("[1e999]", "holds a number that is too large"),
        ("9" * 5000, "holds a number with too many digits"),
        ("[" * 65 + "]" * 65, "is nested more than 64 levels deep"),
        ("[" * 50_000, "is nested more than 64 levels deep"),
    ],
)
def test_what_is_refused_says_why(text, told):
    with pytest.raises(NotJson) as refused:
        read(text)
    assert str(refused.value) == told


def test_as_many_levels_as_are_allowed_are_read():
    assert read("[" * DEEPEST + "]" * DEEPEST) is not None


@pytest.mark.parametrize("value", ["\0", "\ud800", ["\udfff"], {"\0": 1}, {"a": [float("nan")]}, float("inf")])
def test_what_no_database_keeps_is_told_apart(value):
    assert not keepable(value)


def test_plain_data_is_kept():
    assert keepable({"a": [1, 2.5, None, True, "ü 🙂"]})


@pytest.mark.parametrize(
    "content", [b"", b"{", b'{"a": NaN}', b"[1e999]", b'"\\u0000"', b'"\\ud800"', b"\xff", b"[" * 100_000 + b"]" * 100_000]
)
def test_what_another_system_wrote_and_nobody_can_keep_is_refused(content):
    with pytest.raises(NotJson):
        plain(content)


def test_another_system_may_repeat_itself():
    assert plain(b'{"a": 1, "a": 2}') == {"a": 2}
