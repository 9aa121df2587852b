"""Carrying out a plan, to build or to destroy: noted before it begins, and judged by what is saved when it ends too soon.

| how the apply ended                                    | built                      | destroyed                         |
|--------------------------------------------------------|----------------------------|-----------------------------------|
| well, or interrupted after everything was done         | go on                      | go on                             |
| told to stop, the state saved                          | Again: the state goes on   | Again                             |
| out of time, the state saved                           | Failed, `timeout`          | Failed, `timeout`                 |
| Terraform said why, the state saved                    | Failed                     | Failed                            |
| killed, crashed, or the state not saved                | Indeterminate              | Failed: refresh finds what is gone |
"""

from dataclasses import dataclass
from typing import Any

from app.core.outcomes import Again, Failed, Indeterminate, Outcome
from app.steps.terraform import diagnostics, planned
from app.steps.terraform.commands import Ran, Terraform
from app.steps.terraform.narration import Narration

HANDLED = 1
"""What Terraform exits with when it saw the error itself and saved the state; a crash or a kill exits with something else."""
BUILT, DESTROYED = "built", "destroyed"


@dataclass(frozen=True, slots=True)
class Applying:
    """One plan, to be carried out. verb: `BUILT` or `DESTROYED`."""

    terraform: Terraform
    plan: Narration
    verb: str

    def outcome(self) -> Outcome | None:
        """What came of it; None when everything was done."""
        if why := self.terraform.limits.reached():
            return self.terraform.stopped_early(why, self.verb)
        if not self.terraform.context.note(planned.facts(self.plan, self.verb)):
            return Again(f"What was about to be {self.verb} could not be noted, so nothing was.")
        ran = self.terraform.apply()
        if ran.ended.code == 0 or ran.told.applied:
            return None  # An interrupt that comes when all is done may still spoil the exit code.
        return self._broken_off(ran)

    def _broken_off(self, ran: Ran) -> Outcome:
        if self.terraform.state_is_lost(ran):
            return self._unknown(ran, "the state could not be saved")
        if ran.ended.code != HANDLED:
            return self._unknown(ran, ran.ended.stopped or f"the program ended with exit code {ran.ended.code}")
        if ran.ended.stopped == "timeout":
            told = f"This run of Terraform did not finish in its time of {self.terraform.context.budget}. {self._so_far(ran)}"
            return Failed(told, "timeout", {self.verb: ran.told.done})
        if ran.ended.stopped:
            return Again(f"This run of Terraform was stopped. {self._so_far(ran)}")
        return self.terraform.failure(ran)

    def _so_far(self, ran: Ran) -> str:
        done = [one["resource"] for one in ran.told.done if (one["action"] == "delete") == (self.verb == DESTROYED)]
        names = ", ".join(done) or "nothing"
        return f"So far it has {self.verb} {names}; the next one goes on from the state."

    def _unknown(self, ran: Ran, reason: str) -> Outcome:
        """Building is unknown. Destroying is not: whatever is gone is found gone, so it may simply be done again."""
        told = [diagnostics.brief(one) for one in ran.told.diagnostics[: diagnostics.KEPT_DIAGNOSTICS]]
        seen: dict[str, Any] = {"stage": "apply", "reason": reason, self.verb: ran.told.done, "diagnostics": told}
        if self.verb == DESTROYED:
            message = f"Terraform broke off while it destroyed: {reason}. Undoing again is safe: it finds what is gone already."
            return Failed(message, diagnostics.KIND, seen)
        return Indeterminate(seen | self._narrowed(ran))

    def _narrowed(self, ran: Ran) -> dict[str, Any]:
        """Of all that was planned only what had begun is in doubt: note that, for the probe that follows."""
        begun = planned.begun(self.plan, ran.told)
        self.terraform.context.note(begun)
        return {"check": planned.doubtful(begun)}
