"""Texts from a command line or a terminal as the JSON values that fields want. What fits, the portal decides."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stratus_cli.exits import Exit, Stop

Field = Mapping[str, Any]

INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
NUMBER = re.compile(r"[+-]?[0-9]{1,400}(\.[0-9]{1,400})?([eE][+-]?[0-9]{1,4})?")
YES, NO = frozenset({"true", "on", "yes", "y", "1"}), frozenset({"false", "off", "no", "n", "0"})
SETTING = re.compile(r"([^=\s:]+)(:?=)(.*)", re.DOTALL)


def choices(field: Field) -> list[tuple[str, Any, str]]:
    """What can be picked: text, value and what people read."""
    found = []
    for one in field.get("oneof") or field.get("options") or ():
        value = one["value"] if isinstance(one, Mapping) else one
        text = str(value).lower() if isinstance(value, bool) else str(value)
        found.append((text, value, str(one.get("label") or text) if isinstance(one, Mapping) else text))
    return found


def read(field: Field, text: str) -> Any:
    """The value that `text` means for `field`; a text that cannot be read stays text, for the portal to say what is wrong."""
    kind = field.get("type", "string")
    if kind in ("integer", "int"):
        return int(text) if INTEGER.fullmatch(text.strip()) else text
    if kind in ("number", "percentage"):
        return _number(text.strip())
    if kind == "boolean":
        return True if text.lower() in YES else False if text.lower() in NO else text
    if kind == "selection":
        return _choice(field, text)
    if kind == "multiselect":
        return [_choice(field, one) for one in _split(text)]
    if kind in ("json", "object", "list"):
        return _structure(field, text)
    return text


@dataclass(frozen=True, slots=True)
class Setting:
    """One `--set`. names: of its path; how: `=` for text, `:=` for JSON; text: what stands behind it, `@FILE` as it is."""

    names: Sequence[str]
    how: str
    text: str

    @property
    def file(self) -> str:
        """The file that `path=@FILE` names; empty where there is none."""
        return self.text[1:] if self.how == "=" and self.text.startswith("@") else ""

    def value(self, field: Field) -> Any:
        """The value that is meant for `field`. Raises Stop."""
        if self.how == ":=":
            return as_json(self.text, ".".join(self.names))
        return read(field, content(self.file) if self.file else self.text)


def setting(text: str) -> Setting:
    """Read one `--set`: `path=value`, `path=@file`, `path:=json`. Raises Stop."""
    found = SETTING.fullmatch(text)
    if found is None:
        raise Stop(Exit.INVALID, f"--set {text} cannot be read: write path=value, path=@file or path:=json.")
    place, how, value = found.groups()
    return Setting(place.replace("/", ".").strip(".").split("."), how, value)


def content(name: str) -> str:
    """The text of a file without the line end that editors add. Raises Stop."""
    try:
        return raw(name).decode().removesuffix("\n")
    except UnicodeDecodeError as error:
        raise Stop(Exit.INVALID, f"{name} cannot be read: it is not UTF-8 text.") from error


def raw(name: str) -> bytes:
    """What is in a file. Raises Stop."""
    try:
        return Path(name).expanduser().read_bytes()
    except OSError as error:
        raise Stop(Exit.INVALID, f"{name} cannot be read: {error.strerror}.") from error


def as_json(text: str, where: str) -> Any:
    """JSON that somebody typed. Raises Stop."""
    try:
        return json.loads(text)
    except ValueError as error:
        raise Stop(Exit.INVALID, f"{where} is not JSON: {error}.") from error


def _number(text: str) -> Any:
    if not NUMBER.fullmatch(text):
        return text
    return int(text) if INTEGER.fullmatch(text) else float(text)


def _choice(field: Field, text: str) -> Any:
    return next((value for written, value, _ in choices(field) if written == text), text)


def _structure(field: Field, text: str) -> Any:
    """JSON, or of a list of plain values these with commas between them."""
    try:
        return json.loads(text)
    except ValueError:
        inner = field.get("of")
        if field.get("type") == "list" and not text.lstrip().startswith(("[", "{")):
            return [read(inner if isinstance(inner, Mapping) else {}, one) for one in _split(text)]
        return text


def _split(text: str) -> Sequence[str]:
    return [one.strip() for one in text.split(",") if one.strip()]
