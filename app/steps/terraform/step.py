"""`TerraformFile`: a module of Terraform, built by this worker's own program or by HCP Terraform."""

from typing import ClassVar

from app.core import adoption, step_plan
from app.core.outcomes import Failed, Outcome
from app.core.step_params import StepParams, TerraformFileParams
from app.steps.base import StepContext
from app.steps.terraform import adopting, building, preview, probing, remote


class TerraformFile:
    """Builds a Terraform module and yields its outputs. The program's version must be 1.9 or newer.

    With `backend: remote` HCP Terraform does it (see `remote`), and the step waits. One of our own runs never waits; what may
    be polled is a look at a run whose worker died (see `probing`).
    """

    name: ClassVar[str] = "TerraformFile"
    Params: ClassVar[type[StepParams]] = TerraformFileParams

    def run(self, context: StepContext) -> Outcome:
        """Apply the pinned module. Repeating it is safe: the state knows what exists already."""
        return remote.run(context) if _elsewhere(context) else building.build(context)

    def poll(self, context: StepContext) -> Outcome:
        """See how a run elsewhere stands, or look again at what became of one of our own."""
        return remote.poll(context) if _elsewhere(context) else probing.again(context)

    def probe(self, context: StepContext) -> Outcome:
        """Find out what became of a run, from its state. Changes nothing."""
        return remote.probe(context) if _elsewhere(context) else probing.probe(context)

    def stop(self, context: StepContext) -> Outcome:
        """Ask a run elsewhere to end. A look at one of our own takes place all the same: what is unknown must be found out."""
        return remote.stop(context) if _elsewhere(context) else probing.again(context)

    def plan(self, context: StepContext) -> Outcome:
        """Say what a run would change. Changes nothing; a workspace of HCP Terraform is not asked."""
        return _not_here(step_plan.ELSEWHERE) if _elsewhere(context) else preview.preview(context)

    def undo(self, context: StepContext) -> Outcome:
        """Destroy all that the step's state holds. Repeating it is safe."""
        return remote.undo(context) if _elsewhere(context) else building.destroy(context)

    def adopt(self, context: StepContext) -> Outcome:
        """Import what a person made into the step's state. Repeating it is safe: what is there already is left as it is."""
        return _not_here(adoption.ELSEWHERE) if _elsewhere(context) else adopting.adopt(context)


def _not_here(why: str) -> Failed:
    """What cannot be done with a run at HCP Terraform."""
    return Failed(f"{why}.", "not_available", retryable=False)


def _elsewhere(context: StepContext) -> bool:
    assert isinstance(context.params, TerraformFileParams)
    return context.params.backend == "remote"
