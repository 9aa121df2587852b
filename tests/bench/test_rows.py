"""What becomes of numbers: rows, met or missed, in a file and on a page."""

import pytest

from bench.rows import BEGIN, END, merged, read, row, write


def test_a_ratio_below_its_bound_is_met():
    assert row("a", "b", 7, 10, "<= 0.8", "ms").met


def test_a_ratio_above_its_bound_is_missed():
    assert not row("a", "b", 9, 10, "<= 0.8", "ms").met


def test_more_may_be_better():
    assert row("a", "b", 20, 10, ">= 2", "a second").met


def test_a_part_that_is_measured_again_takes_the_place_of_its_old_rows():
    old = [row("a", "b", 9, 10, "<= 0.8", "ms"), row("c", "b", 1, 1, "<= 1", "ms")]
    again = row("a", "b", 7, 10, "<= 0.8", "ms")
    assert merged(old, [again]) == [again, old[1]]


def test_the_file_reads_back_as_it_was_written(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    rows = [row("a", "b", 7, 10, "<= 0.8", "ms")]
    write(rows, tmp_path / "results.json", page)
    assert read(tmp_path / "results.json") == rows


def test_the_table_goes_between_the_marks(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    write([row("a", "b", 7, 10, "<= 0.8", "ms")], tmp_path / "results.json", page)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("after\n")
    assert "| a | b | 0.7 | <= 0.8 | yes | 7 against 10 ms |" in text
    assert "old" not in text


def test_a_page_without_marks_is_refused(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("words")
    with pytest.raises(ValueError, match="needs the lines"):
        write([], tmp_path / "results.json", page)
