"""What a document must keep to besides its shape: names, defaults, templates of steps, order of steps, prices.

Each check takes an outline and yields faults whose path is in the document; none of them looks at other documents.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from app.catalog.outline import Outline, Part, step_outputs, texts
from app.catalog.templates import RESERVED, uses
from app.catalog.yaml12 import Path
from app.core import plan
from app.core.durations import parse_duration
from app.core.expressions import check_syntax
from app.core.fields import Field, check_default
from app.core.quota import COUNTED
from app.core.secrecy import holds_secret, is_secret, touches
from app.core.shapes import did_you_mean, shape_faults
from app.core.step_params import NOTHING_TO_UNDO, check_template, check_verification, is_template
from app.errors import Fault, under

STEM = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
NUMBERS = frozenset({"integer", "number", "percentage"})
ORDERED_ONLY = frozenset({"list", "object", "team", "user", "file"})
"""Types whose answers only an order's form asks for."""
ALIAS = re.compile(r"[a-z][a-z0-9_]{0,62}")


def check_document(outline: Outline) -> Iterator[Fault]:
    """Every fault that the document shows by itself."""
    for check in (
        _names,
        _groups,
        _defaults,
        _offers,
        _templates,
        _rollbacks,
        _verifications,
        _tasks,
        _order,
        _prices,
        _open_prices,
        _open_sources,
        _unique_values,
        _own_quotas,
    ):
        yield from check(outline)
    yield from check_cycles(outline)


def field_of(name: str, definition: Mapping[str, Any]) -> Field | None:
    """A field or input as `core.fields` knows it; None when its shape is broken."""
    try:
        return Field.model_validate({**definition, "name": name})
    except ValidationError:
        return None


def _names(outline: Outline) -> Iterator[Fault]:
    yield from _twice(outline.fields, "field")
    yield from _twice(outline.groups, "group")
    yield from _twice(outline.steps, "step")
    yield from _twice(outline.checks, "check")
    steps = {part.body["name"] for part in outline.steps}
    for part in outline.checks:
        if (name := part.body["name"]) in steps:
            yield Fault((*part.path, "name"), "duplicate", f"{name} is the name of a step", {"remedy": "rename the check"})
    for part in (*outline.fields, *outline.inputs.values()):
        name = part.body.get("name", part.path[-1])
        if isinstance(name, str) and name in RESERVED:
            yield Fault(part.path, "reserved", f"the name {name} means something else in expressions", {"remedy": "rename it"})
    for part in outline.fields:
        if part.body["name"] in outline.inputs:
            message = f"{part.body['name']} is an input as well"
            yield Fault((*part.path, "name"), "duplicate", message, {"remedy": "keep one of them"})
    if not STEM.fullmatch(outline.stem):
        remedy = "use lowercase letters, digits and hyphens, such as postgres-database.yaml"
        yield Fault((), "stem", f"{outline.stem} cannot be the name of an entry", {"remedy": remedy})


def _twice(parts: Iterable[Part], what: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for part in parts:
        name = part.body["name"]
        if name in seen:
            yield Fault((*part.path, "name"), "duplicate", f"there are two {what}s {name}", {"remedy": "rename one of them"})
        seen.add(name)


def _groups(outline: Outline) -> Iterator[Fault]:
    """What a field names: its group, and the field its `conditional` asks."""
    groups = {part.body["name"] for part in outline.groups}
    names = {part.body["name"] for part in outline.fields}
    for part in outline.fields:
        yield from _known((*part.path, "group"), part.body.get("group"), groups, "group")
        condition = part.body.get("conditional")
        if isinstance(condition, Mapping):
            yield from _known((*part.path, "conditional", "field"), condition.get("field"), names, "field")


def _known(path: Path, name: Any, known: Iterable[str], what: str) -> Iterator[Fault]:
    if isinstance(name, str) and name not in set(known):
        yield Fault(path, "unknown_name", f"there is no {what} {name}", {"remedy": did_you_mean(name, known)})


def _defaults(outline: Outline) -> Iterator[Fault]:
    for name, part in outline.parameters.items():
        if field := field_of(name, part.body):
            for fault in check_default(field):
                words = f"the default of {name} {fault.message}"
                yield Fault((*part.path, "default"), fault.code, words, {"remedy": "correct the default or the rule"})


def _offers(outline: Outline) -> Iterator[Fault]:
    """The defaults of declared outputs: what a person finds filled in."""
    for part in outline.steps:
        outputs = part.body.get("outputs")
        for name, spec in outputs.items() if isinstance(outputs, Mapping) else ():
            offered = spec.get("default") if isinstance(spec, Mapping) else None
            field = None if offered is None or is_template(offered) else field_of(name, {"type": spec.get("type", "string")})
            for fault in check_default(field.model_copy(update={"default": offered})) if field else ():
                words = f"the default of {name} {fault.message}"
                yield Fault((*part.path, "outputs", name, "default"), fault.code, words, {"remedy": "correct the default"})


def _templates(outline: Outline) -> Iterator[Fault]:
    for part in outline.steps:
        if "template" in part.body and isinstance(part.body["template"], Mapping):
            yield from under(check_template(_type(part), part.body["template"]), *part.path, "template")
            source = part.body["template"].get("module_source")
            if _type(part) == "TerraformFile" and is_template(source):
                remedy = "write the path of one module"
                yield Fault(
                    (*part.path, "template", "module_source"),
                    "template",
                    "is pinned when the catalog loads",
                    {"remedy": remedy},
                )


def _rollbacks(outline: Outline) -> Iterator[Fault]:
    for part in outline.steps:
        rollback = part.body.get("rollback")
        if isinstance(rollback, Mapping) and rollback.get("type") != NOTHING_TO_UNDO:
            path, template = (*part.path, "rollback", "template"), rollback.get("template")
            if template:
                yield from under(check_template(str(rollback.get("type")), template), *path)
            if rollback.get("type") == "ManualTask" and isinstance(template, Mapping):
                yield from _due(template, path)


def _type(part: Part) -> str:
    return str(part.body.get("type"))


def _verifications(outline: Outline) -> Iterator[Fault]:
    for part in outline.steps:
        if part.body.get("verification") is not None:
            yield from under(check_verification(_type(part), part.body["verification"]), *part.path, "verification")
        for path, text in texts(part.body.get("verification"), (*part.path, "verification")):
            if is_template(text):
                yield Fault(path, "template", "is compared as it is written", {"remedy": "write the value itself"})


def _tasks(outline: Outline) -> Iterator[Fault]:
    """What only work for people has: when it is due, and the fields that a person fills in."""
    for part in outline.steps:
        template = part.body.get("template")
        if _type(part) == "ManualTask" and isinstance(template, Mapping):
            yield from _due(template, (*part.path, "template"))
            answers = template.get("answers")
            for number, answer in enumerate(answers if isinstance(answers, list) else []):
                yield from _answer(answer, (*part.path, "template", "answers", number))
            yield from _asked_twice(part)
    manual = outline.at("fulfillment", "manual", "template")
    if isinstance(manual, Mapping):
        yield from _due(manual, ("fulfillment", "manual", "template"))


def _due(template: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    due = template.get("due")
    if due is None or is_template(due):
        return
    try:
        parse_duration(str(due))
    except ValueError as error:
        yield Fault((*path, "due"), "duration", str(error))


def _answer(answer: Any, path: Path) -> Iterator[Fault]:
    try:
        field = Field.model_validate(answer)
    except ValidationError as error:
        yield from under(shape_faults(Field, error, answer), *path)
    else:
        yield from under(check_default(field), *path, "default")
        if field.type in ORDERED_ONLY or field.options_from or field.unique:
            what = f"type {field.type}" if field.type in ORDERED_ONLY else "options_from" if field.options_from else "unique"
            yield Fault(path, "type", f"{what} is for orders, not for tickets", {"remedy": "ask for text, numbers or choices"})


def _asked_twice(part: Part) -> Iterator[Fault]:
    outputs = part.body.get("outputs")
    asked = step_outputs({**part.body, "outputs": {}})
    for name in sorted(asked.intersection(outputs if isinstance(outputs, Mapping) else ())):
        yield Fault(
            (*part.path, "outputs", name), "duplicate", f"{name} is among the answers as well", {"remedy": "keep one of them"}
        )


def _order(outline: Outline) -> Iterator[Fault]:
    """What steps and entries wait for by name."""
    aliases = {entry.alias for entry in outline.entries}
    steps = {part.body["name"] for part in outline.steps}
    waiting = [(part.path, part.body, steps | aliases, "step") for part in outline.steps]
    waiting += [(entry.path, entry.body, aliases, "item") for entry in outline.entries]
    for path, body, known, what in waiting:
        names = body.get("depends_on")
        for number, name in enumerate(names if isinstance(names, list) else []):
            yield from _known((*path, "depends_on", number), name, known, what)


def check_cycles(outline: Outline) -> Iterator[Fault]:
    """Steps or items that wait for themselves."""
    places = {entry.alias: entry.path for entry in outline.entries} | {part.body["name"]: part.path for part in outline.steps}
    for cycle in plan.cycles(outline.edges):
        message = f"{cycle[0]} waits for itself: {' -> '.join((*cycle, cycle[0]))}"
        yield Fault(places[cycle[0]], "cycle", message, {"remedy": "take one of these references or depends_on away"})


def _prices(outline: Outline) -> Iterator[Fault]:
    known = {part.body["name"]: part for part in outline.fields} if outline.kind == "bundle" else outline.parameters
    for line in outline.cost_lines:
        for key in ("each", "by"):
            yield from _known((*line.path, key), line.body.get(key), known, "field")
        yield from _countable(line, known)
        by, prices = line.body.get("by"), line.body.get("prices")
        if isinstance(by, str) and by in known and isinstance(prices, Mapping):
            field = field_of(by, known[by].body)
            missing = [choice.text for choice in (field.choices if field else ()) if choice.text not in prices]
            if missing:
                message = f"there is no price for {', '.join(missing)}"
                yield Fault((*line.path, "prices"), "prices", message, {"remedy": "add one, 0 if it is free"})


def _open_prices(outline: Outline) -> Iterator[Fault]:
    """Prices and quotas are shown to whoever sees the order: nothing secret may stand in them."""
    parts = outline.fields if outline.kind == "bundle" else outline.parameters.values()
    secret = {str(part.body.get("name", part.path[-1])) for part in parts if is_secret(part.body)}
    for use in uses(outline):
        if use.sees == "cost" and not use.problems:
            named = {
                reference.path[0] if reference.root in ("bundle", "parameters") and reference.path else reference.root
                for reference in use.references
            }
            for name in sorted(named & secret):
                yield Fault(use.path, "secret", f"{name} is secret, and a price is not", {"remedy": "name another field"})
    for line in outline.cost_lines:
        for key in ("each", "by"):
            if line.body.get(key) in secret:
                message = f"{line.body[key]} is secret, and a price is not"
                yield Fault((*line.path, key), "secret", message, {"remedy": "name another field"})


def _open_sources(outline: Outline) -> Iterator[Fault]:
    """An address stands in logs, here and where it leads: nothing secret may be part of it."""
    secret = {part.body["name"] for part in outline.fields if is_secret(part.body)}
    for part in outline.fields:
        source = part.body.get("options_from")
        named = source.get("depends_on") if isinstance(source, Mapping) else None
        for number, name in enumerate(named if isinstance(named, list) else []):
            if isinstance(name, str) and name in secret:
                path = (*part.path, "options_from", "depends_on", number)
                yield Fault(path, "secret", f"{name} is secret, and an address is not", {"remedy": "name another field"})


def _unique_values(outline: Outline) -> Iterator[Fault]:
    """What checks hold against other orders: it tells whether a guess is right, so nothing secret may stand in it."""
    parts = outline.fields if outline.kind == "bundle" else outline.parameters.values()
    secret = {str(part.body.get("name", part.path[-1])) for part in parts if holds_secret(part.body)}
    names = {(name,) for name in secret} | {(root, name) for root in ("bundle", "parameters") for name in secret}
    for part in outline.checks:
        value = part.body.get("value")
        if part.body.get("type") == "unique" and is_template(value) and not check_syntax(str(value)) and touches(value, names):
            message = "is made of a secret, and what is compared is none"
            yield Fault((*part.path, "value"), "secret", message, {"remedy": "name other fields"})


def _own_quotas(outline: Outline) -> Iterator[Fault]:
    """That an item's checks of quotas name what the item takes."""
    quota = outline.document.get("quota")
    known = {*(quota if isinstance(quota, Mapping) else ()), *COUNTED}
    for part in outline.checks if outline.kind == "item" else ():
        if part.body.get("type") == "quota":
            yield from _known((*part.path, "resource"), part.body.get("resource"), known, "resource under quota called")


def _countable(line: Part, known: Mapping[str, Part]) -> Iterator[Fault]:
    each = line.body.get("each")
    field = field_of(each, known[each].body) if isinstance(each, str) and each in known else None
    if field and field.type not in NUMBERS:
        yield Fault((*line.path, "each"), "type", f"{each} is no number", {"remedy": "name a field of type integer or number"})
