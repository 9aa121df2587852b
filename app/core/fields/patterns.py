"""Patterns (RE2, so that no text takes long) and what to tell people whose text does not fit one."""

import re
from functools import lru_cache
from typing import Any

import re2

LONGEST_PATTERN = 500

NAMES = {
    "-": "hyphens",
    "_": "underscores",
    ".": "dots",
    " ": "spaces",
    "/": "slashes",
    ":": "colons",
    ",": "commas",
    "@": "at signs",
    "+": "plus signs",
}
RANGES = {"a-z": "lowercase letters", "A-Z": "capital letters", "0-9": "digits", r"\d": "digits"}
PART = re.compile(r"a-z|A-Z|0-9|\\d|\\[^0-9A-Za-z]|[^\\\[]")
MOST_NAMED = 3
# ^[first][rest]*$ and ^[rest]+$, with any quantifier: what nearly all names follow.
SIMPLE = re.compile(r"\^?(?:\[(?P<first>[^]^]+)\])?\[(?P<rest>[^]^]+)\](?:[*+]|\{\d*,?\d*\})\$?")


def _options() -> Any:
    options = re2.Options()
    options.log_errors = False
    return options


@lru_cache(maxsize=1024)
def compile_pattern(pattern: str) -> Any:
    """`pattern` compiled. Raises ValueError with a sentence when RE2 cannot read it."""
    try:
        return re2.compile(pattern, _options())
    except re2.error as error:
        raise ValueError(f"must be a pattern that RE2 can read ({_reason(error)})") from error


def _reason(error: Exception) -> str:
    reason = error.args[0] if error.args else ""
    return reason.decode(errors="replace") if isinstance(reason, bytes) else str(reason)


def fits(pattern: str, text: str) -> bool:
    """Whether the whole of `text` fits, as for the `pattern` of an HTML input."""
    return compile_pattern(pattern).fullmatch(text) is not None


def complaint(pattern: str, text: str, example: str | None) -> str:
    """Why `text` does not fit `pattern`, as a sentence part: which characters are wrong, where that can be told."""
    simple = SIMPLE.fullmatch(pattern)
    if simple and (found := _wrong(text, simple["first"], simple["rest"])):
        return found
    return f"does not have the expected form, such as {example}" if example else f"must match the pattern {pattern}"


def _wrong(text: str, first: str | None, rest: str) -> str | None:
    wrong = [char for char in (text[1:] if first else text) if not fits(f"[{rest}]", char)]
    allowed, starts = _words(rest), _words(first or "")
    if wrong and allowed:
        return f"may not contain {_and(list(dict.fromkeys(map(_name, wrong)))[:MOST_NAMED])}: use only {_and(allowed)}"
    if not wrong and starts and text and not fits(f"[{first}]", text[0]):
        return f"must start with {_singular(starts)}"
    return None


def _words(characters: str) -> list[str]:
    """What a character class holds, in words: `a-z0-9-` is lowercase letters, digits and hyphens.

    Empty when it holds something that has no short name.
    """
    parts = [found[0] for found in PART.finditer(characters)]
    inner = parts[1:-1]
    if "".join(parts) != characters or "-" in inner:
        return []
    words = [RANGES.get(part) or NAMES.get(part[-1]) or f"'{part[-1]}'" for part in parts]
    if {"lowercase letters", "capital letters"} <= set(words):
        words = ["letters", *(word for word in words if not word.endswith(" letters"))]
    return list(dict.fromkeys(words))


def _name(char: str) -> str:
    if char in NAMES:
        return NAMES[char]
    if char.isascii() and char.isalpha():
        return "lowercase letters" if char.islower() else "capital letters"
    return "digits" if char.isascii() and char.isdigit() else f"'{char}'"


def _singular(words: list[str]) -> str:
    return " or ".join(word if word.startswith("'") else f"a {word.removesuffix('s')}" for word in words)


def _and(words: list[str]) -> str:
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last
