"""Taking over what a person made: looked at by a plan first, imported one by one, and planned against once more.

| what is found                                                        | outcome                                          |
|-----------------------------------------------------------------------|--------------------------------------------------|
| no such resource in the module, or nothing of that id outside         | Failed, as Terraform says; nothing imported      |
| what is taken over would be destroyed or replaced                      | Failed, `adopt_destroys`, with what differs      |
| it would be updated, or something else built or changed                | Done; that is `pending`, for the next run        |
| nothing to change                                                      | Done                                             |
| told to stop, or out of time, between two imports                      | Again, or Failed: what is imported stays         |

Nothing outside is ever changed, and what the state holds already is not imported again: it may be done as often as one likes.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.core.adoption import Adopted
from app.core.outcomes import Done, Failed, Outcome
from app.core.step_params import TerraformFileParams
from app.steps.base import StepContext
from app.steps.terraform import commands, results, workspace
from app.steps.terraform.commands import Ran, Terraform
from app.steps.terraform.diagnostics import ROOT, local_address
from app.steps.terraform.differing import Difference, differences
from app.steps.terraform.narration import Narration

ADOPTED = "adopted"


def adopt(context: StepContext) -> Outcome:
    """Import `context.adopt` into the step's state; the outputs are the module's, completed by `context.outputs`."""
    found = commands.ready(context)
    if isinstance(found, Failed):
        return found
    with found.open() as terraform:
        return terraform.unchanged(terraform.init(), ADOPTED) or _adopt(terraform, context.adopt)


def _adopt(terraform: Terraform, rows: Sequence[Adopted]) -> Outcome:
    held = _held(terraform)
    if isinstance(held, Failed):
        return held
    missing = [one for one in rows if one.address not in held]
    # Built in part by a run that failed, and finished by the person.
    finished = [one for one in rows if _is_finished(held.get(one.address, {}), one.id)]
    for one in rows:
        if one.address in held:
            terraform.context.log(f"{one.address} is in Terraform's state already")
    # Looked at before anything is imported: what is refused leaves no trace in the state.
    if (missing or finished) and (stop := _look(terraform, rows, missing, finished)):
        return stop
    return _import(terraform, missing) or _trust(terraform, finished) or _completed(terraform, rows)


def _is_finished(resource: Mapping[str, Any], key: str) -> bool:
    return bool(resource.get("tainted")) and (resource.get("values") or {}).get("id") == key


def _held(terraform: Terraform) -> Mapping[str, Mapping[str, Any]] | Failed:
    """The resources in the state, by address."""
    ended, state = terraform.state()
    if ended.code != 0:
        return Failed("Terraform's state of this step could not be read.", "terraform_error")
    return {local_address(str(one["address"])): one for one in results.managed(state)}


def _look(
    terraform: Terraform, rows: Sequence[Adopted], missing: Sequence[Adopted], finished: Sequence[Adopted]
) -> Outcome | None:
    """Why the rest is not imported, by a plan that only says that it would be."""
    params = terraform.context.params
    assert isinstance(params, TerraformFileParams)
    with workspace.imports(terraform.context.workdir, params, [(ROOT + one.address, one.id) for one in missing]):
        plan = _planned(terraform, rows, {one.address for one in finished})
    return plan if not isinstance(plan, list) else None


def _planned(terraform: Terraform, rows: Sequence[Adopted], trusted: Collection[str] = ()) -> list[Difference] | Outcome:
    """What a plan would change, or why that is no way to go on. trusted: of these it does not count that they are tainted."""
    if stop := terraform.unchanged(terraform.plan(), ADOPTED):
        return stop
    ended, plan = terraform.planned()
    if ended.code != 0:
        return terraform.failure(Ran(ended, Narration(terraform.context.log)))
    found = differences(plan)
    mine = {one.address for one in rows}
    ends = [one for one in found if one.resource in mine and one.ends]
    ends = [one for one in ends if not (one.tainted and one.resource in trusted)]
    return _refused(ends) if ends else found


def _refused(ends: Sequence[Difference]) -> Failed:
    told = "; ".join(one.told() for one in ends)
    message = f"What you made is not as the module wants it, and Terraform could only end it: {told}. Nothing was changed."
    return Failed(message, "adopt_destroys", {"differs": [one.change for one in ends]}, retryable=False)


def _import(terraform: Terraform, missing: Sequence[Adopted]) -> Outcome | None:
    for one in missing:
        if why := terraform.limits.reached():
            return terraform.stopped_early(why, ADOPTED)
        ran = terraform.take_over(ROOT + one.address, one.id)
        if stop := terraform.unchanged(ran, ADOPTED):
            return _naming(stop, one)
        terraform.context.log(f"{one.address} is in Terraform's state now")
    return None


def _trust(terraform: Terraform, finished: Sequence[Adopted]) -> Outcome | None:
    for one in finished:
        if stop := terraform.unchanged(terraform.trust(ROOT + one.address), ADOPTED):
            return stop
        terraform.context.log(f"{one.address} counts as whole now")
    return None


def _naming(stop: Outcome, one: Adopted) -> Outcome:
    """A failed import speaks plain text, in which the address may be missing."""
    if not isinstance(stop, Failed) or stop.kind == "timeout":
        return stop
    return replace(stop, message=f"{one.address} could not be imported: {stop.message.replace(ROOT, '')}", retryable=False)


def _completed(terraform: Terraform, rows: Sequence[Adopted]) -> Outcome:
    """A plan over all that is in the state now; with nothing left to change it is carried out, for the sake of the outputs."""
    left = _planned(terraform, rows)
    if not isinstance(left, list):
        return left
    if not left:
        ran = terraform.apply()
        if stop := terraform.unchanged(ran, ADOPTED):
            return stop
    for one in left:
        terraform.context.log(f"The next run: {one.told()}")
    return _read(terraform, rows, left)


def _read(terraform: Terraform, rows: Sequence[Adopted], left: Sequence[Difference]) -> Outcome:
    ended, state = terraform.state()
    if ended.code == 0:
        ended, plan = terraform.planned()
    if ended.code != 0:
        return terraform.failure(Ran(ended, Narration(terraform.context.log)))
    context = terraform.context
    outcome = results.built(
        _told(state, context.outputs), len(results.managed(state)), results.declared_secrets(plan), context.declared
    )
    if not isinstance(outcome, Done):
        return outcome
    about = {"adopted": [one.as_json() for one in rows], "pending": [one.change for one in left]}
    return replace(outcome, evidence={**outcome.evidence, **about})


def _told(state: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The root module's outputs, completed by what the person gave: a value that is not known yet is none of the module's.

    As long as one of them is not known Terraform cannot tell which are secret: then all that it tells are.
    """
    outputs = (state.get("values") or {}).get("outputs") or {}
    told = {name: output.get("value") for name, output in outputs.items()}
    known = {name: value for name, value in (told.get("values") or {}).items() if value is not None}
    secret = told.get("secret_names")
    return {"values": {**given, **known}, "secret_names": list(known) if secret is None else secret}
