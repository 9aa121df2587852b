"""Typing mistakes, as tables."""

import pytest

from app.core.spelling import closest, mistakes, words_of

KNOWN = ["postgres", "postgresql", "redis", "kubernetes", "monitoring", "database", "cache", "eks"]


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("Postgres DATABASE", ["postgres", "database"]),
        ("eks-container_app", ["eks", "container", "app"]),
        ("a:* & !b | (c)", ["a", "b", "c"]),
        ("redis redis", ["redis"]),
        ("' -- %00 \\", ["00"]),
        ("one two three four five six seven eight nine", ["one", "two", "three", "four", "five", "six", "seven", "eight"]),
        ("", []),
    ],
)
def test_only_letters_and_digits_are_words(typed, words):
    assert words_of(typed) == words


def test_what_is_longer_than_a_search_is_cut():
    assert words_of("x" * 5_000) == ["x" * 200]


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("postgers", "postgres"),
        ("postgre", "postgres"),
        ("postgress", "postgres"),
        ("pstgres", "postgres"),
        ("reids", "redis"),
        ("rdis", "redis"),
        ("kuberntes", "kubernetes"),
        ("kubernts", "kubernetes"),
        ("montior", "monitoring"),
        ("esk", "eks"),
        ("xy", None),
        ("mainframe", None),
        ("radio", None),
    ],
)
def test_the_nearest_known_word_is_meant(typed, meant):
    assert closest(typed, KNOWN) == meant


@pytest.mark.parametrize(
    ("typed", "known", "whole", "beginning"),
    [("abc", "abc", 0, 0), ("acb", "abc", 1, 1), ("ab", "abcd", 2, 0), ("", "ab", 2, 0), ("abxd", "abcdef", 3, 1)],
)
def test_mistakes_are_counted_against_the_whole_word_and_its_beginning(typed, known, whole, beginning):
    assert mistakes(typed, known) == (whole, beginning)
