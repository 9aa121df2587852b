"""`TerraformFile`: init, plan, apply of that plan, read the state. Stopped, it says whether anything may have been built."""

import time
from collections.abc import Callable, Mapping
from threading import Event
from typing import Any, ClassVar

from app.core.outcomes import Failed, Indeterminate, Outcome
from app.core.step_params import StepParams, TerraformFileParams
from app.steps.base import StepContext
from app.steps.parts import NeverWaits
from app.steps.terraform import diagnostics, program, remote, results, workspace
from app.steps.terraform.narration import Narration, parse, plain_text
from app.steps.terraform.program import Ended, Limits, Session

PLAN = "tfplan"
LOST_STATE = "errored.tfstate"
"""Where Terraform puts a state that its backend did not take."""
HANDLED = 1
"""What Terraform exits with when it saw the error itself and saved the state; a crash or a kill exits with something else."""
READING_SECONDS = 30.0
"""What reading the outputs gets, at least: what was built is worth more than a budget."""
NOT_FOUND = "Terraform is not installed on this worker: put terraform or tofu on its PATH, or name it in TERRAFORM_BINARY."


class TerraformFile(NeverWaits):
    """Builds a Terraform module and yields its outputs. The program's version must be 1.9 or newer.

    With `backend: remote` HCP Terraform does it (see `remote`), and the step waits; else nothing waits.
    """

    name: ClassVar[str] = "TerraformFile"
    Params: ClassVar[type[StepParams]] = TerraformFileParams

    def poll(self, context: StepContext) -> Outcome:
        """See how a run elsewhere stands. Raises RuntimeError for one of our own, which never waits."""
        return remote.poll(context) if _elsewhere(context) else super().poll(context)

    def stop(self, context: StepContext) -> Outcome:
        """Ask a run elsewhere to end. Raises RuntimeError for one of our own."""
        return remote.stop(context) if _elsewhere(context) else super().stop(context)

    def probe(self, context: StepContext) -> Outcome:
        """Nobody has looked yet."""
        if _elsewhere(context):
            return remote.probe(context)
        return Indeterminate({"what": "the run of Terraform ended without an answer", **context.noted})

    def undo(self, context: StepContext) -> Outcome:
        """Not yet."""
        if _elsewhere(context):
            return remote.undo(context)
        raise NotImplementedError

    def run(self, context: StepContext) -> Outcome:
        """Apply the pinned module. Repeating it is safe: the state knows what exists already."""
        if _elsewhere(context):
            return remote.run(context)
        found = program.find(context.settings.terraform_binary)
        if found is None:
            return Failed(NOT_FOUND, "terraform_missing", retryable=False)
        if context.module is None:
            return Failed("This step pins no Terraform module.", "terraform_module", retryable=False)
        try:
            environment = _lay_out(context, context.module)
        except workspace.WorkspaceError as error:
            return Failed(str(error), "terraform_module", retryable=False)
        except OSError as error:
            return Failed(f"The worker could not prepare the run: {error.strerror}.", "worker_error")
        with Session(context.workdir, environment) as session:
            return _Run(context, found, session).outcome()


def _elsewhere(context: StepContext) -> bool:
    assert isinstance(context.params, TerraformFileParams)
    return context.params.backend == "remote"


def _lay_out(context: StepContext, module: bytes) -> dict[str, str]:
    """Fill the private directory; gives the environment of the run."""
    assert isinstance(context.params, TerraformFileParams)
    cache = context.settings.terraform_plugin_cache
    environment = workspace.environment(context.workdir, context.params, context.state, cache)
    workspace.lay_out(context.workdir, module, context.params)
    return environment


class _Run:
    """One run in its own directory."""

    def __init__(self, context: StepContext, found: list[str], session: Session) -> None:
        self._context = context
        self._program = found
        self._session = session
        self._limits = Limits(time.monotonic() + context.budget.total_seconds(), context.stopping)

    def outcome(self) -> Outcome:
        """What came of it."""
        return self._prepare() or self._plan() or self._apply() or self._read()

    def _prepare(self) -> Outcome | None:
        self._context.log("Preparing Terraform")
        narration = Narration(self._context.log)
        return self._unbuilt(self._command(narration.take, "init", "-json", "-input=false", "-no-color"), narration)

    def _plan(self) -> Outcome | None:
        narration = Narration(self._context.log)
        ended = self._command(narration.take, "plan", "-json", "-input=false", "-no-color", f"-out={PLAN}")
        return self._unbuilt(ended, narration)

    def _apply(self) -> Outcome | None:
        narration = Narration(self._context.log, silent=frozenset({"planned_change"}))
        ended = self._command(narration.take, "apply", "-json", "-input=false", "-no-color", PLAN)
        if ended.code == 0 or narration.applied:
            return None  # An interrupt that comes when all is built may still spoil the exit code.
        if (self._context.workdir / LOST_STATE).exists():
            return self._unknown("the state of what was built could not be saved", narration)
        if ended.stopped or ended.code != HANDLED:
            return self._unknown(ended.stopped or f"the program ended with exit code {ended.code}", narration)
        return self._failed(ended, narration)

    def _read(self) -> Outcome:
        """The outputs and the resources, from the state as it was saved. One command tells both."""
        limits = Limits(max(self._limits.deadline, time.monotonic() + READING_SECONDS), Event())
        ended, state = self._show(limits)
        secret: frozenset[str] = frozenset()
        if ended.code == 0 and results.may_declare_secrets(self._context.workdir / "module"):
            ended, plan = self._show(limits, PLAN)
            secret = results.declared_secrets(plan)
        if ended.code != 0:
            return self._failed(ended, Narration(self._context.log))
        return results.done(state, secret, self._context.declared)

    def _show(self, limits: Limits, *words: str) -> tuple[Ended, Mapping[str, Any]]:
        lines: list[bytes] = []
        ended = self._command(lines.append, "show", "-json", "-no-color", *words, limits=limits)
        return ended, parse(b"".join(lines)) or {}

    def _command(self, take: Callable[[bytes], None], *words: str, limits: Limits | None = None) -> Ended:
        return self._session.run([*self._program, *words], take, limits or self._limits)

    def _unbuilt(self, ended: Ended, narration: Narration) -> Outcome | None:
        """The outcome of a command that builds nothing; None when it went well."""
        if ended.code == 0 and ended.stopped is None:
            return None
        if ended.stopped == "timeout":
            return Failed(
                f"Terraform was stopped before it built anything: its time of {self._context.budget} was over.", "timeout"
            )
        if ended.stopped:
            return Failed("Terraform was stopped before it built anything.", ended.stopped)
        return self._failed(ended, narration)

    def _failed(self, ended: Ended, narration: Narration) -> Failed:
        said = "\n".join([*narration.text, plain_text(ended.complaint)]).strip()
        otherwise = said or f"Terraform ended with exit code {ended.code}."
        return diagnostics.failed(narration.diagnostics, self._context.errors, otherwise)

    def _unknown(self, reason: str, narration: Narration) -> Indeterminate:
        told = [diagnostics.brief(one) for one in narration.diagnostics[: diagnostics.KEPT_DIAGNOSTICS]]
        return Indeterminate({"stage": "apply", "reason": reason, "built": narration.built, "diagnostics": told})
