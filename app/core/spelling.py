"""What somebody typed into a search: its words, and the known word that a misspelt one was meant to be."""

import re
from collections.abc import Sequence

LONGEST = 200
MOST_WORDS = 8
WORD = re.compile(r"[^\W_]+")


def words_of(text: str) -> list[str]:
    """The words of a search, small letters and digits only, each once."""
    found = (word.lower() for word in WORD.findall(text[:LONGEST]))
    return list(dict.fromkeys(found))[:MOST_WORDS]


def mistakes_in(word: str) -> int:
    """How many mistakes a word of this length may hold: short words are near to too many others."""
    return 0 if len(word) < 3 else 1 if len(word) < 6 else 2


def closest(word: str, known: Sequence[str]) -> str | None:
    """The known word that `word` was meant to be, or to begin; None where none is near enough.

    known: the likeliest first; of two that are as near, the first is taken. A whole word is nearer than a beginning.
    """
    most, best = mistakes_in(word), None
    nearest = most + 1.0
    for one in known:
        whole, beginning = mistakes(word, one)
        if (far := min(whole, beginning + 0.5)) < nearest and min(whole, beginning) <= most:
            nearest, best = far, one
    return best


def mistakes(word: str, known: str) -> tuple[int, int]:
    """How many letters must be put in, left out, changed or swapped with their neighbour to make `word` all of `known`, and to
    make it the beginning of `known`."""
    before, row = [], list(range(len(known) + 1))
    for i, letter in enumerate(word, 1):
        before, last, row = row, before, [i]
        for j, other in enumerate(known, 1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == known[j - 2] and word[i - 2] == other:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
    return row[-1], min(row)
