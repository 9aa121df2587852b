"""The same order as curl, JSON and YAML, and such texts read back."""

import json
import shlex
import subprocess

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from app.catalog import yaml12
from app.errors import Invalid
from app.web.ordering import twin
from tests.story import STORY

TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"), include_characters="\n"), max_size=30)
PLAIN = TEXT | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(PLAIN, lambda one: st.lists(one, max_size=3) | st.dictionaries(TEXT, one, max_size=3), max_leaves=9)
ORDERS = st.dictionaries(TEXT, VALUES, max_size=4)
TREACHEROUS = [
    "NO",
    "yes",
    "~",
    "null",
    "1e3",
    "0o17",
    "0x1F",
    "1.10",
    "2025-01-01",
    "12:30",
    "*a",
    "&a",
    "- x",
    "a: b",
    "#",
    "",
]


def test_the_story_order_comes_back_from_each_text():
    for form in ("json", "yaml"):
        assert twin.read(twin.written(form, STORY, "http://x")) == STORY


@given(ORDERS.filter(bool))
def test_any_order_comes_back_from_yaml(order):
    assert yaml12.read(twin.as_yaml(order).encode()).data == order


@pytest.mark.parametrize("text", TREACHEROUS)
def test_text_that_looks_like_something_else_stays_text(text):
    order = {"parameters": {"word": text, "words": [text]}}
    assert twin.read(twin.as_yaml(order)) == order
    assert yaml.safe_load(twin.as_yaml(order)) == order


def test_the_call_sends_exactly_the_order_whatever_it_holds():
    order = {"catalog_item": "x", "parameters": {"word": 'it\'s $HOME `id` \\ "quoted"\nORDER\n'}}
    call, _, body = twin.as_curl(order, "http://127.0.0.1:8000/").partition(" \\\n  --data-binary @- ")
    assert "http://127.0.0.1:8000/api/v1/requests" in shlex.split(call)
    said = subprocess.run(["bash", "-c", f"cat {body}"], capture_output=True, text=True, check=True).stdout
    assert json.loads(said) == order


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("[]", "must be an order"),
        ("just words", "must be an order"),
        ('{"a": 1,}', "line 1, column 9"),
        ('{"a": 1, "a": 2}', "has the key “a” twice"),
        ('{"a": NaN}', "holds NaN"),
        ('{"a": ' + "1" * 5000 + "}", "too many digits"),
        ("a: 1\na: 2", "line 2, column 1"),
        ("a: &x [1]\nb: *x", "anchor"),
        ("a: !!python/object:os.system x", "tag"),
        ("a: [", "cannot be read as YAML"),
        ('{"a": "\\u0000"}', "cannot be stored"),
        ('{"a": "\\ud800"}', "cannot be stored"),
        ('{"a": ' * 50 + "1" + "}" * 50, "levels"),
        ('{"a":' * 50_000, "levels"),
        ("a: " + "x" * 300_000, "256 KiB"),
        ("a: \ud800", "UTF-8"),
    ],
)
def test_what_cannot_be_read_says_what_is_wrong(text, told):
    with pytest.raises(Invalid) as refused:
        twin.read(text)
    assert told in " ".join(fault.message for fault in refused.value.faults)
