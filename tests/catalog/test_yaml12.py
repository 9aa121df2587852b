"""YAML as the catalog reads it: plain data with places, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.yaml12 import MAX_BYTES, Place, read


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("2025-08-16", "2025-08-16"),
        ("12:30:45", "12:30:45"),
        ("1_000", "1_000"),
        ("0b11", "0b11"),
        ("017", 17),
        ("0o17", 15),
        ("0x1F", 31),
        ("-3", -3),
        ("1.10", 1.1),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("True", True),
        ("false", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("'null'", "null"),
        ('"3"', "3"),
    ],
)
def test_plain_scalars_follow_the_core_schema_of_yaml_1_2(written, meant):
    value = read(f"key: {written}\n".encode()).data["key"]
    assert (value, type(value)) == (meant, type(meant))


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("a: &x 1\n", 1, 4, "the anchor &x is not allowed"),
        ("a: 1\nb: *x\n", 2, 4, "the alias *x is not allowed"),
        ("a:\n  <<: {b: 1}\n", 2, 3, "the merge key << is not allowed"),
        ("a: 1\nb: 2\na: 3\n", 3, 1, "the key a is here twice, first on line 1"),
        ("a: {b: 1, b: 2}\n", 1, 11, "the key b is here twice, first on line 1"),
        ("a: !!str 3\n", 1, 4, "the tag tag:yaml.org,2002:str is not allowed"),
        ("a: !python/object:os.system x\n", 1, 4, "the tag !python/object:os.system is not allowed"),
        ("a: .inf\n", 1, 4, ".inf is not a number that JSON has"),
        ("a: 1e999\n", 1, 4, "1e999 is not a number that JSON has"),
        ("? [a, b]\n: 1\n", 1, 3, "a key may only be text"),
        ("a: 1\n---\nb: 2\n", 2, 1, "holds a second document"),
        ("", 1, 1, "is empty"),
        ("# nothing\n", 1, 1, "is empty"),
        ("a: [1, 2\nb: 3\n", 2, 2, "cannot be read as YAML: expected ',' or ']', but got ':'"),
        ("a: b: c\n", 1, 5, "cannot be read as YAML: mapping values are not allowed here"),
        ('a: "\\0"\n', 1, 4, "holds a character that cannot be stored"),
        ("a: \x07\n", 1, 4, "holds a character that YAML does not allow"),
        ("[" * 41, 1, 41, "has more than 40 levels"),
    ],
)
def test_what_is_refused_names_its_place(text, line, column, message):
    (problem,) = read(text.encode()).problems[:1]
    assert (problem.place, problem.message) == (Place(line, column), message)


def test_every_problem_is_told_at_once():
    assert len(read(b"a: &x 1\nb: *x\n<<: {}\na: 2\n").problems) == 4


def test_the_first_of_two_keys_stands():
    assert read(b"a: 1\na: {b: 2}\n").data == {"a": 1}


def test_forty_levels_are_fine():
    assert read(b"[" * 40 + b"]" * 40).problems == []


def test_a_file_that_is_too_large_is_not_parsed():
    text = read(b"a: " + b"x" * MAX_BYTES)
    assert (text.data, text.problems[0].message) == (None, "has more than 256 KiB")


def test_a_file_in_another_encoding_names_the_byte():
    assert read("a: 1\nb: é\n".encode("latin-1")).problems[0].place == Place(2, 4)


def test_every_key_and_value_has_a_place():
    text = read(b"a:\n  - b: 1\n    c: two\n")
    assert text.place(("a", 0, "c")) == Place(3, 8)
    assert text.place(("a", 0, "c"), of_key=True) == Place(3, 5)


def test_what_is_not_there_has_the_place_of_what_is_around_it():
    text = read(b"a:\n  b:\n    c: 1\n")
    assert text.place(("a", "b", "missing")) == Place(2, 3)


def test_numbers_remember_how_they_were_written():
    assert read(b"a: [1.10, 0x1F]\n").numbers == {("a", 0): "1.10", ("a", 1): "0x1F"}


@given(st.binary(max_size=200))
def test_no_bytes_raise(raw):
    text = read(raw)
    assert text.data is None or text.values


plain = st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text("abc: -#'\"[]{}\n", max_size=8)
documents = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abcd", min_size=1), inner, max_size=3)
)


@given(documents)
def test_what_was_written_is_what_is_read(document):
    import json

    assert read(json.dumps(document).encode()).data == document
