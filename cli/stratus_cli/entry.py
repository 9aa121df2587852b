"""An entry as it can be ordered: its parts with their fields, and where the answers stand in an order."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stratus_cli.exits import Exit, Stop
from stratus_cli.portal import Portal, path
from stratus_cli.values import Field

ENABLED = "enabled"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the form. place: where its answers stand in the order; names: what addresses it in `--set`.

    item: whose fields they are, empty for the bundle's own. fixed: names that the bundle sets. optional: whether it may be left
    out, `default` whether it is in at first.
    """

    title: str
    place: tuple[str, ...]
    names: frozenset[str]
    fields: Sequence[Field]
    fixed: frozenset[str] = frozenset()
    optional: bool = False
    default: bool = True
    about: str = ""
    groups: Sequence[Mapping[str, Any]] = ()
    item: str = ""

    def group(self, one: Field) -> Mapping[str, Any]:
        """The group that a field stands in; empty for none."""
        return next((group for group in self.groups if group["name"] == one.get("group")), {})

    def is_conditional(self, one: Field) -> bool:
        """Whether a field comes and goes with other answers, by itself or with its group."""
        return bool(one.get("visible_when") or one.get("conditional") or self.group(one).get("visible_when"))

    def field(self, name: str) -> Field:
        """The definition of a field; of `enabled` and of names that are not known, one that takes any text."""
        if name == ENABLED:
            return {"name": name, "type": "boolean"}
        return next((one for one in self.fields if one["name"] == name), {"name": name, "type": "string"})


@dataclass(frozen=True, slots=True)
class Entry:
    """A bundle or an item at one version. kind: `bundle` or `item`."""

    kind: str
    document: Mapping[str, Any]
    parts: Sequence[Part]

    @property
    def name(self) -> str:
        """Its identity."""
        return str(self.document["name"])

    def blank(self) -> dict[str, Any]:
        """An order of it without answers."""
        return {f"catalog_{self.kind}": self.name, "version": self.document["version"]}


def show(portal: Portal, name: str, version: str | None = None) -> tuple[str, Mapping[str, Any]]:
    """The kind and the document of the entry of that name: a bundle or an item, names are of one of both. Raises Stop."""
    missing: Stop | None = None
    for kind in ("bundle", "item"):
        try:
            return kind, portal.get(path("catalog", f"{kind}s", name), {"version": version})
        except Stop as stop:
            if stop.code != Exit.MISSING:
                raise
            missing = stop
    at = f" at version {version}" if version else ""
    raise Stop(Exit.MISSING, f"The catalog has no entry {name}{at}; look at `stratus catalog list`.") from missing


def load(portal: Portal, name: str, version: str | None = None) -> Entry:
    """The entry with everything that can be asked about it. Raises Stop."""
    kind, document = show(portal, name, version)
    if kind == "item":
        form = document["presentation"]
        names = frozenset({"parameters"})
        fields, groups = form.get("fields", []), form.get("groups") or ()
        own = Part(document["title"], ("parameters",), names, fields, groups=groups, item=document["name"])
        return Entry(kind, document, [own])
    return Entry(kind, document, [_own(document), *_items(portal, document)])


def _own(document: Mapping[str, Any]) -> Part:
    form, names = document["presentation"], frozenset({"bundle_parameters", "bundle"})
    fields = form.get("bundle_fields", [])
    return Part(document["title"], ("bundle_parameters",), names, fields, groups=form.get("groups") or ())


def _items(portal: Portal, document: Mapping[str, Any]) -> list[Part]:
    """The items of a bundle, each at the version that would be taken now."""
    required = document["bundle"].get("required_items") or []
    optional = document["bundle"].get("optional_items") or []
    versions = _versions(portal, document)
    often = Counter(one["catalog_item"] for one in [*required, *optional])
    return [_item(portal, one, versions, often, one in optional) for one in [*required, *optional]]


def _versions(portal: Portal, document: Mapping[str, Any]) -> Mapping[str, str]:
    """By alias. The portal resolves ranges; an order without answers is enough to be told."""
    order = {"catalog_bundle": document["name"], "version": document["version"], "item_parameters": {}}
    found: Mapping[str, str] = portal.post("/requests/validate", order, again=True)["versions"]
    return found


def _item(
    portal: Portal, one: Mapping[str, Any], versions: Mapping[str, str], often: Mapping[str, int], optional: bool
) -> Part:
    name = one["catalog_item"]
    alias = one.get("as") or name.replace("-", "_")
    shown = portal.get(path("catalog", "items", name), {"version": versions.get(alias)})
    return Part(
        title=shown["title"],
        place=("item_parameters", name if often[name] == 1 else alias),
        names=frozenset({alias, name}) if often[name] == 1 else frozenset({alias}),
        fields=shown["presentation"].get("fields", []),
        fixed=frozenset(one.get("parameters") or ()),
        optional=optional,
        default=bool(one.get("default_enabled", False)) if optional else True,
        about=one.get("help_text") or shown["description"],
        groups=shown["presentation"].get("groups") or (),
        item=name,
    )
