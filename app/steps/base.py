"""The small protocol of a step type: plain values in, an outcome out. No database, no queue, no Flask.

A step type is one module with one class. `run` makes the call; `poll` looks again at something that goes on outside, after
`run` or `poll` answered `Waiting`; `stop` asks that to end; `probe` finds out what became of a run whose answer got lost;
`undo` takes back what a run made. `steps.parts` has what most types answer to the last three. The parameters of each type
are in `core.step_params`, so that the loader can check a `template` without network code.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any, ClassVar, Protocol, runtime_checkable

from app.core.adoption import Adopted
from app.core.house_checks import Held
from app.core.outcomes import Outcome
from app.core.quota import QuotaLine
from app.core.step_params import StepParams
from app.outbound import Outbound


@dataclass(frozen=True, slots=True)
class StateAccess:
    """Where a Terraform run keeps its state: an HTTP backend on this worker's loopback, with a token for this run."""

    address: str
    username: str
    password: str


@dataclass(frozen=True, slots=True)
class StepSettings:
    """What the operator configured for step types (see docs/configuration.md)."""

    github_api_url: str
    github_token: str
    terraform_binary: str
    terraform_plugin_cache: Path | None = None
    tfe_api_url: str = ""
    tfe_token: str = ""
    tfe_organization: str = ""


def _nothing_kept(_facts: Mapping[str, Any]) -> bool:
    """What `note` answers where nobody keeps anything."""
    return True


class House(Protocol):
    """What a check may ask about the portal's own orders."""

    def take(self, named: str, value: Any, among: str) -> Held | None:
        """Take a value for this request; who else has it, None where it is the request's now."""
        ...

    def quotas(self) -> Sequence[QuotaLine]:
        """The limits that this request touches, as things stand now, its own part included."""
        ...


class _NoOrders:
    """A house in which nobody has ordered anything."""

    def take(self, _named: str, _value: Any, _among: str) -> Held | None:
        """Everything is free."""
        return None

    def quotas(self) -> Sequence[QuotaLine]:
        """Nothing is limited."""
        return ()


NO_ORDERS: House = _NoOrders()


@dataclass(frozen=True, slots=True)
class StepContext:
    """All that a step may see of the world.

    idempotency_key: stable for one attempt group of one step; the same key means the same wish. params: the rendered
    template, checked. declared: the step's `outputs` of the catalog, by name. errors: the catalog's `[{match, error_code,
    advice}]`. module: the pinned Terraform module as a gzipped tar, or None. workdir: a private directory (0700) of a step
    that pins a module, removed by the worker afterwards. handle: what the last `Waiting` carried. log: write one line for
    people; secrets are masked by the worker. stopping: set when the step must end soon (lease lost, worker told to stop,
    request cancelled); a step with a child process ends it then, and answers `Again` where nothing was lost by it. budget:
    how long this call may take. note: keep facts (JSON, no secrets) with the attempt before something is done that a probe
    would have to know of; False when they could not be kept, and then it must not be done. noted: what the attempt had noted,
    for a probe. outputs: what the step had yielded, for an undo; for `adopt` what the person gave. adopt: what is taken over.
    house: what checks ask about the portal's own orders.
    """

    idempotency_key: str
    request_id: str
    step_id: str
    step_name: str
    attempt: int
    params: StepParams
    settings: StepSettings
    http: Outbound
    log: Callable[[str], None]
    workdir: Path
    stopping: Event
    budget: timedelta
    declared: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    errors: Sequence[Mapping[str, str]] = ()
    verification: Mapping[str, Any] | None = None
    module: bytes | None = None
    state: StateAccess | None = None
    handle: Mapping[str, Any] = field(default_factory=dict)
    note: Callable[[Mapping[str, Any]], bool] = _nothing_kept
    noted: Mapping[str, Any] = field(default_factory=dict)
    external_id: str | None = None
    outputs: Mapping[str, Any] = field(default_factory=dict)
    adopt: Sequence[Adopted] = ()
    house: House = NO_ORDERS


class StepType(Protocol):
    """One kind of step."""

    name: ClassVar[str]
    Params: ClassVar[type[StepParams]]

    def run(self, context: StepContext) -> Outcome:
        """Make the call. The worker has committed the intent before; nothing of ours is locked while this runs."""
        ...

    def poll(self, context: StepContext) -> Outcome:
        """Look again at what `context.handle` names."""
        ...

    def probe(self, context: StepContext) -> Outcome:
        """Find out what became of a run that never answered; it changes nothing outside.

        `Done` (it took effect), `Waiting` (it goes on outside), `Failed` (it ended badly), `Again` (run it again: it did not
        take effect, or repeating is harmless), `Indeterminate` (a person must look; its evidence says at what).
        """
        ...

    def stop(self, context: StepContext) -> Outcome:
        """Ask what `context.handle` names to end, and answer as `poll` does. May be called more than once."""
        ...

    def undo(self, context: StepContext) -> Outcome:
        """Take back what `run` made: `Done` when it is gone. After `Waiting` it is called again, with the handle.

        Only for types whose `core.step_params.undo_of` is `own`; safe to repeat after a worker's death.
        """
        ...


class Planner(Protocol):
    """A kind of step that can say beforehand what running it again would change."""

    def plan(self, context: StepContext) -> Outcome:
        """Look, and change nothing outside, the state and its lock included.

        `Done` with `{changes, counts, left_out}` as its evidence (see `terraform.preview`), `Failed` where no plan can be made,
        `Again` where it was stopped.
        """
        ...


@runtime_checkable
class Adopts(Protocol):
    """A step type that can take over what a person made."""

    def adopt(self, context: StepContext) -> Outcome:
        """Bring `context.adopt` under management, changing nothing outside. Safe to repeat after a worker's death.

        `Done` completes the step: its evidence says what was `adopted` and what is `pending`, to be changed by the next run.
        `Again` when it was stopped; anything else goes back to the person.
        """
        ...
