"""What a run of Terraform would change, before anybody lets it: a plan that is read and thrown away.

It takes no lock: it writes no state, and a run that begins meanwhile must not find the state locked by somebody who only
looks. What such a plan shows may be old a moment later; the run makes its own.

Found: `{changes: [{resource, action, attributes: [{name, before, after}]}], counts: {action: n}, left_out: n}`. Of an attribute
only a short plain value is shown (never one that Terraform holds to be sensitive); `before` and `after` are texts, or None
where there is none to show.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from app.core.outcomes import Done, Failed, Outcome
from app.core.secrecy import MASK
from app.steps.base import StepContext
from app.steps.terraform import commands
from app.steps.terraform.applying import BUILT
from app.steps.terraform.commands import Ran, Terraform
from app.steps.terraform.diagnostics import local_address
from app.steps.terraform.narration import Narration

MOST_CHANGES = 200
MOST_ATTRIBUTES = 30
LONGEST_VALUE = 120
UNKNOWN = "known after the run"
NOT_SHOWN = "…"
"""In the place of a value that is long, or no plain one."""
NO_CHANGE = "no-op"
REPLACED = frozenset({"create", "delete"})


def preview(context: StepContext) -> Outcome:
    """The plan of what `run` would do now."""
    found = commands.ready(context)
    if isinstance(found, Failed):
        return found
    with found.open() as terraform:
        return terraform.unchanged(terraform.init(), BUILT) or _planned(terraform)


def _planned(terraform: Terraform) -> Outcome:
    if stop := terraform.unchanged(terraform.plan("-lock=false"), BUILT):
        return stop
    ended, plan = terraform.planned()
    if ended.code != 0:
        return terraform.failure(Ran(ended, Narration(terraform.context.log)))
    return Done(evidence=told(plan))


def told(plan: Mapping[str, Any]) -> dict[str, Any]:
    """What people are shown of `show -json` of a plan."""
    changes = [found for one in plan.get("resource_changes") or () if (found := changed(one)) is not None]
    kept = changes[:MOST_CHANGES]
    counts = Counter(one["action"] for one in changes)
    return {"changes": kept, "counts": dict(counts), "left_out": len(changes) - len(kept)}


def changed(resource: Mapping[str, Any]) -> dict[str, Any] | None:
    """What a plan would do to one resource, None where nothing. resource: one of its `resource_changes`."""
    change = resource.get("change") or {}
    action = _action(change)
    if action == NO_CHANGE:
        return None
    attributes = list(_attributes(change)) if action in ("update", "replace") else []
    address = local_address(str(resource.get("address", "")))
    return {"resource": address, "action": action, "attributes": attributes[:MOST_ATTRIBUTES]}


def _action(change: Mapping[str, Any]) -> str:
    actions: Sequence[str] = change.get("actions") or (NO_CHANGE,)
    if set(actions) >= REPLACED:
        return "replace"
    return "import" if actions[0] == NO_CHANGE and change.get("importing") else str(actions[0])


def _attributes(change: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The attributes at the top of a resource that change, by name."""
    before, after = _object(change.get("before")), _object(change.get("after"))
    unknown = _object(change.get("after_unknown"))
    secret = [_object(change.get(f"{one}_sensitive")) for one in ("before", "after")]
    for name in sorted(before.keys() | after.keys() | unknown.keys()):
        new = UNKNOWN if unknown.get(name) else after.get(name)
        if new != before.get(name):
            hidden = any(_marked(marks.get(name)) for marks in secret)
            yield {"name": name, "before": _shown(before.get(name), hidden), "after": _shown(new, hidden)}


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _marked(mark: Any) -> bool:
    """Whether anything in an attribute is sensitive: `true`, or somewhere below."""
    if isinstance(mark, Mapping):
        return any(_marked(one) for one in mark.values())
    return any(_marked(one) for one in mark) if isinstance(mark, list) else mark is True


def _shown(value: Any, hidden: bool) -> str | None:
    if value is None:
        return None
    if value == UNKNOWN:
        return UNKNOWN
    if hidden:
        return MASK
    text = value if isinstance(value, str) else json.dumps(value)
    plain = isinstance(value, str | int | float) and len(text) <= LONGEST_VALUE and "\n" not in text
    return text if plain else NOT_SHOWN
