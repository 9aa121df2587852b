"""Where expressions stand in a document, and which names each of them may use: syntax, unknown references, missing guards."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from app.catalog.outline import Outline, step_outputs, texts
from app.catalog.yaml12 import Path
from app.core.expressions import (
    Reference,
    check_expression,
    check_syntax,
    expression_references,
    is_template,
    references,
    selected_when,
)
from app.core.shapes import closest, did_you_mean
from app.errors import Fault

# A tree of names; below None everything may follow.
Names = Mapping[str, Any]

REQUESTER = {"user_id": None, "team": None, "email": None}
REQUEST = {"request_id": None, "title": None}
CATALOG_ITEM = {"name": None, "version": None, "owner": None}
# Where expressions stand: in a step's template; in outputs and `when`; in the call of a preflight; in what a preflight asks or
# says; in the text of a ticket; in conditions of the form; in prices; in the parameters that a bundle fixes; in approval rules.
SEES = ("step", "outputs", "preflight", "before", "manual", "form", "cost", "fixed", "approval")
NOT_YET = ("preflight", "before")
"""Where nothing is built yet."""
RESERVED = frozenset(
    {"parameters", "bundle", "items", "steps", "requester", "request", "catalog_item", "secrets", "enabled", "loop", "range"}
)


class Use(NamedTuple):
    """One text that is worked out.

    bare: an expression that may stand without braces. when: the step's, which guards it. of: the step that it takes back, by
    when only what that step had waited for is surely there.
    """

    path: Path
    text: str
    sees: str
    bare: bool = False
    when: str | None = None
    of: str | None = None

    @property
    def references(self) -> list[Reference]:
        """The names it uses. Raises ExpressionError for text that cannot be parsed."""
        return expression_references(self.text) if self.bare else references(self.text)

    @property
    def problems(self) -> list[str]:
        """What is wrong with how it is written."""
        return check_expression(self.text) if self.bare else check_syntax(self.text)


def uses(outline: Outline) -> Iterator[Use]:
    """Every text of a document that is worked out at some time."""
    yield from _of_steps(outline)
    yield from _of_checks(outline)
    manual = ("fulfillment", "manual", "template")
    yield from _templates(outline.at(*manual), manual, "manual")
    for part in outline.outputs.values():
        yield from _templates(part.body.get("value"), (*part.path, "value"), "outputs")
    for part in outline.cost_lines:
        yield from _templates(part.body.get("label"), (*part.path, "label"), "cost")
        yield from _bare(part.body.get("times"), (*part.path, "times"), "cost")
    quota = outline.at("quota")
    for resource, amount in quota.items() if isinstance(quota, Mapping) else ():
        yield from _bare(amount, ("quota", resource), "cost")
    for part in (*outline.fields, *outline.groups):
        yield from _bare(part.body.get("visible_when"), (*part.path, "visible_when"), "form")
    for entry in outline.entries:
        yield from _templates(entry.body.get("parameters"), (*entry.path, "parameters"), "fixed")
    for part in outline.approval_rules:
        yield from _bare(part.body.get("when"), (*part.path, "when"), "approval")


def _of_steps(outline: Outline) -> Iterator[Use]:
    for part in outline.steps:
        when = part.body.get("when")
        guard = when if isinstance(when, str) and not check_expression(when) else None
        for use in _templates(part.body.get("template"), (*part.path, "template"), "step"):
            yield use._replace(when=guard)
        rollback = part.body.get("rollback")
        back = rollback.get("template") if isinstance(rollback, Mapping) else None
        for use in _templates(back, (*part.path, "rollback", "template"), "step"):
            yield use._replace(when=guard, of=part.body["name"])
        yield from _bare(when, (*part.path, "when"), "outputs")
        outputs = part.body.get("outputs")
        for name, spec in outputs.items() if isinstance(outputs, Mapping) else ():
            # What a ticket offers may be worked out: an address from the answers.
            offered = spec.get("default") if isinstance(spec, Mapping) else None
            yield from _templates(offered, (*part.path, "outputs", name, "default"), "outputs")


def _of_checks(outline: Outline) -> Iterator[Use]:
    for part in outline.checks:
        called, told = ("preflight", "before") if "preflight" in part.path else ("step", "outputs")
        for key in ("url", "headers"):
            yield from _templates(part.body.get(key), (*part.path, key), called)
        for key in ("host", "port", "message", "value"):
            yield from _templates(part.body.get(key), (*part.path, key), told)
        if part.body.get("type") == "expression":
            yield from _bare(part.body.get("when"), (*part.path, "when"), told)


def _templates(value: Any, path: Path, sees: str) -> Iterator[Use]:
    return (Use(where, text, sees) for where, text in texts(value, path) if is_template(text))


def _bare(value: Any, path: Path, sees: str) -> Iterator[Use]:
    if isinstance(value, str):
        yield Use(path, value, sees, bare=True)


def check_texts(outline: Outline, outputs: Mapping[str, set[str] | None]) -> Iterator[Fault]:
    """Faults of all expressions of a document.

    outputs: of a bundle, alias -> the outputs of that item; None where they cannot be known.
    """
    names = {sees: _names(outline, sees, outputs) for sees in SEES}
    optional = {entry.alias for entry in outline.entries if entry.optional}
    for use in uses(outline):
        problems = use.problems
        for problem in problems:
            yield Fault(use.path, "expression", problem, {"remedy": "correct the expression"})
        if not problems:
            known = names[use.sees] if use.of is None else _then(names[use.sees], outline.before(use.of))
            yield from _references(outline, use, known, optional)


def _then(names: Names, before: set[str]) -> Names:
    """The names of a rollback: of steps and items only those that its step had waited for, and the step itself."""
    steps = {name: inner for name, inner in names["steps"].items() if name in before}
    items = {name: inner if name in before else {"selected": None} for name, inner in names.get("items", {}).items()}
    return {**names, "steps": steps, **({"items": items} if items else {})}


def _references(outline: Outline, use: Use, names: Names, optional: set[str]) -> Iterator[Fault]:
    ensured = selected_when(use.when) if use.when else frozenset()
    unknown: set[tuple[str, ...]] = set()
    for reference in use.references:
        if reference.root == "secrets" and "secrets" in names and len(reference.path) != 1:
            message = "all secrets at once may not be used"
            yield Fault(use.path, "unknown_reference", message, {"remedy": "write secrets.<name>"})
        elif missing := _missing(reference, names):
            if missing not in unknown:
                yield _unknown(outline, use, reference, missing, names)
            unknown.add(missing)
        elif use.sees != "form" and _needs_guard(reference, optional - ensured):
            alias = reference.path[0]
            remedy = f"write {{{{ … if items.{alias}.selected else none }}}}, or give the step when: items.{alias}.selected"
            message = f"{dotted(reference)} is not there when an order leaves {alias} out"
            yield Fault(use.path, "unguarded", message, {"remedy": remedy})


def _needs_guard(reference: Reference, optional: set[str] | frozenset[str]) -> bool:
    if reference.root != "items" or not reference.path or reference.path[1:] == ("selected",):
        return False
    return reference.path[0] in optional and not reference.guarded


def dotted(reference: Reference) -> str:
    """The reference as people write it."""
    return ".".join((reference.root, *reference.path))


def _missing(reference: Reference, names: Names) -> tuple[str, ...]:
    """The part of a reference up to the first name that is unknown; empty when it leads somewhere."""
    here: Any = names
    walked = (reference.root, *reference.path)
    for number, part in enumerate(walked):
        if here is None:
            break
        if part not in here:
            return walked[: number + 1]
        here = here[part]
    return ()


def _unknown(outline: Outline, use: Use, reference: Reference, missing: tuple[str, ...], names: Names) -> Fault:
    *before, name = missing
    known = names
    for part in before:
        known = known[part]
    where = f"in {'.'.join(before)}" if before else "here"
    remedy = _within(name, known) if before else _at_root(outline, name, known)
    if use.of is not None and missing[0] in ("steps", "items"):
        remedy = "a rollback reads its own step, and what that step waits for: add it to depends_on"
    elif use.sees in NOT_YET and missing[0] in ("steps", "items"):
        remedy = "nothing is built yet when this is looked at: ask the parameters, or make it a health check"
    message = f"{dotted(reference)} is unknown: there is no {name} {where}"
    return Fault(use.path, "unknown_reference", message, {"remedy": remedy})


def _within(name: str, known: Names) -> str:
    return did_you_mean(name, known) if known else f"declare {name}, or take the reference away"


def _at_root(outline: Outline, name: str, known: Names) -> str:
    if outline.kind == "item" and name in ("bundle", "items"):
        return "an item never sees its bundle: declare an input, which the bundle then fixes"
    if outline.kind == "bundle" and name == "parameters":
        return "write bundle.<name of a field>"
    if outline.kind == "bundle" and name in known["bundle"]:
        return f"write bundle.{name}"
    return did_you_mean(name, known) if closest(name, known) else f"known here are {', '.join(sorted(known))}"


def _names(outline: Outline, sees: str, outputs: Mapping[str, set[str] | None]) -> dict[str, Any]:
    """The names that an expression may use, by where it stands (see `SEES`)."""
    names = _answers(outline, form=sees == "form")
    if sees in ("form", "cost", "fixed"):
        return names
    if sees == "approval":
        chosen = {"items": {entry.alias: {"selected": None} for entry in outline.entries}} if outline.entries else {}
        return {**names, **chosen, "price": None, "requester": REQUESTER}
    names |= {"requester": REQUESTER, "request": REQUEST}
    if outline.kind == "item":
        names["catalog_item"] = CATALOG_ITEM
    if sees == "manual":
        return names
    if sees in NOT_YET:
        if outline.kind == "bundle":
            names["items"] = {entry.alias: {"selected": None} for entry in outline.entries}
        return {**names, "secrets": None} if sees == "preflight" else names
    # Of two steps with one name the first is meant, as long as nobody has renamed the other.
    names["steps"] = {
        part.body["name"]: {"outputs": dict.fromkeys(step_outputs(part.body))} for part in reversed(outline.steps)
    }
    if outline.kind == "bundle":
        names["items"] = {
            entry.alias: {"selected": None, "outputs": _tree(outputs.get(entry.alias))} for entry in outline.entries
        }
    if sees == "step":
        names["secrets"] = None
    return names


def _answers(outline: Outline, *, form: bool) -> dict[str, Any]:
    """The names of the order's answers. form: in its conditions."""
    own = dict.fromkeys(part.body["name"] for part in outline.fields)
    parameters = dict.fromkeys(outline.parameters)
    names: dict[str, Any] = {"bundle": own} if outline.kind == "bundle" else {**parameters, "parameters": parameters}
    if not form:
        return names
    # What the rest of the order must have for it, `conditions` says for each bundle that the form is part of. A bundle's form
    # asks its own answers by their bare names; everywhere else it says `bundle.`.
    return {"bundle": None, "items": None, **(own if outline.kind == "bundle" else {}), **names}


def _tree(outputs: set[str] | None) -> dict[str, None] | None:
    return None if outputs is None else dict.fromkeys(outputs)
