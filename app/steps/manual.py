"""Step type `ManualTask`: work for a person, told in the rendered instructions."""

from datetime import timedelta
from typing import ClassVar

from app.core.durations import parse_duration
from app.core.outcomes import NeedsHuman, Outcome
from app.core.step_params import ManualTaskParams, StepParams
from app.steps.base import StepContext
from app.steps.parts import Harmless


class ManualTask(Harmless):
    """Asks for a ticket at once. The ticket's resolution completes the step; nothing is polled."""

    name: ClassVar[str] = "ManualTask"
    Params: ClassVar[type[StepParams]] = ManualTaskParams

    def run(self, context: StepContext) -> Outcome:
        """The instructions, who is asked first, and until when."""
        params = context.params
        assert isinstance(params, ManualTaskParams)
        return NeedsHuman(params.instructions, assign_to=params.assign_to or None, due=_due(params.due, context))


def _due(text: str | None, context: StepContext) -> timedelta | None:
    """A date that cannot be read is no reason to keep the work from a person: the ticket opens without one."""
    if not text:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        context.log(f"The ticket has no due date: `due` {error}, not {text!r}.")
        return None
