"""What a plan is about to do, by address and action and without values; and what of it a saved state knows nothing of.

Facts: `{"planned": [{resource, action, before?}]}` of a build, `{"destroys": [address]}` of an undo. `before` is the id of the
object that stood at this address until then ("" where its type has none): in a state that still shows it, the new one is not.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.steps.terraform import results
from app.steps.terraform.diagnostics import local_address
from app.steps.terraform.narration import Narration

CREATING = frozenset({"create", "replace"})
"""The actions after which something may exist that no state knows of. Whatever else was done, the next refresh finds."""


def facts(plan: Narration, verb: str) -> dict[str, Any]:
    """What is noted before a plan is carried out. verb: "built" or "destroyed"."""
    if verb == "destroyed":
        return {"destroys": [one["resource"] for one in plan.planned]}
    return {"planned": plan.planned}


def begun(plan: Narration, told: Narration) -> dict[str, Any]:
    """The facts of a build, without what it had not come to. told: what the apply said."""
    return {"planned": [one for one in plan.planned if one["resource"] in told.begun]}


def doubtful(noted: Mapping[str, Any], state: Mapping[str, Any] | None = None) -> list[str]:
    """The addresses at which a person must look: planned to be created, and not in the state as created.

    state: `show -json` of it; None where it could not be read, and everything is in doubt.
    """
    held = {} if state is None else {local_address(one["address"]): _id(one) for one in results.managed(state)}
    creating: Sequence[Mapping[str, Any]] = [one for one in noted["planned"] if one["action"] in CREATING]
    return [one["resource"] for one in creating if not _holds(held, one)]


def _holds(held: Mapping[str, str], change: Mapping[str, Any]) -> bool:
    if change["resource"] not in held:
        return False
    before = change.get("before")
    return before is None or (before != "" and held[change["resource"]] not in ("", before))


def _id(resource: Mapping[str, Any]) -> str:
    return str((resource.get("values") or {}).get("id") or "")
