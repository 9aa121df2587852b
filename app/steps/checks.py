"""Step types of checks (`HttpCheck`, `UniqueCheck` …): does something hold, before anything is built or after.

One call is one look. What does not hold yet is looked at again, every so often, until the check's patience is used up; in
between it is a row that waits. Patience is counted in pauses and in how long the looks took, not by a clock: the next look may
be taken by another machine, whose clock is wrong.

`handle` of a wait: `{expected, actual, looks, waited}`, the last in seconds; details of a failure: the first three of these;
evidence: those and `ok`. A handle is stored as it is, so none of them says what a host is called, what a reply held or what a
value was: any of these may be a secret. What was looked at is in the attempt's inputs, where secrets are masked.
"""

import time
from abc import ABC, abstractmethod
from datetime import timedelta
from typing import Any, ClassVar

from app.core.house_checks import FREE, Seen, free, within_quota
from app.core.outcomes import Again, Done, Failed, Outcome, Waiting
from app.core.step_params import (
    CheckParams,
    DnsCheckParams,
    ExpressionCheckParams,
    HttpCheckParams,
    QuotaCheckParams,
    StepParams,
    TcpCheckParams,
    UniqueCheckParams,
)
from app.outbound import OutboundFailed, OutboundRefused
from app.steps.base import StepContext
from app.steps.parts import HasNoUndo

LONGEST_LOOK_SECONDS = 10.0
SUCCESS = range(200, 300)
HARMLESS = Again("looking changes nothing")


class _Check(HasNoUndo, ABC):
    """Patience, and what it comes to."""

    def run(self, context: StepContext) -> Outcome:
        """The first look."""
        return self._looked(context, looks=1, waited=0.0)

    def poll(self, context: StepContext) -> Outcome:
        """The next look."""
        return self._looked(context, looks=int(context.handle["looks"]) + 1, waited=float(context.handle["waited"]))

    def probe(self, _context: StepContext) -> Outcome:
        """It may simply be looked at again."""
        return HARMLESS

    def stop(self, _context: StepContext) -> Outcome:
        """Nothing goes on outside."""
        return HARMLESS

    @abstractmethod
    def look(self, context: StepContext) -> Seen:
        """One look. Raises OutboundFailed where nothing answered, which is no answer yet, and OutboundRefused."""

    @abstractmethod
    def expected(self, context: StepContext) -> Any:
        """What must be seen, as people read it."""

    def _looked(self, context: StepContext, looks: int, waited: float) -> Outcome:
        began = time.monotonic()
        try:
            seen = self.look(context)
        except OutboundFailed as error:
            seen = Seen(ok=False, expected=self.expected(context), actual=error.reason)
        except OutboundRefused as error:
            # The operator's settings: neither patience nor what the catalog says about this check is to the point.
            context.log(str(error))
            return _failed(Seen(ok=False, expected=self.expected(context), actual="not looked at"), looks, str(error))
        context.log(f"Look {looks}: {_spoken(seen.actual)}.")
        return _judged(_params(context), seen, looks, waited + time.monotonic() - began)


class HttpCheck(_Check):
    """An address answers as it should."""

    name: ClassVar[str] = "HttpCheck"
    Params: ClassVar[type[StepParams]] = HttpCheckParams

    def look(self, context: StepContext) -> Seen:
        """One GET; what it answered, nothing of what it said."""
        params = context.params
        assert isinstance(params, HttpCheckParams)
        headers = {name: _spoken(value) for name, value in params.headers.items()}
        status = context.http.request("GET", params.url, headers=headers, timeout=_timeout(context)).status
        ok = status in SUCCESS if params.status is None else status in _several(params.status)
        return Seen(ok, self.expected(context), status)

    def expected(self, context: StepContext) -> Any:
        """The status, the statuses, or `2xx`."""
        params = context.params
        assert isinstance(params, HttpCheckParams)
        return "2xx" if params.status is None else params.status


class TcpCheck(_Check):
    """A port takes connections."""

    name: ClassVar[str] = "TcpCheck"
    Params: ClassVar[type[StepParams]] = TcpCheckParams

    def look(self, context: StepContext) -> Seen:
        """One connection, closed at once."""
        params = context.params
        assert isinstance(params, TcpCheckParams)
        context.http.connect(params.host, int(params.port), timeout=_timeout(context))
        return Seen(ok=True, expected=self.expected(context), actual="it does")

    def expected(self, _context: StepContext) -> Any:
        """The same for all."""
        return "takes connections"


class DnsCheck(_Check):
    """A name has an address."""

    name: ClassVar[str] = "DnsCheck"
    Params: ClassVar[type[StepParams]] = DnsCheckParams

    def look(self, context: StepContext) -> Seen:
        """One look-up."""
        params = context.params
        assert isinstance(params, DnsCheckParams)
        return Seen(ok=True, expected=self.expected(context), actual=", ".join(context.http.lookup(params.host)))

    def expected(self, _context: StepContext) -> Any:
        """The same for all."""
        return "an address"


class ExpressionCheck(_Check):
    """An expression over the order is true."""

    name: ClassVar[str] = "ExpressionCheck"
    Params: ClassVar[type[StepParams]] = ExpressionCheckParams

    def look(self, context: StepContext) -> Seen:
        """The worker has worked it out; a value is not shown, only whether it counts as true."""
        params = context.params
        assert isinstance(params, ExpressionCheckParams)
        return Seen(bool(params.when), self.expected(context), bool(params.when))

    def expected(self, context: StepContext) -> Any:
        """The expression itself."""
        params = context.params
        assert isinstance(params, ExpressionCheckParams)
        return params.expression


class UniqueCheck(_Check):
    """No other order has a value. The first one that looks takes it, so that of two that were sent at once one goes on."""

    name: ClassVar[str] = "UniqueCheck"
    Params: ClassVar[type[StepParams]] = UniqueCheckParams

    def look(self, context: StepContext) -> Seen:
        """Take the value, or see that somebody has it."""
        params = context.params
        assert isinstance(params, UniqueCheckParams)
        return free(context.house.take(params.named, params.value, params.among))

    def expected(self, _context: StepContext) -> Any:
        """The same for all."""
        return FREE


class QuotaCheck(_Check):
    """With this order the team keeps to its quotas, as they are now."""

    name: ClassVar[str] = "QuotaCheck"
    Params: ClassVar[type[StepParams]] = QuotaCheckParams

    def look(self, context: StepContext) -> Seen:
        """What is left of them."""
        params = context.params
        assert isinstance(params, QuotaCheckParams)
        return within_quota(context.house.quotas(), params.resource, params.leave)

    def expected(self, context: StepContext) -> Any:
        """What must be left."""
        params = context.params
        assert isinstance(params, QuotaCheckParams)
        return within_quota((), params.resource, params.leave).expected


def _judged(params: CheckParams, seen: Seen, looks: int, waited: float) -> Outcome:
    if seen.ok:
        return Done(evidence={"ok": True, "expected": seen.expected, "actual": seen.actual, "looks": looks})
    left = params.within - waited
    if left <= 0:
        told = _spoken(params.message) if params.message else f"expected {_spoken(seen.expected)}, found {_spoken(seen.actual)}"
        return _failed(seen, looks, told)
    pause = min(params.every, left)
    handle = {"expected": seen.expected, "actual": seen.actual, "looks": looks, "waited": waited + pause}
    return Waiting(handle, timedelta(seconds=pause))


def _failed(seen: Seen, looks: int, message: str) -> Failed:
    details = {"expected": seen.expected, "actual": seen.actual, "looks": looks}
    return Failed(message, kind="check_failed", details=details, retryable=False)


def _params(context: StepContext) -> CheckParams:
    assert isinstance(context.params, CheckParams)
    return context.params


def _timeout(context: StepContext) -> float:
    return min(context.budget.total_seconds(), LONGEST_LOOK_SECONDS)


def _several(status: int | list[int]) -> list[int]:
    return status if isinstance(status, list) else [status]


def _spoken(value: Any) -> str:
    """A value in a sentence: `200 or 204`, `false`."""
    if isinstance(value, list):
        return " or ".join(_spoken(one) for one in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
