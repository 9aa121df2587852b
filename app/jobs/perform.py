"""The middle act: render the step's template, call its type, verify. No transaction is open while the outside is called."""

import logging
import traceback
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, Row, select

from app.core.adoption import Adopted
from app.core.expressions import ExpressionError, references, render
from app.core.outcomes import Again, Done, Failed, Indeterminate, NeedsHuman, Outcome
from app.core.shapes import shape_faults
from app.core.statuses import Activity
from app.core.step_params import STEP_PARAMS, StepParams, parse
from app.core.verification import Check, verify
from app.errors import Unavailable
from app.jobs.files import StepFiles
from app.jobs.folders import NO_FOLDER, private_folder
from app.jobs.leases import Held
from app.jobs.logs import AttemptLog
from app.jobs.notes import note
from app.lifecycle.engine import adopting
from app.lifecycle.engine.claims import Claim
from app.lifecycle.engine.house import RequestHouse
from app.lifecycle.engine.progress import LOOKS
from app.lifecycle.engine.result import Result
from app.lifecycle.engine.scopes import Scopes
from app.lifecycle.files.store import FileStore
from app.models import CatalogModule
from app.models.tables import ATTEMPT, REQUEST
from app.outbound import Outbound, Redactor
from app.state_server import StateServer
from app.steps import PLANNERS, REGISTRY
from app.steps.base import Adopts, StateAccess, StepContext, StepSettings, StepType
from app.vault import Vault, VaultError

log = logging.getLogger(__name__)
NOTHING: Mapping[str, Any] = {}
CHECK_FAILED = "check_failed"
UNJUDGED = frozenset({Activity.UNDO, Activity.PLAN})
"""Activities that yield no outputs of the step."""


@dataclass(frozen=True, slots=True)
class Performer:
    """What a worker brings along for every step it runs."""

    engine: Engine
    vault: Vault
    files: FileStore
    outbound: Outbound
    states: StateServer
    settings: StepSettings
    secrets: Mapping[str, str]
    default_budget: timedelta

    def scopes(self, connection: Connection, request: Row[Any]) -> Scopes:
        """The scopes of a request, with the operator's secrets, which only step templates see."""
        return Scopes(connection, request, self.vault, self.secrets)

    def perform(self, claim: Claim, held: Held) -> Result:
        """Run, poll, probe, stop, undo or plan the claimed step, or take over what a person made in its place.

        A bug in a step type leaves it unknown: it may have taken effect.

        Raises SQLAlchemyError before anything is called, never after.
        """
        if _out_of_time(claim):
            message = "the time of the whole automation was over before this step could begin"
            return Result(Failed(message, kind="timeout", retryable=False))
        if claim.activity == Activity.ADOPT and claim.step.stop_wanted:
            return Result(Again("the request was ended before anything was taken over"), stopped=True)
        with ExitStack() as stack:
            try:
                prepared = self._prepare(claim, StepFiles(stack))
            except (ExpressionError, _BadParamsError) as error:
                return Result(_not_called(claim, str(error), "template_error"))
            except VaultError as error:
                return Result(_not_called(claim, error.message, "secret_unreadable"))
            except Unavailable as error:
                return Result(_not_called(claim, error.message, "file_store_unavailable", retryable=True))
            lines = self._lines(claim, prepared, stack)
            called = self._call(claim, held, prepared, lines, stack)
            outcome, checks = (called, None) if claim.activity in UNJUDGED else _judged(claim.step, called)
            if isinstance(outcome, Failed) and outcome is not called:
                lines(outcome.message)  # What a step type says itself it has written already.
        masked = prepared.redactor.deep
        stopped = held.stopping.is_set()
        return Result(_masked(outcome, prepared.redactor), masked(prepared.template), masked(checks), stopped)

    def _lines(self, claim: Claim, prepared: "_Prepared", stack: ExitStack) -> Callable[[str], None]:
        """What takes the lines of a step: the log of its attempt. A plan is none, and what it finds is kept as a whole."""
        if claim.activity == Activity.PLAN:
            return _unheard
        lines = AttemptLog(self.engine, claim.step.id, claim.step.attempt, prepared.redactor)
        stack.callback(lines.close)
        return lines

    def _prepare(self, claim: Claim, files: StepFiles) -> "_Prepared":
        """Cost: nothing is read for a step whose template looks at nothing."""
        step_type, template = _wanted(claim)
        probes = claim.activity == Activity.PROBE
        if not probes and claim.step.module_sha256 is None and not references(template):
            return self._prepared(step_type, render(template, {}))
        with self.engine.begin() as connection:
            rendered, hidden = self._rendered(connection, claim, template, files)
            module = self._module(connection, claim.step.module_sha256)
            noted = self._noted(connection, claim) if probes else {}
            adopts = claim.activity == Activity.ADOPT
            adopt, given = adopting.handed_over(connection, self.vault, claim.step.id) if adopts else ((), None)
        if claim.activity != Activity.POLL:  # It looks at what goes on outside, which has got what it needs.
            files.write(self.engine, self.files, rendered)
        return replace(self._prepared(step_type, rendered, hidden, module, noted), adopt=adopt, given=given)

    def _prepared(
        self,
        step_type: str,
        rendered: Any,
        hidden: Sequence[str] = (),
        module: bytes | None = None,
        noted: Mapping[str, Any] = NOTHING,
    ) -> "_Prepared":
        redactor = Redactor([*self.secrets.values(), *hidden])
        return _Prepared(step_type, rendered, _params(step_type, rendered), redactor, module, noted)

    @staticmethod
    def _module(connection: Connection, sha256: str | None) -> bytes | None:
        return connection.scalar(select(CatalogModule.archive).where(CatalogModule.sha256 == sha256)) if sha256 else None

    def _rendered(self, connection: Connection, claim: Claim, template: Any, files: StepFiles) -> tuple[Any, list[str]]:
        """The template as the step sees it, and what must be masked in it. One that looks at nothing costs no reading."""
        if not references(template):
            return render(template, {}), []
        request = connection.execute(select(REQUEST).where(REQUEST.c.id == claim.request)).one()
        scopes = replace(self.scopes(connection, request), file=files.place)
        rendered = render(template, scopes.of(claim.step.item_alias))
        return rendered, scopes.hidden

    @staticmethod
    def _noted(connection: Connection, claim: Claim) -> Mapping[str, Any]:
        mine = (ATTEMPT.c.step_id == claim.step.id, ATTEMPT.c.attempt_number == claim.step.attempt)
        return connection.scalar(select(ATTEMPT.c.noted).where(*mine)) or {}

    def _call(self, claim: Claim, held: Held, prepared: "_Prepared", lines: Callable[[str], None], stack: ExitStack) -> Outcome:
        step_type = REGISTRY.get(prepared.step_type)
        if step_type is None:
            return _not_called(claim, f"this worker runs no {prepared.step_type} steps", "unknown_step_type")
        try:
            return _asked(step_type, claim)(self._context(claim, held, prepared, lines, stack))
        except Exception as error:  # noqa: BLE001  logged below, masked: its words may quote what the step was given
            # The one boundary around step types. What was called before the bug may have taken effect: not a failure.
            about = {"step": str(claim.step.id), "step_type": prepared.step_type}
            log.error("a step type raised", extra=about | {"trace": prepared.redactor(traceback.format_exc())})
            return Indeterminate({"what": "the step type broke while it ran", "error": f"{type(error).__name__}: {error}"})

    def _context(
        self, claim: Claim, held: Held, prepared: "_Prepared", lines: Callable[[str], None], stack: ExitStack
    ) -> StepContext:
        step = claim.step
        return StepContext(
            idempotency_key=claim.idempotency_key,
            request_id=claim.request_id,
            step_id=step.step_id,
            step_name=step.step_name,
            attempt=step.attempt,
            params=prepared.params,
            settings=self.settings,
            http=self.outbound,
            log=lines,
            workdir=NO_FOLDER if step.module_sha256 is None else stack.enter_context(private_folder()),
            stopping=held.stopping,
            budget=self._budget(claim),
            declared=step.step_config.get("outputs") or {},
            errors=step.step_config.get("errors") or (),
            verification=step.verification_config,
            module=prepared.module,
            state=self._state(claim, stack),
            handle=step.handle,
            note=partial(note, self.engine, claim),
            noted=prepared.noted,
            external_id=step.external_id,
            outputs=step.outputs if prepared.given is None else prepared.given,
            adopt=prepared.adopt,
            house=RequestHouse(self.engine, claim),
        )

    def _budget(self, claim: Claim) -> timedelta:
        """How long this call may take: the step's own timeout, and what is left of the automation's."""
        timeout = claim.step.step_config.get("timeout")
        own = timedelta(seconds=timeout) if timeout else self.default_budget
        if claim.activity != Activity.RUN or claim.step.deadline is None:
            return own
        left: timedelta = claim.step.deadline - claim.step.claimed_at
        return min(own, left)

    def _state(self, claim: Claim, stack: ExitStack) -> StateAccess | None:
        if claim.step.module_sha256 is None:
            return None
        return stack.enter_context(self.states.open(claim.step.id, claim.token))


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A step's template, rendered and checked, with all that must be masked in what people see of it.

    adopt, given: what is to be taken over, and the outputs that a person gave with it.
    """

    step_type: str
    template: Any
    params: StepParams
    redactor: Redactor
    module: bytes | None
    noted: Mapping[str, Any]
    adopt: Sequence[Adopted] = ()
    given: Mapping[str, Any] | None = None


def _out_of_time(claim: Claim) -> bool:
    """Whether a run may not begin any more. Whatever has begun is looked at, late or not."""
    step = claim.step
    return claim.activity == Activity.RUN and step.deadline is not None and bool(step.deadline <= step.claimed_at)


def _not_called(claim: Claim, message: str, kind: str, *, retryable: bool = False) -> Failed | Indeterminate:
    """The step type could not even be called. Of what had begun before, that says nothing: a person must look."""
    if claim.activity in LOOKS:
        return Indeterminate({"what": "nobody could look", "problem": message})
    return Failed(message, kind=kind, retryable=retryable)


def _unheard(_line: str) -> None:
    """Take a line that nobody is to read."""


def _rollback(claim: Claim) -> Mapping[str, Any] | None:
    """The step that undoes this one, where it is an undo by a step of its own: `{type, template}`."""
    config = claim.step.step_config
    return config["rollback"] if claim.activity == Activity.UNDO and config.get("undo") == "rollback" else None


def _wanted(claim: Claim) -> tuple[str, Any]:
    """The step type to call and its template."""
    rollback = _rollback(claim)
    if rollback is not None:
        return rollback["type"], rollback.get("template") or {}
    return claim.step.step_type, claim.step.step_config.get("template") or {}


def _asked(step_type: StepType, claim: Claim) -> Callable[[StepContext], Outcome]:
    """Which act of the step type a claim asks for."""
    if claim.activity == Activity.POLL:
        return step_type.stop if claim.step.stop_wanted else step_type.poll
    if claim.activity == Activity.PROBE:
        return step_type.probe
    if claim.activity == Activity.PLAN:
        return PLANNERS[claim.step.step_type].plan
    if claim.activity == Activity.ADOPT:
        if not isinstance(step_type, Adopts):
            raise TypeError(f"{type(step_type).__name__} takes over nothing")
        return step_type.adopt
    if claim.activity == Activity.UNDO:
        if _rollback(claim) is None:
            return step_type.undo
        return step_type.poll if claim.step.handle else step_type.run
    return step_type.run


class _BadParamsError(Exception):
    """The rendered template does not fit its step type."""


def _params(step_type: str, rendered: Any) -> StepParams:
    if step_type not in STEP_PARAMS:
        raise _BadParamsError(f"there is no step type {step_type}")
    try:
        return parse(step_type, rendered)
    except ValidationError as error:
        faults = shape_faults(STEP_PARAMS[step_type], error, rendered)
        raise _BadParamsError("; ".join(f"{fault.pointer or 'template'} {fault.message}" for fault in faults)) from None


def _judged(step: Row[Any], outcome: Outcome) -> tuple[Outcome, list[dict[str, Any]] | None]:
    """A `Done` that lacks declared outputs, or that verification does not confirm, has failed.

    A check that does not hold says as well what it had expected and what it saw.
    """
    if isinstance(outcome, Failed) and outcome.kind == CHECK_FAILED and step.verification_config:
        return outcome, [_as_json(check) for check in verify(step.verification_config, outcome.details)]
    if not isinstance(outcome, Done):
        return outcome, None
    missing = sorted((step.step_config.get("outputs") or {}).keys() - outcome.outputs.keys())
    if missing:
        message = f"the step did not yield {', '.join(missing)}"
        return Failed(message, kind="missing_outputs", details={"missing": missing}, retryable=False), None
    if not step.verification_config:
        return outcome, None
    checks = verify(step.verification_config, outcome.evidence)
    seen = [_as_json(check) for check in checks]
    wrong = next((check for check in checks if not check.ok), None)
    if wrong is None:
        return outcome, seen
    message = f"verification failed: {wrong.name} should be {wrong.expected}, was {wrong.actual}"
    return Failed(message, kind="verification_failed", details={"checks": seen}, retryable=False), seen


def _as_json(check: Check) -> dict[str, Any]:
    return {"name": check.name, "ok": check.ok, "expected": check.expected, "actual": check.actual}


def _masked(outcome: Outcome, redactor: Redactor) -> Outcome:
    """What is shown of a failure carries no secret; outputs are kept as they are, the sensitive ones encrypted later.

    Sensitive is also what repeats a secret that the step was given, whatever the catalog says of it.
    """
    if isinstance(outcome, Done):
        outcome = replace(outcome, evidence=redactor.deep(dict(outcome.evidence)))
        repeats = {name for name, value in outcome.outputs.items() if redactor.deep(value) != value}
        return replace(outcome, sensitive=outcome.sensitive | repeats) if repeats - outcome.sensitive else outcome
    if isinstance(outcome, Failed):
        return Failed(
            redactor(outcome.message),
            outcome.kind,
            redactor.deep(dict(outcome.details)),
            outcome.retryable,
            outcome.retry_after,
        )
    if isinstance(outcome, NeedsHuman):
        title = redactor(outcome.title) if outcome.title else None
        return replace(outcome, instructions=redactor(outcome.instructions), title=title)
    if isinstance(outcome, Again):
        return Again(redactor(outcome.reason))
    if isinstance(outcome, Indeterminate):
        return Indeterminate(redactor.deep(dict(outcome.evidence)))
    return outcome
