"""Outputs as a `.env` file: one `NAME='value'` a line, that shells and the usual readers of such files take alike. Pure."""

import json
import re
from collections.abc import Iterable
from typing import Any

from app.core.secrecy import MASK

_NOT_A_LETTER = re.compile(r"[^A-Z0-9_]")


def env_name(group: str, name: str) -> str:
    """`postgres`, `connection_string` -> `POSTGRES_CONNECTION_STRING`. group: empty for an item ordered alone."""
    made = _NOT_A_LETTER.sub("_", f"{group}_{name}".strip("_").upper())
    return f"_{made}" if made[:1].isdigit() else made


def env_file(outputs: Iterable[tuple[str, str, Any]]) -> str:
    """The file of `(group, name, value)`; a value that is masked is a comment that says so, None is empty.

    Values stand in single quotes, in which nothing is expanded; what holds a single quote or a line break stands in double
    quotes, with `\\`, `"`, `$`, `` ` `` and the break escaped. Objects and lists are compact JSON.
    """
    return "".join(f"{_line(env_name(group, name), value)}\n" for group, name, value in outputs)


def _line(name: str, value: Any) -> str:
    if value == MASK:
        return f"# {name} is sensitive: ask for it to be revealed"
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
    if "'" not in text and "\n" not in text and "\r" not in text:
        return f"{name}='{text}'"
    escaped = re.sub(r'([\\"$`])', r"\\\1", text).replace("\n", "\\n").replace("\r", "\\r")
    return f'{name}="{escaped}"'
