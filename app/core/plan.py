"""Turns a bundle and the items that were chosen into steps with edges, and says which steps are ready. Pure.

A reference is an edge: `{{ steps.x.outputs.y }}` waits for step x of the same item; in a bundle's own steps
`{{ items.a.outputs.y }}` waits for every step of item a. `depends_on` adds edges that no reference shows. Steps without a
path between them run at the same time. The loader uses the same functions to find cycles before anybody orders.

Checks are planned like steps and numbered apart (`check-001`): nothing begins before every preflight of the request holds, and
whoever waits for an item waits for its health checks too.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from app.core.expressions import Reference, evaluate, expression_references, references
from app.core.plan_checks import KEYS, Check, Kind, checks_of
from app.core.plan_config import check_config, manual_of, step_config
from app.core.statuses import STEP_SATISFIED, StepStatus


@dataclass(frozen=True, slots=True)
class ChosenItem:
    """One item of an order, at the version that was pinned.

    values: every answer, default and fixed value. definition: the item's normalised document. depends_on: the aliases that
    its bundle entry waits for. modules: `module_source` -> SHA-256 of the archive.
    """

    alias: str
    catalog_item: str
    version: str
    title: str
    owner: str
    selected: bool
    values: Mapping[str, Any]
    definition: Mapping[str, Any]
    depends_on: tuple[str, ...] = ()
    modules: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PlannedStep:
    """One step or check as it is frozen into a request.

    kind: `step`, or `preflight` and `health` of checks. position: steps count from 1; preflights lie before them, health checks
    behind. config: plain JSON, delays and timeouts in seconds: `template retry_policy timeout outputs errors
    fallback_on_failure manual undo` (see `step_params.undo_of`), and where there is such a thing: `when`, which could not be
    decided yet; `rollback` `{type, template}`; `automation_timeout`, how long all steps of the item may take; `read_by`, the
    ids of whoever reads its outputs.
    """

    step_id: str
    name: str
    title: str
    type: str
    item_alias: str | None
    owner_team: str
    position: int
    depends_on: tuple[str, ...]
    skipped: bool
    config: dict[str, Any]
    verification: dict[str, Any] | None
    module_sha256: str | None
    kind: Kind = "step"


@dataclass(frozen=True, slots=True)
class Needs:
    """What one step waits for: steps of the same document, and items (all their steps) by alias."""

    steps: frozenset[str]
    items: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Part:
    """One document's share of the plan: an item, or the bundle itself (alias None)."""

    alias: str | None
    owner: str
    title: str
    fulfillment: Mapping[str, Any]
    steps: Sequence[Mapping[str, Any]]
    waits_for: frozenset[str]
    known: Mapping[str, Any]
    modules: Mapping[str, str]
    outputs: Mapping[str, Any]


def references_of(step: Mapping[str, Any]) -> list[Reference]:
    """Every reference in the step's template and in its `when`. Raises ExpressionError for text that cannot be parsed."""
    return [*references(step.get("template")), *when_references(step)]


def when_references(step: Mapping[str, Any]) -> list[Reference]:
    """The references in the step's `when`, which may be written with or without braces."""
    return expression_references(step["when"]) if step.get("when") else []


def needs_of(step: Mapping[str, Any], own: Collection[str], aliases: Collection[str] = ()) -> Needs:
    """What `step` waits for, by its references and its `depends_on`.

    own: names of the document's steps; aliases: items of the bundle (none in an item). Unknown names are left out.
    """
    steps: set[str] = set()
    items: set[str] = set()
    for reference in references_of(step):
        if reference.root == "steps" and reference.path:
            steps.add(reference.path[0])
        elif reference.root == "items" and reference.path and reference.path[1:2] != ("selected",):
            items.add(reference.path[0])
    for name in step.get("depends_on") or ():
        (items if name in aliases else steps).add(name)
    return Needs(frozenset(steps) & frozenset(own), frozenset(items) & frozenset(aliases))


def edges_of(steps: Sequence[Mapping[str, Any]], entries: Mapping[str, Collection[str]] | None = None) -> dict[str, set[str]]:
    """One document as a graph: node -> the nodes it waits for.

    Nodes are step names and, of a bundle, the aliases of its `entries` (alias -> the aliases its `depends_on` names).
    """
    entries = entries or {}
    own = {step["name"] for step in steps}
    edges = {alias: set(waits) & set(entries) for alias, waits in entries.items()}
    for step in steps:
        needs = needs_of(step, own, entries)
        edges.setdefault(step["name"], set()).update(needs.steps | needs.items)
    return edges


def cycles(edges: Mapping[str, Collection[str]]) -> list[tuple[str, ...]]:
    """The cycles of a graph (node -> nodes it waits for), each from its first name on; cycles that share a node count once."""
    left = {node: sorted(needs) for node, needs in sorted(edges.items())}
    found: list[tuple[str, ...]] = []
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            # graphlib lists each node before the node that waits for it; people read it the other way round.
            cycle = list(reversed(error.args[1]))[:-1]
            first = cycle.index(min(cycle))
            found.append(tuple(cycle[first:] + cycle[:first]))
            left = {node: [n for n in needs if n not in cycle] for node, needs in left.items() if node not in cycle}
        else:
            return found


def ready(needs: Mapping[str, Collection[str]], statuses: Mapping[str, str]) -> set[str]:
    """The pending steps whose parents are all completed or skipped.

    needs: step -> the steps it waits for. statuses: step -> status; a parent without a status is not done.
    """
    return {
        step
        for step, status in statuses.items()
        if status == StepStatus.PENDING and all(statuses.get(parent) in STEP_SATISFIED for parent in needs.get(step, ()))
    }


def plan(
    items: Sequence[ChosenItem],
    bundle: Mapping[str, Any] | None = None,
    bundle_owner: str | None = None,
    bundle_values: Mapping[str, Any] | None = None,
    bundle_modules: Mapping[str, str] | None = None,
) -> list[PlannedStep]:
    """The steps of one order in the order of `items` (required, then optional), then the bundle's own.

    An item that was not selected has no steps and leaves no gap; a step whose `when` is false already is `skipped`.
    Raises ExpressionError when a `when` cannot be worked out, e.g. because it compares text with a number.
    """
    chosen = [item for item in items if item.selected]
    parts = [_item_part(item) for item in chosen]
    if bundle is not None:
        selected = {item.alias: {"selected": item.selected} for item in items}
        parts.append(
            _bundle_part(bundle, bundle_owner or "", {"bundle": dict(bundle_values or {}), "items": selected}, bundle_modules)
        )
    return _wired(parts, [item.alias for item in chosen])


def rolls_back_on_failure(definition: Mapping[str, Any]) -> bool:
    """Whether a request that ends failed rolls back by itself. definition: of what was ordered, the bundle or the item."""
    rollback = (definition.get("fulfillment") or {}).get("rollback") or {}
    return bool(rollback.get("on") == "failure")


def concurrent(definition: Mapping[str, Any]) -> int | None:
    """How many orders of an item may run at once; None where it does not say. definition: the item's."""
    limit: int | None = (definition.get("limits") or {}).get("concurrent")
    return limit


def _item_part(item: ChosenItem) -> _Part:
    fulfillment = item.definition.get("fulfillment") or {}
    steps = (fulfillment.get("automation") or {}).get("steps") or [_by_hand(item, fulfillment)]
    known = {
        **item.values,
        "parameters": dict(item.values),
        "catalog_item": {"name": item.catalog_item, "version": item.version, "owner": item.owner},
    }
    outputs = item.definition.get("outputs") or {}
    return _Part(
        item.alias, item.owner, item.title, fulfillment, steps, frozenset(item.depends_on), known, item.modules, outputs
    )


def _bundle_part(bundle: Mapping[str, Any], owner: str, known: Mapping[str, Any], modules: Mapping[str, str] | None) -> _Part:
    fulfillment = bundle.get("fulfillment") or {}
    steps = (fulfillment.get("automation") or {}).get("steps") or []
    outputs = bundle.get("outputs") or {}
    return _Part(None, owner, str(bundle.get("name", "")), fulfillment, steps, frozenset(), known, modules or {}, outputs)


def _by_hand(item: ChosenItem, fulfillment: Mapping[str, Any]) -> dict[str, Any]:
    """The one step of an item that nobody automated: its `fulfillment.manual`, as work for a person."""
    manual = manual_of(fulfillment, item.title)
    template = {key: manual[key] for key in ("instructions", "due") if manual.get(key)}
    return {"name": f"fulfil_{item.alias}", "title": item.title, "type": "ManualTask", "template": template}


@dataclass(frozen=True, slots=True)
class _Numbers:
    """The ids of a plan. positions: by id. of_item: by alias, whatever another must wait for that waits for the item."""

    steps: Mapping[tuple[str | None, str], str]
    checks: Mapping[str, tuple[_Part, Check]]
    positions: Mapping[str, int]
    of_item: Mapping[str, Sequence[str]]

    def sorted(self, ids: Iterable[str]) -> tuple[str, ...]:
        """Ids, each once, in the order of their positions."""
        return tuple(sorted(set(ids), key=self.positions.__getitem__))


def _wired(parts: Sequence[_Part], aliases: Sequence[str]) -> list[PlannedStep]:
    """The rows of all parts with their edges: preflights, steps, health checks."""
    numbers = _numbered(parts, aliases)
    checks = [_planned_check(key, numbers) for key in numbers.checks]
    steps = [_planned(part, step, numbers) for part in parts for step in part.steps]
    rows = sorted([*checks, *steps], key=lambda one: one.position)
    outputs = {part.alias: part.outputs for part in parts if part.alias is not None}
    return _with_readers(_after_preflights(rows), outputs)


def _numbered(parts: Sequence[_Part], aliases: Sequence[str]) -> _Numbers:
    names = [(part.alias, step["name"]) for part in parts for step in part.steps]
    steps = {name: f"step-{number:03d}" for number, name in enumerate(names, start=1)}
    found = [(part, check) for key in KEYS for part in parts for check in checks_of(part.fulfillment, key)]
    checks = {f"check-{number:03d}": one for number, one in enumerate(found, start=1)}
    before = [key for key, (_, check) in checks.items() if check.kind == "preflight"]
    ordered = [*before, *steps.values(), *(key for key in checks if key not in before)]
    of_item: dict[str, list[str]] = {alias: [] for alias in aliases}
    owners = [(alias, key) for (alias, _), key in steps.items()]
    owners += [(part.alias, key) for key, (part, check) in checks.items() if check.kind == "health"]
    for alias, key in owners:
        if alias is not None:
            of_item[alias].append(key)
    return _Numbers(steps, checks, {key: at for at, key in enumerate(ordered, start=1 - len(before))}, of_item)


def _planned(part: _Part, step: Mapping[str, Any], numbers: _Numbers) -> PlannedStep:
    own = [one["name"] for one in part.steps]
    # Inside an item nothing is known of its neighbours: only the bundle's own steps reach items.
    needs = needs_of(step, own, numbers.of_item if part.alias is None else ())
    parents = {numbers.steps[part.alias, name] for name in needs.steps}
    for alias in needs.items | part.waits_for:
        parents.update(numbers.of_item.get(alias, ()))
    decided = _decided(step, part.known)
    step_id = numbers.steps[part.alias, step["name"]]
    return PlannedStep(
        step_id=step_id,
        name=step["name"],
        title=step.get("title") or spoken(step["name"]),
        type=step["type"],
        item_alias=part.alias,
        owner_team=part.owner,
        position=numbers.positions[step_id],
        depends_on=numbers.sorted(parents),
        skipped=decided is False,
        config=step_config(part.fulfillment, part.title, step, undecided=decided is None),
        verification=dict(step["verification"]) if step.get("verification") else None,
        module_sha256=part.modules.get(step["template"]["module_source"]) if step["type"] == "TerraformFile" else None,
    )


def _planned_check(check_id: str, numbers: _Numbers) -> PlannedStep:
    part, check = numbers.checks[check_id]
    title = check.title or spoken(check.name)
    return PlannedStep(
        step_id=check_id,
        name=check.name,
        title=title,
        type=check.type,
        item_alias=part.alias,
        owner_team=part.owner,
        position=numbers.positions[check_id],
        depends_on=numbers.sorted(_judged(part, numbers)) if check.kind == "health" else (),
        skipped=False,
        config=check_config(part.fulfillment, check, title),
        verification={"type": "check", "name": title},
        module_sha256=None,
        kind=check.kind,
    )


def _judged(part: _Part, numbers: _Numbers) -> list[str]:
    """What health checks come after: all steps of their item; the bundle's after everything else of the request."""
    if part.alias is not None:
        return [key for (alias, _), key in numbers.steps.items() if alias == part.alias]
    return [*numbers.steps.values(), *(key for keys in numbers.of_item.values() for key in keys)]


def _after_preflights(rows: Sequence[PlannedStep]) -> list[PlannedStep]:
    """Whatever would begin at once waits for all preflights. A parent that is skipped already holds nobody back."""
    before = tuple(one.step_id for one in rows if one.kind == "preflight")
    skipped = {one.step_id for one in rows if one.skipped}

    def first(one: PlannedStep) -> bool:
        return one.kind != "preflight" and not one.skipped and skipped.issuperset(one.depends_on)

    return [replace(one, depends_on=before + one.depends_on) if first(one) else one for one in rows]


def _with_readers(rows: Sequence[PlannedStep], outputs: Mapping[str, Mapping[str, Any]]) -> list[PlannedStep]:
    found = readers(rows, outputs)
    return [
        replace(one, config={**one.config, "read_by": list(found[one.step_id])}) if one.step_id in found else one
        for one in rows
    ]


def readers(rows: Sequence[PlannedStep], outputs: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Which rows read the outputs of a step, directly or through an output of its item: step id -> ids, in their order.

    outputs: alias -> the item's declared `outputs`.
    """
    ids = {(one.item_alias, one.name): one.step_id for one in rows if one.kind == "step"}
    found: dict[str, list[str]] = {}
    for one in rows:
        names = dict.fromkeys(
            name for reference in _all_references(one) for name in _behind(reference, one.item_alias, outputs)
        )
        for step_id in dict.fromkeys(ids[name] for name in names if name in ids):
            if step_id != one.step_id:
                found.setdefault(step_id, []).append(one.step_id)
    return {step_id: tuple(reading) for step_id, reading in found.items()}


def _all_references(row: PlannedStep) -> list[Reference]:
    return [*references_of(row.config), *references((row.config.get("rollback") or {}).get("template"))]


def _behind(reference: Reference, alias: str | None, outputs: Mapping[str, Mapping[str, Any]]) -> list[tuple[str | None, str]]:
    """The steps, as alias and name, whose outputs a reference leads to."""
    if reference.root == "steps" and reference.path:
        return [(alias, reference.path[0])]
    if reference.root != "items" or not reference.path or reference.path[1:2] == ("selected",):
        return []
    item, *_ = reference.path
    declared = outputs.get(item, {})
    named = [declared[name] for name in reference.path[2:3] if name in declared] or declared.values()
    return [
        (item, inner.path[0]) for one in named for inner in references(one.get("value")) if inner.root == "steps" and inner.path
    ]


def spoken(name: str) -> str:
    """A name as people say it: `provision_redis` -> `Provision redis`."""
    words = name.replace("_", " ").replace("-", " ").strip()
    return words[:1].upper() + words[1:]


def _decided(step: Mapping[str, Any], known: Mapping[str, Any]) -> bool | None:
    """Whether the step's `when` holds; None when it hangs on something that is known only while the request runs."""
    if step.get("when") is None:
        return True
    if not all(_is_known(reference, known) for reference in when_references(step)):
        return None
    return bool(evaluate(step["when"], known))


def _is_known(reference: Reference, known: Mapping[str, Any]) -> bool:
    if reference.root == "items":
        return reference.path[1:2] == ("selected",)
    return reference.root in known
