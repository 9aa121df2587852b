"""Finding out what became of a run of Terraform whose worker died: by the state, and a plan against it. Changes nothing.

| what is found                                                     | outcome                                        |
|--------------------------------------------------------------------|------------------------------------------------|
| nothing was noted                                                  | Again: it had not come to the apply            |
| the plan has no changes                                            | Done, outputs read as usual                    |
| changes are left, all that was to be created is in the state       | Again: the next run finishes it                |
| changes are left, something to be created is not in the state      | Indeterminate: it may exist; a person looks    |
| no plan can be made                                                | Waiting: looked at again, `LOOKS` times at most |
| the look itself was told to stop                                   | Again: the engine lets the next worker look    |

Killed in the middle of an apply, Terraform leaves a state that is at least twenty seconds old, or none (docs/decisions).
`handle` of the waits: `{noted, looks}`.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from app.core.outcomes import Again, Failed, Indeterminate, Outcome, Waiting
from app.steps.base import StepContext
from app.steps.terraform import commands, planned, results
from app.steps.terraform.commands import Terraform
from app.steps.terraform.diagnostics import local_address

LOOKS = 5
PAUSE = timedelta(seconds=15)
CHANGES = 2
"""What `plan -detailed-exitcode` exits with when there is something to change."""
HINT = (
    "Look for these outside. What exists can be imported into the state, or removed by hand; then retry the step. "
    "Retried as it is, Terraform would create them a second time."
)


def probe(context: StepContext) -> Outcome:
    """Look for the first time; see the table."""
    if "planned" not in context.noted:
        return Again("Terraform had not begun to apply its plan.")
    return _looked(context, context.noted)


def again(context: StepContext) -> Outcome:
    """Look again, after a wait. Raises KeyError for a step that does not wait for such a look."""
    return _looked(context, context.handle["noted"])


def _looked(context: StepContext, noted: Mapping[str, Any]) -> Outcome:
    found = commands.ready(context)
    if isinstance(found, Failed):
        return _unclear(context, noted, found.message)
    with found.open() as terraform:
        return _look(terraform, noted)


def _look(terraform: Terraform, noted: Mapping[str, Any]) -> Outcome:
    prepared = terraform.init()
    ran = prepared if prepared.ended.stopped or prepared.ended.code else terraform.plan("-detailed-exitcode", "-refresh=true")
    if ran.ended.stopped or ran.ended.code not in (0, CHANGES):
        return _unclear(terraform.context, noted, terraform.failure(ran).message)
    if ran.ended.code == 0:
        return terraform.read()
    ended, state = terraform.state()
    if ended.code != 0:
        return _unclear(terraform.context, noted, "the state could not be read")
    return _judged(noted, state)


def _judged(noted: Mapping[str, Any], state: Mapping[str, Any]) -> Outcome:
    doubtful = planned.doubtful(noted, state)
    if not doubtful:
        return Again("Terraform's state holds all that was to be created; a new run does what is left.")
    return _unknown("Terraform ended while it built; its state lacks some of what it was to create", doubtful, state)


def _unknown(what: str, check: list[str], state: Mapping[str, Any]) -> Indeterminate:
    has = sorted(local_address(one["address"]) for one in results.managed(state))
    return Indeterminate({"what": what, "check": check, "state_has": has, "hint": HINT})


def _unclear(context: StepContext, noted: Mapping[str, Any], problem: str) -> Outcome:
    """The look told nothing. It is taken again, perhaps by another worker; told to stop, this one has not had its turn."""
    if context.stopping.is_set():
        return Again("The look was stopped before it saw anything.")
    context.log(f"What became of the run cannot be seen: {problem}")
    looks = int(context.handle.get("looks", 0)) + 1
    if looks < LOOKS:
        return Waiting({"noted": noted, "looks": looks}, PAUSE)
    what = "Terraform ended while it built, and no plan can be made to see what it built"
    return Indeterminate({"what": what, "problem": problem, "check": planned.doubtful(noted), "hint": HINT})
