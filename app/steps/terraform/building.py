"""Building and destroying a module: init, plan, the plan carried out, the state read."""

import re
from dataclasses import replace

from app.core.outcomes import Done, Failed, Outcome
from app.core.step_params import TerraformFileParams
from app.steps.base import StepContext
from app.steps.terraform import commands, saved
from app.steps.terraform.applying import BUILT, DESTROYED, Applying
from app.steps.terraform.commands import Ran, Terraform
from app.steps.terraform.diagnostics import message

PROTECTED = "Instance cannot be destroyed"
PROTECTED_RESOURCE = re.compile(r"Resource (.+?) has lifecycle\.prevent_destroy set")


def build(context: StepContext) -> Outcome:
    """Apply the pinned module. Repeating it is safe: the state knows what exists already."""
    found = commands.ready(context)
    if isinstance(found, Failed):
        return found
    with found.open() as terraform:
        if stop := terraform.unchanged(terraform.init(), BUILT):
            return stop
        plan = terraform.plan()
        if stop := terraform.unchanged(plan, BUILT) or Applying(terraform, plan.told, BUILT).outcome():
            return stop
        return terraform.read()


def destroy(context: StepContext) -> Outcome:
    """Destroy all that the step's state holds. Repeating it is safe: what is gone is found gone."""
    if _holds_nothing(context):
        context.log("Terraform had built nothing that is left; there is nothing to destroy")
        return Done()
    found = commands.ready(context)
    if isinstance(found, Failed):
        return found
    with found.open() as terraform:
        return _destroy(terraform)


def _holds_nothing(context: StepContext) -> bool:
    """Whether that can be told without Terraform: only of a state that lies in our own backend."""
    assert isinstance(context.params, TerraformFileParams)
    return context.params.backend_config is None and context.state is not None and saved.holds_nothing(context.state)


def _destroy(terraform: Terraform) -> Outcome:
    if stop := terraform.unchanged(terraform.init(), DESTROYED):
        return stop
    plan = terraform.plan("-destroy")
    if stop := _protected(terraform, plan) or terraform.unchanged(plan, DESTROYED):
        return stop
    if not plan.told.planned:
        return Done()
    return Applying(terraform, plan.told, DESTROYED).outcome() or Done()


def _protected(terraform: Terraform, plan: Ran) -> Failed | None:
    """What `prevent_destroy` keeps from being destroyed: no retry will, and the whole plan is off."""
    refused = [one for one in plan.told.diagnostics if one.get("summary") == PROTECTED]
    if not refused:
        return None
    names = [found[1] for one in refused if (found := PROTECTED_RESOURCE.match(message(one)))]
    told = f"The module protects {', '.join(names) or 'what it built'} from being destroyed (prevent_destroy). Nothing was."
    return replace(terraform.failure(plan), message=told, kind="terraform_protected", retryable=False)
