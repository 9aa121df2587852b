"""What a run of HCP Terraform that has ended means for its step: outputs, the error that its log tells, or a question."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.core.outcomes import Again, Done, Failed, Indeterminate, Outcome
from app.steps.base import StepContext
from app.steps.terraform import diagnostics, remote_archive, results
from app.steps.terraform.narration import Narration
from app.steps.terraform.remote_api import Tfe, TfeError
from app.steps.terraform.remote_shapes import Run

MARKS = b"\x02\x03"
"""What HCP Terraform puts around a log."""
TOLD_BEFORE = frozenset({"planned_change"})


def narrated(context: StepContext, api: Tfe, kind: str, log_id: str | None) -> Narration:
    """Tell the log of a plan or an apply (kind: `plans`, `applies`), as far as it can be had: it is no reason to fail."""
    narration = Narration(context.log, silent=TOLD_BEFORE if kind == "applies" else frozenset())
    try:
        written = api.log(kind, log_id) if log_id else b""
    except TfeError as error:
        context.log(f"The log of the run cannot be read: {error}.")
        return narration
    for line in written.strip(MARKS).splitlines():
        narration.take(line)
    return narration


@dataclass(frozen=True, slots=True)
class Ending:
    """One run that has ended. handle: as of the step's waits. where: what a person needs to find the run. link: its page."""

    context: StepContext
    api: Tfe
    run: Run
    handle: Mapping[str, Any]
    where: Mapping[str, Any]
    link: str | None

    def outcome(self) -> Outcome | None:
        """What came of it; None while what was built is not readable yet. Raises TfeError."""
        if self.run.status in ("applied", "planned_and_finished") or self._was_unchanged:
            return self._well()
        if self.run.status == "errored":
            return self._errored()
        if self.run.status == "policy_soft_failed":
            return self._failed("A policy of HCP Terraform does not allow this plan.", "policy_failed")
        return self._ended_early()

    @property
    def _was_unchanged(self) -> bool:
        return self.run.status == "discarded" and self.run.has_changes is False and bool(self.handle.get("unchanged"))

    def _well(self) -> Outcome | None:
        if self.handle.get("undo"):
            return Done(external_id=self.run.id, tracking_url=self.link)
        outcome = self._collected()
        if outcome is not None and self.run.status == "applied":
            narrated(self.context, self.api, "applies", self.run.apply)
        return outcome

    def _collected(self) -> Outcome | None:
        state = self.api.current_state(self.handle["workspace_id"])
        if state is not None and not state.read:
            return None
        told = self.api.outputs(state.id) if state else {}
        built = results.built(told, state.managed if state else 0, self._declared_secrets(), self.context.declared)
        return replace(built, external_id=self.run.id, tracking_url=self.link) if isinstance(built, Done) else built

    def _declared_secrets(self) -> frozenset[str]:
        if self.context.module is None:
            return frozenset()
        return remote_archive.declared_secrets(self.context.module, self.context.workdir / "declared")

    def _errored(self) -> Outcome:
        began, log_id = self.run.began_to_apply, self.run.apply
        if began and log_id and self.api.lost_its_state(log_id):
            told = {"stage": "apply", "reason": "the state of what was built could not be saved"}
            return Indeterminate(dict(self.where) | told)
        narration = narrated(self.context, self.api, *(("applies", log_id) if began else ("plans", self.run.plan)))
        otherwise = "\n".join(narration.text).strip() or "The run ended with an error; its page has the log."
        failed = diagnostics.failed(narration.diagnostics, self.context.errors, otherwise)
        return replace(failed, details={**failed.details, **self.where})

    def _ended_early(self) -> Outcome:
        """A run that somebody ended, perhaps we."""
        forced = self.run.status == "force_canceled"
        if self.run.began_to_apply:
            if forced:
                return Indeterminate(dict(self.where) | {"stage": "apply", "reason": "the run was ended by force"})
            return self._failed("The run was cancelled while it applied. Its state has what was built until then.", "canceled")
        if self.handle.get("stopped"):
            return Again("the run was ended before it built anything")
        how = "discarded" if self.run.status == "discarded" else "cancelled"
        return self._failed(f"The run was {how} at HCP Terraform before it built anything.", "canceled")

    def _failed(self, message: str, kind: str) -> Failed:
        """Not retryable: a person, or a policy, has decided so."""
        return Failed(message, kind, dict(self.where), retryable=False)
