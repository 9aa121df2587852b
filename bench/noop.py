"""Step types of the bench: one does nothing, one waits 20 ms. The portal knows neither; `register` tells this process."""

import time
from typing import ClassVar, cast

from app.core.outcomes import Done, Outcome
from app.core.step_params import STEP_PARAMS, StepParams
from app.steps import REGISTRY
from app.steps.base import StepContext, StepType
from app.steps.parts import Harmless

NAP_SECONDS = 0.02


class NoParams(StepParams):
    """There are none."""


class Noop(Harmless):
    """Does nothing, at once."""

    name: ClassVar[str] = "Noop"
    Params: ClassVar[type[StepParams]] = NoParams

    def run(self, _context: StepContext) -> Outcome:
        """Done."""
        return Done()


class Nap(Harmless):
    """Waits as a call to somewhere else would, without work of its own."""

    name: ClassVar[str] = "Nap"
    Params: ClassVar[type[StepParams]] = NoParams

    def run(self, _context: StepContext) -> Outcome:
        """Done after 20 ms."""
        time.sleep(NAP_SECONDS)
        return Done()


def register() -> None:
    """Add both to the tables of this process. They are read-only for the portal, whose step types are a list in its code."""
    types: tuple[StepType, ...] = (Noop(), Nap())
    for step_type in types:
        cast("dict[str, StepType]", REGISTRY)[step_type.name] = step_type
        cast("dict[str, type[StepParams]]", STEP_PARAMS)[step_type.name] = step_type.Params
