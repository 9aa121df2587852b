"""The middle act: render the step's template, run its type, verify. No transaction is open while the outside is called."""

import logging
import traceback
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from pydantic import ValidationError
from sqlalchemy import Connection, Engine, Row, select

from app.core.expressions import ExpressionError, render
from app.core.outcomes import Done, Failed, Indeterminate, NeedsHuman, Outcome
from app.core.shapes import shape_faults
from app.core.statuses import Activity
from app.core.step_params import STEP_PARAMS, StepParams, parse
from app.core.verification import Check, verify
from app.jobs.folders import private_folder
from app.jobs.leases import Held
from app.jobs.logs import AttemptLog
from app.lifecycle.claims import Claim
from app.lifecycle.progress import Result
from app.lifecycle.scopes import Scopes
from app.models import CatalogModule
from app.outbound import Outbound, Redactor
from app.state_server import StateServer
from app.steps import REGISTRY
from app.steps.base import StateAccess, StepContext, StepSettings
from app.vault import Vault, VaultError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Performer:
    """What a worker brings along for every step it runs."""

    engine: Engine
    vault: Vault
    outbound: Outbound
    states: StateServer
    settings: StepSettings
    secrets: Mapping[str, str]
    default_budget: timedelta

    def scopes(self, connection: Connection, request: Row[Any]) -> Scopes:
        """The scopes of a request, with the operator's secrets, which only step templates see."""
        return Scopes(connection, request, self.vault, self.secrets)

    def perform(self, claim: Claim, held: Held) -> Result:
        """Run the claimed step. A bug in a step type leaves the step unknown: it may have taken effect.

        Raises SQLAlchemyError before anything is called, never after.
        """
        try:
            prepared = self._prepare(claim)
        except (ExpressionError, _BadParamsError) as error:
            return Result(Failed(str(error), kind="template_error", retryable=False))
        except VaultError as error:
            return Result(Failed(error.message, kind="secret_unreadable", retryable=False))
        with ExitStack() as stack:
            lines = AttemptLog(self.engine, claim.step.id, claim.step.attempt, prepared.redactor)
            stack.callback(lines.close)
            called = self._call(claim, held, prepared, lines, stack)
            outcome, checks = _judged(claim.step, called)
            if isinstance(outcome, Failed) and outcome is not called:
                lines(outcome.message)  # What a step type says itself it has written already.
        masked = prepared.redactor.deep
        return Result(_masked(outcome, prepared.redactor), masked(prepared.template), masked(checks))

    def _prepare(self, claim: Claim) -> "_Prepared":
        template = claim.step.step_config.get("template") or {}
        with self.engine.begin() as connection:
            scopes = self.scopes(connection, claim.request)
            rendered = render(template, scopes.for_template(claim.step.item_alias, template))
            redactor = Redactor([*self.secrets.values(), *scopes.secret_values(template)])
            module = None
            if claim.step.module_sha256:
                module = connection.scalar(
                    select(CatalogModule.archive).where(CatalogModule.sha256 == claim.step.module_sha256)
                )
        return _Prepared(rendered, _params(claim.step.step_type, rendered), redactor, module)

    def _call(self, claim: Claim, held: Held, prepared: "_Prepared", lines: AttemptLog, stack: ExitStack) -> Outcome:
        step_type = REGISTRY.get(claim.step.step_type)
        if step_type is None:
            return Failed(f"this worker runs no {claim.step.step_type} steps", kind="unknown_step_type", retryable=False)
        try:
            context = self._context(claim, held, prepared, lines, stack)
            return step_type.poll(context) if claim.activity == Activity.POLL else step_type.run(context)
        except Exception as error:  # noqa: BLE001  logged below, masked: its words may quote what the step was given
            # The one boundary around step types. What was called before the bug may have taken effect: not a failure.
            about = {"step": str(claim.step.id), "step_type": claim.step.step_type}
            log.error("a step type raised", extra=about | {"trace": prepared.redactor(traceback.format_exc())})
            return Indeterminate({"what": "the step type broke while it ran", "error": f"{type(error).__name__}: {error}"})

    def _context(self, claim: Claim, held: Held, prepared: "_Prepared", lines: AttemptLog, stack: ExitStack) -> StepContext:
        step = claim.step
        timeout = step.step_config.get("timeout")
        return StepContext(
            idempotency_key=claim.idempotency_key,
            request_id=claim.request.request_id,
            step_id=step.step_id,
            step_name=step.step_name,
            attempt=step.attempt,
            params=prepared.params,
            settings=self.settings,
            http=self.outbound,
            log=lines,
            workdir=stack.enter_context(private_folder()),
            stopping=held.stopping,
            budget=timedelta(seconds=timeout) if timeout else self.default_budget,
            declared=step.step_config.get("outputs") or {},
            errors=step.step_config.get("errors") or (),
            verification=step.verification_config,
            module=prepared.module,
            state=self._state(claim, stack),
            handle=step.handle,
        )

    def _state(self, claim: Claim, stack: ExitStack) -> StateAccess | None:
        if claim.step.module_sha256 is None:
            return None
        return stack.enter_context(self.states.open(claim.step.id, claim.token))


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A step's template, rendered and checked, with all that must be masked in what people see of it."""

    template: Any
    params: StepParams
    redactor: Redactor
    module: bytes | None


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
    """A `Done` that lacks declared outputs, or that verification does not confirm, has failed."""
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
    """What is shown of a failure carries no secret; outputs are kept as they are, the sensitive ones encrypted later."""
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
    if isinstance(outcome, Indeterminate):
        return Indeterminate(redactor.deep(dict(outcome.evidence)))
    return outcome
