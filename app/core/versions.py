"""Versions (SemVer 2.0) and the ranges that a bundle's entries are written in: `>=1.2.0`, `^1.2`, `~1.4.1`, `1.x`.

Ranges are npm's (https://github.com/npm/node-semver#ranges) as `semantic_version` reads them; docs/decisions/versions.md says
where that differs.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from semantic_version import NpmSpec, Version

LONGEST = 100
Rank = tuple[Any, str]
# Written besides what npm knows: a comma between two limits, a space after an operator, and Terraform's ~>.
COMMA = re.compile(r"\s*,\s*")
SPACED = re.compile(r"(>=|<=|~>|[><=^~])\s+")
PESSIMISTIC = re.compile(r"~>(\d+\.\d+\.\d+)")


def check_version(text: str) -> str | None:
    """What is wrong with a version, as a sentence part; None when it is one."""
    if len(text) > LONGEST:
        return f"must have at most {LONGEST} characters"
    try:
        _version(text)
    except ValueError:
        return "must be a version such as 1.2.0 or 2.1.0-beta.1"
    return None


def check_range(text: str) -> str | None:
    """What is wrong with a range, as a sentence part; None when it is one."""
    if len(text) > LONGEST:
        return f"must have at most {LONGEST} characters"
    try:
        _range(text)
    except ValueError:
        return "must be a range of versions such as >=1.2.0, ^1.2, ~1.4.1 or 1.x"
    return None


def newest(range_text: str, versions: Iterable[str]) -> str | None:
    """The newest of `versions` that fits; None when none does.

    A pre-release fits only a range that names one of the same version. Raises ValueError for what is no range or version.
    """
    fitting = [version for version in versions if _range(range_text).match(_version(version))]
    return max(fitting, key=sort_key, default=None)


def _version(text: str) -> Any:
    if text != text.strip():
        raise ValueError("white space around a version")  # which the library lets pass
    return Version(text)


def sort_key(version: str) -> Rank:
    """What sorts versions from old to new. Builds of one version, which SemVer does not rank, go by their text."""
    parsed = _version(version)
    return parsed.precedence_key, ".".join(parsed.build)


@lru_cache(maxsize=1024)
def _range(text: str) -> Any:
    """The range as npm writes it. Raises ValueError for what is none, and for an empty limit, which npm takes for any."""
    if not all(limit.strip() for limit in re.split(r",|\|\|", text)):
        raise ValueError("an empty limit")
    joined = SPACED.sub(r"\1", COMMA.sub(" ", text.strip()))
    return NpmSpec(PESSIMISTIC.sub(r"~\1", joined).replace("~>", "^"))
