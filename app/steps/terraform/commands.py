"""Terraform's commands in the private directory of one step, and what it means when one of them does not go well."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import Any

from app.core.outcomes import Again, Failed, Outcome
from app.core.step_params import TerraformFileParams
from app.steps.base import StepContext
from app.steps.terraform import diagnostics, program, results, workspace
from app.steps.terraform.narration import Narration, parse, plain_text
from app.steps.terraform.program import Ended, Limits, Session

PLAN = "tfplan"
LOST_STATE = "errored.tfstate"
"""Where Terraform puts a state that its backend did not take."""
READING_SECONDS = 30.0
"""What reading the outputs gets, at least: what was built is worth more than a budget."""
ALREADY_PLANNED = frozenset({"planned_change"})
NOT_FOUND = "Terraform is not installed on this worker: put terraform or tofu on its PATH, or name it in TERRAFORM_BINARY."


@dataclass(frozen=True, slots=True)
class Ran:
    """One command that came to its end, and what it told."""

    ended: Ended
    told: Narration


@dataclass(frozen=True, slots=True)
class Ready:
    """A directory laid out, for a program that was found."""

    context: StepContext
    program: list[str]
    environment: Mapping[str, str]

    @contextmanager
    def open(self) -> Iterator["Terraform"]:
        """Terraform, with a session of processes that ends with the block. Raises OSError when there can be none."""
        with Session(self.context.workdir, self.environment) as session:
            yield Terraform(self.context, self.program, session)


def ready(context: StepContext) -> Ready | Failed:
    """Find the program and lay out the directory; says why that cannot be done."""
    assert isinstance(context.params, TerraformFileParams)
    found = program.find(context.settings.terraform_binary)
    if found is None:
        return Failed(NOT_FOUND, "terraform_missing", retryable=False)
    if context.module is None:
        return Failed("This step pins no Terraform module.", "terraform_module", retryable=False)
    try:
        cache = context.settings.terraform_plugin_cache
        environment = workspace.environment(context.workdir, context.params, context.state, cache)
        workspace.lay_out(context.workdir, context.module, context.params)
    except workspace.WorkspaceError as error:
        return Failed(str(error), "terraform_module", retryable=False)
    except OSError as error:
        return Failed(f"The worker could not prepare the run: {error.strerror}.", "worker_error")
    return Ready(context, found, environment)


class Terraform:
    """The commands of one step, within its time."""

    def __init__(self, context: StepContext, found: list[str], session: Session) -> None:
        self.context = context
        self.limits = Limits(time.monotonic() + context.budget.total_seconds(), context.stopping)
        self._program = found
        self._session = session

    def init(self) -> Ran:
        """Ready the directory: modules, providers, the backend."""
        self.context.log("Preparing Terraform")
        return self._telling(Narration(self.context.log), "init")

    def plan(self, *words: str) -> Ran:
        """Ask what would be done, and keep that as the plan. Changes nothing, the state included."""
        return self._telling(Narration(self.context.log), "plan", f"-out={PLAN}", *words)

    def apply(self) -> Ran:
        """Do what was planned."""
        return self._telling(Narration(self.context.log, silent=ALREADY_PLANNED), "apply", PLAN)

    def take_over(self, address: str, key: str) -> Ran:
        """Note in the state that what the provider calls `key` stands at `address`. Changes nothing outside.

        The one command without a stream of JSON. `--`: neither is an option, whatever it begins with.
        """
        told = Narration(self.context.log)
        return Ran(self._command(told.take, self.limits, "import", "-input=false", "-no-color", "--", address, key), told)

    def trust(self, address: str) -> Ran:
        """Note in the state that what stands at `address` is whole, though a run had built it only in part (`untaint`)."""
        told = Narration(self.context.log)
        return Ran(self._command(told.take, self.limits, "untaint", "-no-color", "--", address), told)

    def state(self) -> tuple[Ended, Mapping[str, Any]]:
        """`show -json` of the state as it was saved."""
        return self._show()

    def planned(self) -> tuple[Ended, Mapping[str, Any]]:
        """`show -json` of the plan that was made last."""
        return self._show(PLAN)

    def read(self) -> Outcome:
        """The outputs and the resources, from the state as it was saved. One command tells both."""
        ended, state = self._show()
        secret: frozenset[str] = frozenset()
        if ended.code == 0 and results.may_declare_secrets(self.context.workdir / "module"):
            ended, plan = self._show(PLAN)
            secret = results.declared_secrets(plan)
        if ended.code != 0:
            return self.failure(Ran(ended, Narration(self.context.log)))
        return results.done(state, secret, self.context.declared)

    def unchanged(self, ran: Ran, verb: str) -> Outcome | None:
        """The outcome of a command that changes nothing; None when it went well. verb: what was to come, "built"."""
        if ran.ended.stopped:
            return self.stopped_early(ran.ended.stopped, verb)
        return None if ran.ended.code == 0 else self.failure(ran)

    def stopped_early(self, why: str, verb: str) -> Outcome:
        """Stopped before anything was done. why: see `Limits.reached`."""
        told = f"Terraform was stopped before it {verb} anything"
        if why == "timeout":
            return Failed(f"{told}: its time of {self.context.budget} was over.", "timeout")
        return Again(f"{told}.")

    def failure(self, ran: Ran) -> Failed:
        """What Terraform says went wrong, with the catalog's advice."""
        said = "\n".join([*ran.told.text, plain_text(ran.ended.complaint)]).strip()
        otherwise = said or f"Terraform ended with exit code {ran.ended.code}."
        return diagnostics.failed(ran.told.diagnostics, self.context.errors, otherwise)

    def state_is_lost(self, ran: Ran) -> bool:
        """Whether an apply that ended could not save what it had done."""
        return ran.told.unsaved or (self.context.workdir / LOST_STATE).exists()

    def _show(self, *words: str) -> tuple[Ended, Mapping[str, Any]]:
        lines: list[bytes] = []
        limits = Limits(max(self.limits.deadline, time.monotonic() + READING_SECONDS), Event())
        ended = self._command(lines.append, limits, "show", "-json", "-no-color", *words)
        return ended, parse(b"".join(lines)) or {}

    def _telling(self, told: Narration, name: str, *words: str) -> Ran:
        return Ran(self._command(told.take, self.limits, name, "-json", "-input=false", "-no-color", *words), told)

    def _command(self, take: Callable[[bytes], None], limits: Limits, *words: str) -> Ended:
        return self._session.run([*self._program, *words], take, limits)
