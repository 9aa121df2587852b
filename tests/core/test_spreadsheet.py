"""Cells of CSV files."""

import pytest

from app.core import spreadsheet
from app.core.spreadsheet import lines, plain, safe


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx"])
def test_what_begins_a_formula_is_made_text(text):
    assert safe(text) == "'" + text


@pytest.mark.parametrize("text", ["=1", "-5", "'=1", "'quoted'", "''", "plain", "", "a=b", "it's"])
def test_what_was_made_safe_is_read_as_it_was(text):
    assert plain(safe(text)) == text


def test_an_apostrophe_of_the_text_itself_stays():
    assert plain("'quoted'") == "'quoted'"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_of_any_country_is_read(separator):
    assert [cells for _, cells in lines(f"a{separator}b\n1{separator}2\n")] == [["a", "b"], ["1", "2"]]


def test_lines_keep_their_numbers_and_blank_ones_are_left_out():
    assert list(lines('\ufeffa\r\n\r\n"two\nlines"\r\n,\r\nb\r\n')) == [(1, ["a"]), (4, ["two\nlines"]), (6, ["b"])]


def test_a_quote_without_end_is_told_with_its_line():
    with pytest.raises(ValueError, match="line 2"):
        list(lines('a\n"b\n'))


def test_a_table_has_a_head():
    assert list(spreadsheet.table(["a", "b"], [["1", "=2"]])) == ["a,b\r\n", "1,'=2\r\n"]
