"""What can be told of a document whatever its shape: names, steps, fields, entries. Broken parts are left out, not raised.

The checks of references work on outlines, so that a file with a misspelt key still hears of its cycle, and a bundle is not
blamed for the broken file of one of its items.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from app.catalog.schema import alias_of
from app.catalog.yaml12 import Path
from app.core import plan
from app.core.expressions import check_expression, check_syntax


class Part(NamedTuple):
    """A mapping inside the document, and where it is."""

    path: Path
    body: Mapping[str, Any]


class Entry(NamedTuple):
    """One of a bundle's items."""

    path: Path
    body: Mapping[str, Any]
    alias: str
    optional: bool


@dataclass(frozen=True)
class Outline:
    """One document. stem: the identity of the entry; kind: `item` or `bundle`; document: whatever the YAML held."""

    stem: str
    kind: str
    document: Mapping[str, Any]

    @property
    def version(self) -> str | None:
        """The version, if it is text."""
        version = self.document.get("version")
        return version if isinstance(version, str) else None

    @cached_property
    def fields(self) -> list[Part]:
        """The form's fields that have a name."""
        key = "bundle_fields" if self.kind == "bundle" else "fields"
        return _named(_list(_get(self.document, "presentation", key)), ("presentation", key))

    @cached_property
    def groups(self) -> list[Part]:
        """The form's groups that have a name."""
        return _named(_list(_get(self.document, "presentation", "groups")), ("presentation", "groups"))

    @cached_property
    def inputs(self) -> dict[str, Part]:
        """The inputs, by name."""
        inputs = _mapping(self.document.get("inputs"))
        return {name: Part(("inputs", name), body) for name, body in inputs.items() if isinstance(body, Mapping)}

    @property
    def parameters(self) -> dict[str, Part]:
        """Everything that has a value when the item is built: fields and inputs, by name."""
        return {**self.inputs, **{part.body["name"]: part for part in self.fields}}

    @cached_property
    def steps(self) -> list[Part]:
        """The steps that have a name, as they are written."""
        path = ("fulfillment", "automation", "steps")
        return _named(_list(_get(self.document, *path)), path)

    @cached_property
    def checks(self) -> list[Part]:
        """The checks that have a name, preflights first."""
        keys = ("preflight", "health_checks")
        return [part for key in keys for part in _named(_list(_get(self.document, "fulfillment", key)), ("fulfillment", key))]

    @cached_property
    def edges(self) -> dict[str, set[str]]:
        """Who waits for whom: the names of steps, and of a bundle the aliases of its entries (see `core.plan.edges_of`)."""
        entries = {
            entry.alias: [name for name in entry.body.get("depends_on") or () if isinstance(name, str)]
            for entry in self.entries
            if isinstance(entry.body.get("depends_on") or [], list)
        }
        return plan.edges_of(self.readable_steps, entries)

    def before(self, step: str) -> set[str]:
        """The step and all that it waits for, directly or through others."""
        found, open_ends = set[str](), {step}
        while open_ends:
            found |= open_ends
            open_ends = {name for one in open_ends for name in self.edges.get(one, ())} - found
        return found

    @cached_property
    def readable_steps(self) -> list[dict[str, Any]]:
        """The same, each name once, made safe for `core.plan`: what it cannot read is taken out."""
        by_name = {part.body["name"]: part.body for part in reversed(self.steps)}
        return [self._safe(body) for body in by_name.values()]

    def _safe(self, step: Mapping[str, Any]) -> dict[str, Any]:
        when = step.get("when")
        return {
            **step,
            "template": _readable(step.get("template")),
            "when": when if isinstance(when, str) and not check_expression(when) else None,
            "depends_on": [name for name in _list(step.get("depends_on")) if isinstance(name, str)],
        }

    @cached_property
    def outputs(self) -> dict[str, Part]:
        """The outputs of the entry, by name."""
        outputs = _mapping(self.document.get("outputs"))
        return {name: Part(("outputs", name), _mapping(body)) for name, body in outputs.items()}

    @cached_property
    def entries(self) -> list[Entry]:
        """A bundle's items, required ones first."""
        found: list[Entry] = []
        for key, optional in (("required_items", False), ("optional_items", True)):
            for number, body in enumerate(_list(_get(self.document, "bundle", key))):
                if isinstance(body, Mapping) and isinstance(body.get("catalog_item"), str):
                    found.append(Entry(("bundle", key, number), body, alias_of(body), optional))
        return found

    @property
    def cost_lines(self) -> list[Part]:
        """The lines of the price."""
        lines = _list(_get(self.document, "cost", "lines"))
        return [Part(("cost", "lines", number), line) for number, line in enumerate(lines) if isinstance(line, Mapping)]

    @property
    def approval_rules(self) -> list[Part]:
        """The rules of who must agree."""
        rules = _list(self.document.get("approval"))
        return [Part(("approval", number), rule) for number, rule in enumerate(rules) if isinstance(rule, Mapping)]

    def at(self, *path: str) -> Any:
        """The value at a path of keys, or None."""
        return _get(self.document, *path)


def step_outputs(step: Mapping[str, Any]) -> set[str]:
    """The names that a step yields: its declared outputs, and what a ManualTask asks for."""
    answers = _list(_mapping(step.get("template")).get("answers")) if step.get("type") == "ManualTask" else []
    return {*_mapping(step.get("outputs")), *(part.body["name"] for part in _named(answers, ()))}


def texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text inside a value, with its path."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from texts(inner, (*path, key))
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from texts(inner, (*path, number))


def _readable(value: Any) -> Any:
    """A template without the texts that cannot be parsed: those are told of elsewhere."""
    if isinstance(value, str):
        return "" if check_syntax(value) else value
    if isinstance(value, Mapping):
        return {key: _readable(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_readable(inner) for inner in value]
    return value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _get(value: Any, *path: str) -> Any:
    for key in path:
        value = _mapping(value).get(key)
    return value


def _named(values: list[Any], path: Path) -> list[Part]:
    return [
        Part((*path, number), body)
        for number, body in enumerate(values)
        if isinstance(body, Mapping) and isinstance(body.get("name"), str)
    ]
