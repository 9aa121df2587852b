"""What step types share: outputs that the catalog declared, failures that it knows, how long a busy system asks us to wait."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import re2

from app.core.outcomes import Again, Done, Failed, Outcome
from app.steps.base import StepContext

LONGEST_RETRY_AFTER = timedelta(hours=1)


class NeverWaits:
    """For step types whose `run` never answers `Waiting`: nothing of theirs is polled."""

    def poll(self, context: StepContext) -> Outcome:
        """Raises RuntimeError: a poll of such a step is a bug."""
        raise RuntimeError(f"{type(self).__name__} of {context.step_id} waits for nothing that could be polled")

    def stop(self, context: StepContext) -> Outcome:
        """Raises RuntimeError, as `poll` does."""
        return self.poll(context)


class HasNoUndo:
    """For step types that cannot take back by themselves what they did: the catalog's `rollback`, or a person, does it."""

    def undo(self, context: StepContext) -> Outcome:
        """Raises RuntimeError: asking such a step is a bug."""
        raise RuntimeError(f"{type(self).__name__} of {context.step_id} cannot undo anything by itself")


class Harmless(NeverWaits, HasNoUndo):
    """For step types that change nothing outside: run again after a lost answer, nothing to undo."""

    def probe(self, _context: StepContext) -> Outcome:
        """It may simply be run again."""
        return Again("nothing outside was changed")


@dataclass(frozen=True, slots=True)
class Outputs:
    """What was found of the declared outputs; `missing` were neither found nor have a default."""

    values: Mapping[str, Any]
    sensitive: frozenset[str]
    missing: tuple[str, ...]


def declared_outputs(declared: Mapping[str, Mapping[str, Any]], found: Mapping[str, Any]) -> Outputs:
    """The declared outputs out of what a system answered, declared defaults in the place of what is absent."""
    offered = {name: spec["default"] for name, spec in declared.items() if spec.get("default") is not None}
    values = {name: found.get(name, offered.get(name)) for name in declared if name in found or name in offered}
    sensitive = frozenset(name for name, spec in declared.items() if spec.get("sensitive"))
    return Outputs(values, sensitive, tuple(name for name in declared if name not in values))


def done_or_incomplete(outputs: Outputs, done: Done, source: str) -> Outcome:
    """`done`, unless a declared output is missing in `source` ("the reply").

    Not retryable: the call took effect, and would only answer the same again. The ticket asks a person for the outputs.
    """
    if not outputs.missing:
        return done
    names = ", ".join(outputs.missing)
    return Failed(
        f"it took effect, but {source} has no {names}",
        kind="output_missing",
        details={"missing": list(outputs.missing)},
        retryable=False,
    )


def known_error(errors: Sequence[Mapping[str, str]], text: str) -> dict[str, str]:
    """`error_code` and `advice` of the first entry of the catalog's `errors` table whose pattern (RE2) is in `text`."""
    for entry in errors:
        if _found(entry["match"], text):
            return {key: entry[key] for key in ("error_code", "advice") if key in entry}
    return {}


def _found(pattern: str, text: str) -> bool:
    """A pattern that cannot be read knows no failure: advice must never hide what went wrong."""
    try:
        return re2.search(pattern, text) is not None
    except re2.error:
        return False


def retry_after(headers: Mapping[str, str], now: datetime | None = None) -> timedelta | None:
    """What a `Retry-After` header asks for, at most an hour; None when there is none that can be read (RFC 9110, 10.2.3)."""
    text = headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return min(timedelta(seconds=int(text[:9])), LONGEST_RETRY_AFTER)
    try:
        asked = parsedate_to_datetime(text)
    except ValueError:
        return None
    until = asked if asked.tzinfo else asked.replace(tzinfo=UTC)
    return min(max(until - (now or datetime.now(UTC)), timedelta()), LONGEST_RETRY_AFTER)
