"""Reads an order from a file or standard input: JSON, or YAML by the rules of YAML 1.2, in which `NO` is a text."""

import json
import re
import sys
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from stratus_cli.exits import Exit, Stop

LARGEST = 1024 * 1024


class _Yaml12(yaml.SafeLoader):
    """PyYAML reads YAML 1.1, where `NO` is false and `1:30` is ninety. Aliases are refused: they make small files huge."""

    yaml_implicit_resolvers = {}

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """One node of the document."""
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases are not read; write the value out")
        return super().compose_node(parent, index)

    def construct_whole(self, node: yaml.ScalarNode) -> int:
        """A whole number: `010` is ten, where PyYAML reads octal."""
        return int(self.construct_scalar(node))

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A mapping. A key that is there twice is a mistake."""
        found = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = [key for place, key in enumerate(found) if key in found[:place]]
        if twice:
            raise yaml.constructor.ConstructorError(None, None, f"the key {twice[0]} is there twice", node.start_mark)
        return super().construct_mapping(node, deep)


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF"),
    ("int", r"^[-+]?[0-9]+$", "-+0123456789"),
    ("float", r"^[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?$", "-+0123456789."),
    ("null", r"^(?:~|null|Null|NULL|)$", "~nN"),
):
    _Yaml12.add_implicit_resolver(
        f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), [*_first, *([""] if _tag == "null" else [])]
    )
_Yaml12.add_constructor("tag:yaml.org,2002:int", _Yaml12.construct_whole)


def read(name: str) -> dict[str, Any]:
    """The object in the file of that name, `-` for standard input. Raises Stop with the place of what cannot be read."""
    text = _text(name)
    found = _json(name, text) if text.lstrip().startswith("{") else _yaml(name, text)
    if not isinstance(found, dict):
        raise Stop(Exit.INVALID, f"{name} holds no object: write an order as the API takes it, in JSON or YAML.")
    return found


def _json(name: str, text: str) -> Any:
    """JSON; what begins like it and is none may be YAML in brackets, and where it is not, the reader of JSON knew better."""
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        said = Stop(Exit.INVALID, f"{name} cannot be read: line {error.lineno}, column {error.colno}: {error.msg}")
    except ValueError as error:
        raise Stop(Exit.INVALID, f"{name} cannot be read: {error}") from error
    try:
        return _yaml(name, text)
    except Stop:
        raise said from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = [key for place, (key, _) in enumerate(pairs) if key in (before for before, _ in pairs[:place])]
    if twice:
        raise ValueError(f"the key {twice[0]} is there twice")
    return dict(pairs)


def _yaml(name: str, text: str) -> Any:
    try:
        return yaml.load(text, Loader=_Yaml12)  # noqa: S506 - a loader of PyYAML's safe kind: it makes plain data only
    except yaml.YAMLError as error:
        raise _unreadable(name, error) from error
    except ValueError as error:
        raise Stop(Exit.INVALID, f"{name} cannot be read: {error}.") from error


def _unreadable(name: str, error: yaml.YAMLError) -> Stop:
    mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
    place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
    said = error.problem or error.context if isinstance(error, yaml.MarkedYAMLError) else str(error)
    return Stop(Exit.INVALID, f"{name} cannot be read: {place}{said}")


def _text(name: str) -> str:
    try:
        raw = sys.stdin.buffer.read(LARGEST + 1) if name == "-" else Path(name).read_bytes()
        text = raw.decode("utf-8-sig")
    except OSError as error:
        raise Stop(Exit.INVALID, f"{name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise Stop(Exit.INVALID, f"{name} is not UTF-8 text.") from error
    if len(raw) > LARGEST:
        raise Stop(Exit.INVALID, f"{name} has more than {LARGEST // 1024} KiB.")
    return text
