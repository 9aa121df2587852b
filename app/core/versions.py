"""Versions (SemVer 2.0) and the ranges that a bundle's entries are written in: `>=1.2.0`, `^1.2`, `~1.4.1`, `1.x`.

Ranges are npm's (https://github.com/npm/node-semver#ranges), with commas allowed between limits and Terraform's `~>`. They
are read here because `semantic_version.NpmSpec` is wrong about pre-releases: its `>=2.1.0-beta.1 <2.1.0` holds 2.1.0.
"""

import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from semantic_version import Version

LONGEST = 100
Rank = tuple[Any, str]
Release = tuple[int, int, int]

NUMBER = r"(?:0|[1-9][0-9]*)"
LABELS = r"[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*"
VERSION = re.compile(rf"{NUMBER}\.{NUMBER}\.{NUMBER}(?:-{LABELS})?(?:\+{LABELS})?", re.ASCII)
PART = rf"(?:{NUMBER}|[xX*])"
LIMIT = re.compile(
    rf"(?P<sign>>=|<=|~>|[><=^~]|)\s*v?(?P<major>{PART})(?:\.(?P<minor>{PART})(?:\.(?P<patch>{PART})(?P<labels>[-+].+)?)?)?",
    re.ASCII,
)
BETWEEN = re.compile(r"(\S+)\s+-\s+(\S+)")
SPACE_AFTER_SIGN = re.compile(r"([><=^~])\s+")

COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}


def check_version(text: str) -> str | None:
    """What is wrong with a version, as a sentence part; None when it is one."""
    try:
        _version(text)
    except ValueError as error:
        return str(error)
    return None


def check_range(text: str) -> str | None:
    """What is wrong with a range, as a sentence part; None when it is one."""
    try:
        _range(text)
    except ValueError as error:
        return str(error)
    return None


def newest(range_text: str, versions: Iterable[str]) -> str | None:
    """The newest of `versions` that fits; None when none does.

    A pre-release fits only a range that names one of the same version. Raises ValueError for what is no range or version.
    """
    alternatives = _range(range_text)
    fitting = [version for version in versions if any(_holds(limits, _version(version)) for limits in alternatives)]
    return max(fitting, key=sort_key, default=None)


def sort_key(version: str) -> Rank:
    """What sorts versions from old to new. Builds of one version, which SemVer does not rank, go by their text.

    Raises ValueError for what is no version.
    """
    parsed = _version(version)
    return parsed.precedence_key, ".".join(parsed.build)


@dataclass(frozen=True, slots=True)
class _Limit:
    sign: str
    version: Any

    def holds(self, version: Any) -> bool:
        return COMPARE[self.sign](version.precedence_key, self.version.precedence_key)

    def names_pre_release_of(self, version: Any) -> bool:
        return bool(self.version.prerelease) and self.version.truncate() == version.truncate()


def _holds(limits: Iterable[_Limit], version: Any) -> bool:
    if not all(limit.holds(version) for limit in limits):
        return False
    return not version.prerelease or any(limit.names_pre_release_of(version) for limit in limits)


def _version(text: str) -> Any:
    if len(text) > LONGEST:
        raise ValueError(f"must have at most {LONGEST} characters")
    try:
        if VERSION.fullmatch(text):
            return Version(text)
    except ValueError:
        pass  # a pre-release such as 1.0.0-01, which only the library refuses
    raise ValueError("must be a version such as 1.2.0 or 2.1.0-beta.1")


@lru_cache(maxsize=1024)
def _range(text: str) -> tuple[tuple[_Limit, ...], ...]:
    """The alternatives of a range, each the limits that must all hold."""
    if len(text) > LONGEST:
        raise ValueError(f"must have at most {LONGEST} characters")
    return tuple(tuple(_limits(alternative)) for alternative in text.split("||"))


def _limits(text: str) -> list[_Limit]:
    spaced = BETWEEN.sub(r">=\1 <=\2", SPACE_AFTER_SIGN.sub(r"\1", text))
    parts = [part for piece in spaced.split(",") for part in piece.split() or [""]]
    return [limit for part in parts for limit in _limit(part)]


def _limit(text: str) -> list[_Limit]:
    """One written limit as one or two plain ones: `^1.2` is `>=1.2.0` and `<2.0.0`."""
    found = LIMIT.fullmatch(text)
    known = _known(found["major"], found["minor"], found["patch"]) if found else []
    if not found or (found["labels"] and len(known) < 3):
        raise ValueError("must be a range of versions such as >=1.2.0, ^1.2, ~1.4.1 or 1.x")
    least = _version(".".join(map(str, (*known, 0, 0, 0)[:3])) + (found["labels"] or ""))
    sign = _plain_sign(found["sign"], known)
    if sign in (">", "<", "<=", ">=") or (sign == "=" and len(known) == 3):
        return [_one_sided(sign, known, least)]
    return [_Limit(">=", least), *_below(_ceiling(sign, known))]


def _known(*parts: str | None) -> list[int]:
    """The numbers before the first `x`."""
    numbers: list[int] = []
    for part in parts:
        if part is None or not part.isdigit():
            break
        numbers.append(int(part))
    return numbers


def _plain_sign(sign: str, known: list[int]) -> str:
    if sign == "~>":  # https://developer.hashicorp.com/terraform/language/expressions/version-constraints
        return "~" if len(known) == 3 else "^"
    return sign or "="


def _one_sided(sign: str, known: list[int], least: Any) -> _Limit:
    """`>1.2` is above all of 1.2, `<=1.2` includes all of it."""
    if len(known) == 3 or sign in (">=", "<"):
        return _Limit(sign, least)
    if not known:
        raise ValueError("must name a version after < or >")
    return _Limit(">=" if sign == ">" else "<", _text(_next(known, len(known))))


def _ceiling(sign: str, known: list[int]) -> Release | None:
    """The first release above what a caret, a tilde or an `x` allows; None when all are."""
    if not known:
        return None
    if sign == "^":
        return _next(known, next((at for at, number in enumerate(known, 1) if number), len(known)))
    return _next(known, min(len(known), 2))


def _next(known: list[int], place: int) -> Release:
    """The release after all those that agree with `known` up to `place` (from 1)."""
    numbers = [*known[: place - 1], known[place - 1] + 1, 0, 0, 0]
    return numbers[0], numbers[1], numbers[2]


def _below(ceiling: Release | None) -> list[_Limit]:
    return [] if ceiling is None else [_Limit("<", _text(ceiling))]


def _text(release: Release) -> Any:
    return Version(".".join(map(str, release)))
