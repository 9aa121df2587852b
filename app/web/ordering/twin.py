"""The same order as a program sends it: curl, JSON and YAML, and such a text read back. Pure: data in, text out."""

import json
from collections.abc import Mapping
from typing import Any, NoReturn

import yaml

from app.catalog import yaml12
from app.core import json_text
from app.core.json_text import NotJson, keepable, storable
from app.errors import Fault, Invalid

FORMS: Mapping[str, str] = {"curl": "curl", "json": "JSON", "yaml": "YAML"}
"""What the order can be looked at as."""
LARGEST = 256 * 1024
MOST_FAULTS = 5
TOKEN = "$STRATUS_TOKEN"  # noqa: S105 - the name of a variable of whoever runs it, and no token
PASTED = ("pasted",)


def written(form: str, order: Mapping[str, Any], base_url: str) -> str:
    """The order as one of `FORMS`. base_url: where the portal is."""
    if form == "curl":
        return as_curl(order, base_url)
    return as_yaml(order) if form == "yaml" else as_json(order)


def as_json(order: Mapping[str, Any]) -> str:
    """What `POST /requests` takes."""
    return json.dumps(order, indent=2, ensure_ascii=False)


def as_yaml(order: Mapping[str, Any]) -> str:
    """The same as YAML that means the same to readers of YAML 1.1 and 1.2."""
    text = yaml.dump(dict(order), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=100, default_flow_style=False)
    return str(text).rstrip("\n")


def as_curl(order: Mapping[str, Any], base_url: str) -> str:
    """A call of the API. The quoted end word keeps the shell from looking into the order."""
    url = f"{base_url.rstrip('/')}/api/v1/requests"
    lines = [
        f"curl --fail-with-body {url} \\",
        f'  --header "Authorization: Bearer {TOKEN}" \\',
        '  --header "Content-Type: application/json" \\',
        "  --data-binary @- <<'ORDER'",
        as_json(order),
        "ORDER",
    ]
    return "\n".join(lines)


def read(text: str) -> dict[str, Any]:
    """An order that somebody pasted, JSON or YAML. Raises Invalid with what is wrong, with line and column."""
    if len(text.encode("utf-8", "replace")) > LARGEST:
        _refuse(f"has more than {LARGEST // 1024} KiB")
    if not text.strip():
        _refuse("is empty; paste an order as JSON or YAML")
    found = _json(text) if text.lstrip().startswith("{") else _yaml(text)
    if not isinstance(found, dict):
        _refuse("must be an order: keys and values, not a single value or a list")
    return found


def _json(text: str) -> Any:
    try:
        found = json_text.read(text, yaml12.MAX_DEPTH)
    except NotJson as error:
        _refuse(str(error))
    if not keepable(found):
        _refuse("holds a character that cannot be stored")
    return found


def _yaml(text: str) -> Any:
    read_text = yaml12.read(text.encode("utf-8", "surrogatepass") if storable(text) else b"\xff")
    if read_text.problems:
        told = [
            Fault(PASTED, "format", f"{one.message} (line {one.place.line}, column {one.place.column}): {one.remedy}")
            for one in read_text.problems[:MOST_FAULTS]
        ]
        raise Invalid(faults=told)
    return read_text.data


def _refuse(message: str) -> NoReturn:
    raise Invalid(faults=[Fault(PASTED, "format", message)])


class _Dumper(yaml.SafeDumper):
    """Writes lists indented below their keys, and text plain only where it stays text."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - PyYAML asks so
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - PyYAML asks so
        return True


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Text of several lines as a block; quoted where YAML 1.2 would read a number, a truth value or nothing."""
    if "\n" in text:
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|")
    plain = yaml12.read(text.encode()).data == text if text.isascii() else True
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if plain else "'")


_Dumper.add_representer(str, _text)
