"""JSON, read the same wherever people and programs send it: no key twice, no NaN, no endless number or nesting. Pure.

Half a surrogate pair and U+0000 can be written in JSON and kept by no database: `storable` and `keepable` tell them.
"""

import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

DEEPEST = 64
"""How many levels of lists and objects are read."""
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class NotJson(ValueError):
    """A text that is not read. The message is a phrase about it: `is not JSON: expecting value at line 1, column 2`."""


def read(text: str, deepest: int = DEEPEST) -> Any:
    """The value that `text` is. Raises NotJson. Characters that cannot be stored are left for `keepable` to find."""
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number, parse_float=_finite)
    except json.JSONDecodeError as error:
        words = error.msg[:1].lower() + error.msg[1:]
        raise NotJson(f"is not JSON: {words} at line {error.lineno}, column {error.colno}") from error
    except RecursionError as error:
        raise NotJson(_too_deep(deepest)) from error
    except NotJson:
        raise
    except ValueError as error:
        # Python refuses to read whole numbers of more than some thousand digits.
        raise NotJson("holds a number with too many digits") from error
    if is_deeper_than(value, deepest):
        raise NotJson(_too_deep(deepest))
    return value


def plain(content: bytes) -> Any:
    """JSON that another system wrote, as data that any store of ours takes. Raises NotJson.

    Of a key that is there twice the last one counts, as it does for those who wrote it.
    """
    try:
        value = json.loads(content, parse_constant=_no_number)
    except RecursionError as error:
        raise NotJson("is nested too deeply") from error
    except NotJson:
        raise
    except ValueError as error:
        raise NotJson(f"is not JSON: {error}") from error
    if not _is_plain(value):
        raise NotJson("holds a character that cannot be stored, or a number that is too large")
    return value


def storable(text: str) -> bool:
    """Whether a database keeps `text` as it is."""
    return UNSTORABLE.search(text) is None


def shown(text: str) -> str:
    """The text with a mark in the place of whatever cannot be stored."""
    return UNSTORABLE.sub("\ufffd", text)


def keepable(value: Any) -> bool:
    """Whether a database, and every reader of JSON, takes the value: storable texts, finite numbers, few levels."""
    return not is_deeper_than(value, DEEPEST) and _is_plain(value)


def is_deeper_than(value: Any, levels: int) -> bool:
    """Whether containers lie in each other more than `levels` deep. Level by level, so that depth costs no stack."""
    here = [value]
    for _ in range(levels):
        here = [child for one in here for child in _children(one)]
        if not here:
            return False
    return any(isinstance(one, Mapping | list) for one in here)


def _is_plain(value: Any) -> bool:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        waiting += _children(one)
        waiting += one.keys() if isinstance(one, Mapping) else ()
        if (isinstance(one, str) and not storable(one)) or (isinstance(one, float) and not math.isfinite(one)):
            return False
    return True


def _children(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, Mapping) else value if isinstance(value, list) else []


def _too_deep(deepest: int) -> str:
    return f"is nested more than {deepest} levels deep"


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise NotJson(f"has the key “{shown(name)}” twice in one object")
        found[name] = value
    return found


def _no_number(name: str) -> NoReturn:
    raise NotJson(f"holds {name}, which is no JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise NotJson("holds a number that is too large")
    return number
