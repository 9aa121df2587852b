"""When fields are asked, over a whole order: names that conditions may use in a bundle, inside objects, and circles."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.catalog.bundles import Library, pick
from app.catalog.outline import Outline, Part
from app.catalog.yaml12 import Path
from app.core import plan
from app.core.expressions import Reference, check_expression, expression_references
from app.core.shapes import did_you_mean
from app.errors import Fault

BUNDLE = "bundle"
SEEN_OF_ITEM = ("selected", "parameters")


@dataclass(frozen=True, slots=True)
class _Form:
    """The conditions of one form, and where faults about them are told; None: at their own places."""

    key: str
    outline: Outline
    at: Path | None = None
    fixed: frozenset[str] = field(default_factory=frozenset)


def check_inside(outline: Outline) -> Iterator[Fault]:
    """What conditions inside lists and objects ask that is not beside them, and fields that only ask each other."""
    for part in (*outline.fields, *outline.inputs.values()):
        yield from _nested(part)
    yield from _circles([_Form(BUNDLE if outline.kind == "bundle" else "item", outline)])


def check_whole(outline: Outline, library: Library) -> Iterator[Fault]:
    """What the forms of a bundle ask of each other that is not there, and where they only ask each other in a circle."""
    forms = [_Form(BUNDLE, outline)]
    for entry in reversed(outline.entries):
        if (item := pick(entry, library)) is not None:
            written = entry.body.get("parameters")
            fixed = frozenset(written if isinstance(written, Mapping) else ())
            forms.append(_Form(entry.alias, item, entry.path, fixed))
    known = {form.key: set(form.outline.parameters) for form in forms}
    aliases = {entry.alias for entry in outline.entries}
    for form in forms:
        for path, name, reference in _asked(form):
            if problem := _unknown(reference, form, known, aliases):
                words, remedy = problem
                where = f"{form.outline.stem} asks {name} when {_dotted(reference)}: " if form.at else ""
                yield Fault(form.at or path, "unknown_reference", where + words, {"remedy": remedy})
    yield from _circles(forms)


def _unknown(reference: Reference, form: _Form, known: Mapping[str, set[str]], aliases: set[str]) -> tuple[str, str] | None:
    """What a reference to another form misses, and the remedy; None for one that leads somewhere, or stays in its own form."""
    path = reference.path
    if reference.root == BUNDLE and path and form.key != BUNDLE and path[0] not in known[BUNDLE]:
        remedy = did_you_mean(path[0], known[BUNDLE]) if known[BUNDLE] else f"give the bundle a field {path[0]}"
        return f"the bundle has no field {path[0]}", remedy
    if reference.root != "items" or not path:
        return None
    if path[0] not in aliases:
        return f"there is no item {path[0]} in this bundle", did_you_mean(path[0], aliases)
    if len(path) > 1 and path[1] not in SEEN_OF_ITEM:
        return f"of items conditions see {' and '.join(SEEN_OF_ITEM)} only", f"write items.{path[0]}.parameters.{path[1]}"
    if len(path) > 2 and path[1] == "parameters" and path[0] in known and path[2] not in known[path[0]]:
        return f"{path[0]} has no field {path[2]}", did_you_mean(path[2], known[path[0]])
    return None


def _asked(form: _Form) -> Iterator[tuple[Path, str, Reference]]:
    """Every reference of a form's conditions: where it stands, which field it decides on, what it reads."""
    groups = {part.body["name"]: part for part in form.outline.groups}
    for part in form.outline.fields:
        if part.body["name"] in form.fixed:
            continue
        group = groups.get(str(part.body.get("group")))
        for one in (part, *([group] if group else ())):
            for reference in _references(one.body.get("visible_when")):
                yield (*one.path, "visible_when"), part.body["name"], reference
        condition = part.body.get("conditional")
        if isinstance(condition, Mapping) and isinstance(condition.get("field"), str):
            yield (*part.path, "conditional"), part.body["name"], Reference(condition["field"], (), guarded=False)


def _references(condition: Any) -> list[Reference]:
    return expression_references(condition) if isinstance(condition, str) and not check_expression(condition) else []


def _dotted(reference: Reference) -> str:
    return ".".join((reference.root, *reference.path))


def _circles(forms: list[_Form]) -> Iterator[Fault]:
    edges: dict[str, set[str]] = {}
    places: dict[str, Path] = {}
    for form in forms:
        for part in form.outline.fields:
            edges[f"{form.key}.{part.body['name']}"] = set()
            places[f"{form.key}.{part.body['name']}"] = form.at or part.path
    for form in forms:
        for _, name, reference in _asked(form):
            if (target := _target(reference, form)) in edges:
                edges[f"{form.key}.{name}"].add(target)
    for cycle in plan.cycles(edges):
        if len(forms) > 1 and len({node.partition(".")[0] for node in cycle}) == 1:
            continue  # told with the document that has it alone
        names = [node if len(forms) > 1 else node.partition(".")[2] for node in (*cycle, cycle[0])]
        message = f"whether {names[0]} is asked hangs on itself: {' -> '.join(names)}"
        yield Fault(places[cycle[0]], "cycle", message, {"remedy": "take one of these conditions away"})


def _target(reference: Reference, form: _Form) -> str:
    """The field that a reference reads, as a node."""
    path = reference.path
    if reference.root == "items":
        return f"{path[0]}.{path[2]}" if len(path) > 2 and path[1] == "parameters" else ""
    if reference.root in (BUNDLE, "parameters"):
        return f"{BUNDLE if reference.root == BUNDLE else form.key}.{path[0]}" if path else ""
    return f"{form.key}.{reference.root}"


def _nested(part: Part) -> Iterator[Fault]:
    """Conditions inside lists and objects read what lies beside them, by its name."""
    of, inner = part.body.get("of"), part.body.get("fields")
    if isinstance(of, Mapping):
        yield from _nested(Part((*part.path, "of"), of))
    parts = [
        Part((*part.path, "fields", number), one)
        for number, one in enumerate(inner if isinstance(inner, list) else ())
        if isinstance(one, Mapping)
    ]
    names = {str(one.body.get("name")) for one in parts}
    for one in parts:
        yield from _nested(one)
        for reference in _references(one.body.get("visible_when")):
            if reference.root not in names:
                remedy = did_you_mean(reference.root, names - {str(one.body.get("name"))})
                message = f"{_dotted(reference)} is unknown: inside an object conditions see the fields beside them"
                yield Fault((*one.path, "visible_when"), "unknown_reference", message, {"remedy": remedy})
