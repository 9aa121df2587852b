"""Faults and errors that people are meant to read: the one vocabulary of "this is wrong" for forms, API and catalog.

A `Fault` is a value: one thing wrong at one place of a document. A `StratusError` is raised; each becomes a page or problem
details in one place (the error handlers of web and api). The docstring of a class is its default message; `status` is
the HTTP status it becomes; `code` names it for programs.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong at one place of a document.

    path: keys and indexes from the document's root, e.g. ``("item_parameters", "postgres-database", "replicas")``.
    code: a stable word for programs, e.g. ``max_value``. message: a sentence part for people that reads after the
    field's name, e.g. ``must be at most 10``. limits: the numbers or choices of the rule, e.g. ``{"max_value": 10}``.
    """

    path: tuple[str | int, ...]
    code: str
    message: str
    limits: Mapping[str, Any] = field(default_factory=dict)

    @property
    def pointer(self) -> str:
        """The path as a JSON pointer (RFC 6901)."""
        return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in self.path)

    def under(self, *prefix: str | int) -> "Fault":
        """The same fault, seen from a document that holds this one at `prefix`."""
        return Fault((*prefix, *self.path), self.code, self.message, self.limits)

    def as_json(self) -> dict[str, Any]:
        """The shape of one member of a problem's `errors`."""
        last = next((part for part in reversed(self.path) if isinstance(part, str)), "")
        return {"pointer": self.pointer, "field": last, "code": self.code, "message": self.message, **self.limits}


def under(faults: Iterable[Fault], *prefix: str | int) -> list[Fault]:
    """All `faults`, moved below `prefix`."""
    return [fault.under(*prefix) for fault in faults]


class StratusError(Exception):
    """Something went wrong."""

    status = 500
    code = "internal_error"
    retry_after: int | None = None

    def __init__(self, message: str | None = None, *, faults: Sequence[Fault] = (), code: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        self.faults = tuple(faults)
        if code:
            self.code = code
        super().__init__(self.message)


class Malformed(StratusError):
    """The body is not readable JSON."""

    status = 400
    code = "malformed"


class SignInNeeded(StratusError):
    """Sign in first."""

    status = 401
    code = "unauthenticated"


class NotAllowed(StratusError):
    """You may not do this."""

    status = 403
    code = "forbidden"


class NotFound(StratusError):
    """There is nothing here, or nothing that you may see."""

    status = 404
    code = "not_found"


class Conflict(StratusError):
    """This does not go with how things stand now."""

    status = 409
    code = "conflict"


class Stale(StratusError):
    """It is not any more as the header If-Match says. Read it again."""

    status = 412
    code = "precondition_failed"


class TooLarge(StratusError):
    """The body is larger than this server takes."""

    status = 413
    code = "too_large"


class WrongMediaType(StratusError):
    """Send JSON with Content-Type: application/json."""

    status = 415
    code = "unsupported_media_type"


class Invalid(StratusError):
    """Some of the values cannot be accepted."""

    status = 422
    code = "invalid"


class Unavailable(StratusError):
    """A part that Stratus needs does not answer right now. Nothing was lost; try again in a moment."""

    status = 503
    code = "unavailable"
    retry_after = 5


class IllegalMove(StratusError):
    """A status was asked to make a move that its table does not hold. This is a bug, not a race."""
