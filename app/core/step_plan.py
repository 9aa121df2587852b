"""What a plan of one step is worth: which steps can have one, and whether one that was made still holds. Pure.

Such a plan says what running the step again would change (create, update, replace, delete). It is a look, no promise: the run
that follows makes a plan of its own.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.core.canonical import digest
from app.core.decisions import Look, refuses_step_retry

ACTIONS = ("create", "update", "replace", "delete", "read", "import", "forget")
"""What may become of a resource, in the order in which they are told."""
ELSEWHERE = "HCP Terraform makes the plan when it runs: there is none to look at before"
NO_PLAN = "only a step of Terraform has a plan"


def has_plan(step_type: str) -> bool:
    """Whether steps of this type have plans at all."""
    return step_type == "TerraformFile"


def refuses_plan(look: Look, step_id: str, step_type: str, template: Mapping[str, Any]) -> str | None:
    """Why no plan of this step can be made now. template: as the catalog has it, not rendered."""
    if not has_plan(step_type):
        return NO_PLAN
    if template.get("backend") == "remote":
        return ELSEWHERE
    return refuses_step_retry(look, step_id)


def inputs_digest(template: Any, parameters: Sequence[Any], parents: Sequence[Sequence[Any]]) -> str:
    """A digest of all that a step's inputs are made of: when it differs, they may.

    parameters: the answers of the order as they are stored. parents: of each step it stands on its id, its state, and when it
    was completed, as text.
    """
    return digest({"template": template, "parameters": list(parameters), "parents": [list(one) for one in parents]})


def out_of_date(made: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Why a plan does not hold any more: sentences without a capital, none where it holds.

    Both are marks: `{attempt, state_version, inputs}`.
    """
    reasons = {
        "attempt": "the step has run since",
        "state_version": "what is built has changed since",
        "inputs": "what it is given may have changed since",
    }
    return [words for key, words in reasons.items() if made.get(key) != now.get(key)]
