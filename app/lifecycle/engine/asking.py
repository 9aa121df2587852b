"""Asking a person: the one ticket of a step, with what to do, what is known, and the form of what the step was to yield."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Self

from sqlalchemy import Row, func, select

from app.core.durations import parse_duration
from app.core.expressions import ExpressionError, render
from app.core.outcomes import Failed, Indeterminate, NeedsHuman, Outcome
from app.lifecycle import write
from app.lifecycle.engine.scopes import Scopes
from app.models.tables import TICKET
from app.outbound import Redactor
from app.vault import VaultError


@dataclass(frozen=True, slots=True)
class Work:
    """What a ticket asks for. kind: `fulfillment` (manual by design), `failure`, `unknown`, or `undo` (take it back)."""

    kind: str
    title: str | None = None
    instructions: str | None = None
    error: Mapping[str, Any] | None = None
    inputs: Mapping[str, Any] | None = None
    due: timedelta | None = None

    @classmethod
    def manual(cls, outcome: NeedsHuman, inputs: Mapping[str, Any] | None) -> Self:
        """A step that is a person's by design."""
        return cls("fulfillment", outcome.title, outcome.instructions, None, inputs, outcome.due)

    @classmethod
    def failure(cls, error: Mapping[str, Any], inputs: Mapping[str, Any] | None) -> Self:
        """A step whose attempts are used up."""
        return cls("failure", None, None, error, inputs)

    @classmethod
    def unknown(cls, evidence: Mapping[str, Any], inputs: Mapping[str, Any] | None) -> Self:
        """A step of which nobody can tell whether it took effect."""
        message = "Nobody can tell whether this step took effect. Look before it runs again."
        return cls("unknown", None, None, {"type": "indeterminate", "message": message, "details": dict(evidence)}, inputs)

    @classmethod
    def undo(cls, step: Row[Any], outcome: Outcome | None = None) -> Self:
        """A step that no machine can take back, or whose undo came to `outcome`."""
        error = _undo_error(outcome)
        what = "could not be undone" if error else "must be undone by hand"
        made = f" It had made {step.external_id}." if step.external_id else ""
        told = f"{step.step_title} {what}.{made} Remove what it made, then resolve this ticket; reject it to let it stay."
        if isinstance(outcome, NeedsHuman):
            told = outcome.instructions
        return cls("undo", f"Undo {step.step_title}", told, error, None)


def _undo_error(outcome: Outcome | None) -> dict[str, Any] | None:
    match outcome:
        case Failed():
            return {"type": outcome.kind, "message": outcome.message, "details": dict(outcome.details)}
        case Indeterminate():
            return {"type": "indeterminate", "message": UNKNOWN_UNDO, "details": dict(outcome.evidence)}
        case _:
            return None


UNKNOWN_UNDO = "Nobody can tell whether this step was undone. Look before it is undone again."


def open_for(change: write.Change, step: Row[Any], work: Work, scopes: Scopes) -> None:
    """Open the step's ticket in the built-in queue, whatever system the catalog names.

    Its form is made of the step's declared outputs. It links the ticket that came before it, if the step had one.
    """
    text = _Texts(step, scopes)
    change.open_ticket(
        step,
        ticket_system=(step.step_config.get("manual") or {}).get("system", "internal"),
        ticket_type=work.kind,
        title=(work.title or text.of("title") or f"{step.step_title} needs a person")[:500],
        instructions=work.instructions or text.of("instructions") or "",
        error=dict(work.error) if work.error else None,
        inputs=dict(work.inputs or {}),
        outputs_form={"fields": [] if work.kind == "undo" else form_fields(step.step_config.get("outputs") or {}, text)},
        previous_id=_previous(change, step),
        due_at=func.clock_timestamp() + due if (due := work.due or text.due()) else None,
    )


class _Texts:
    """The manual instructions of the catalog, rendered for this request; raw where they cannot be rendered.

    Whatever keeps them from being rendered, the ticket opens: without it nobody would be asked.
    """

    def __init__(self, step: Row[Any], scopes: Scopes) -> None:
        self.manual: Mapping[str, Any] = step.step_config.get("manual") or {}
        self.alias, self.scopes = step.item_alias, scopes

    def of(self, key: str) -> str | None:
        """`title` or `instructions` as the catalog has them, rendered."""
        return str(self.rendered(self.manual[key])) if self.manual.get(key) else None

    def due(self) -> timedelta | None:
        """How long people have, where the catalog says so in a way that can be read."""
        try:
            return parse_duration(str(self.rendered(self.manual["due"]))) if self.manual.get("due") else None
        except ValueError:
            return None

    def rendered(self, template: Any) -> Any:
        """`template` over the request's scope, secrets masked: people read this."""
        try:
            return self._redactor.deep(self._clear(template))
        except (ExpressionError, VaultError):
            return template

    def offered(self, template: Any) -> Any:
        """A default to offer, or None: a mask is none, and neither is a template that cannot be rendered."""
        try:
            value = self._clear(template)
            return value if self._redactor.deep(value) == value else None
        except (ExpressionError, VaultError):
            return None

    def _clear(self, template: Any) -> Any:
        return render(template, self.scopes.of(self.alias) | {"secrets": {}})

    @cached_property
    def _redactor(self) -> Redactor:
        return Redactor(self.scopes.hidden)


def form_fields(outputs: Mapping[str, Mapping[str, Any]], text: _Texts) -> list[dict[str, Any]]:
    """The step's declared outputs as presentation fields: required unless they say otherwise, defaults offered.

    outputs: name -> `{type, title?, description?, sensitive?, default?, …}`; whatever else a field may have goes through.
    """
    return [_form_field(name, spec, text) for name, spec in outputs.items()]


def _form_field(name: str, spec: Mapping[str, Any], text: _Texts) -> dict[str, Any]:
    field = {"type": "string", "required": True, **spec, "name": name}
    if description := field.pop("description", None):
        field.setdefault("help_text", description)
    written = field.pop("default", None)
    if written is not None and (offered := text.offered(written)) is not None:
        field["default"] = offered
    return field


def _previous(change: write.Change, step: Row[Any]) -> Any:
    return change.connection.scalar(
        select(TICKET.c.id).where(TICKET.c.step_id == step.id).order_by(TICKET.c.created_at.desc()).limit(1)
    )
