"""The form with which a person finishes a step: its declared outputs, what was typed, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from werkzeug.datastructures import MultiDict

from app.core.fields import ABSENT, Field, from_text
from app.errors import Fault
from app.queries.tickets import Ticket
from app.web.filters import sentence
from app.web.forms.views import id_of, texts, view
from app.web.views_fields import FieldView

PREFIX = "outputs."
SENSITIVE_HELP = "Kept secret: it is encrypted and shown nowhere"
FOR_MACHINES = frozenset({"text", "textarea"})


@dataclass(frozen=True, slots=True)
class OutputsForm:
    """The fields as they are drawn, and the faults as the error summary lists them."""

    fields: Sequence[FieldView]
    faults: Sequence[Mapping[str, str]] = ()


def blank(ticket: Ticket) -> OutputsForm:
    """The form as it is offered: with what was typed when something was to be taken over, else the catalog's defaults."""
    before = (ticket.adoption or {}).get("outputs") or {}
    return OutputsForm([_view(field, texts(field, before.get(field.name, field.default))) for field in _fields(ticket)])


def posted(ticket: Ticket, form: MultiDict[str, str], faults: Sequence[Fault]) -> OutputsForm:
    """The form with what was typed, each fault beside its field; faults about no field stand in the summary alone."""
    said: dict[str, list[str]] = {}
    listed = []
    labels = {field.name: field.label for field in _fields(ticket)}
    for fault in faults:
        if fault.path[:1] == ("adopt",):
            continue  # it stands with its row
        name = str(fault.path[-1]) if fault.path else ""
        words = sentence(f"{labels.get(name, name.replace('_', ' '))} {fault.message}")
        said.setdefault(name, []).append(words)
        listed.append({"id": id_of(PREFIX + name) if name in labels else "", "words": words})
    views = [_view(field, _typed(field, form), said.get(field.name, ())) for field in _fields(ticket)]
    return OutputsForm(views, listed)


def _typed(field: Field, form: MultiDict[str, str]) -> Sequence[str]:
    """What was typed, to be shown again; a secret is on no page and is typed again."""
    return [] if field.is_secret else form.getlist(PREFIX + field.name)


def answers(ticket: Ticket, form: MultiDict[str, str]) -> dict[str, Any]:
    """What was typed as JSON values, by output; the rules judge them. What is absent is left out."""
    read = {field.name: from_text(field, form.getlist(PREFIX + field.name)) for field in _fields(ticket)}
    return {name: value for name, value in read.items() if value is not ABSENT}


def _fields(ticket: Ticket) -> list[Field]:
    """The fields in the order in which the catalog declares the outputs."""
    return [Field.model_validate(one) for one in ticket.outputs_form["fields"]]


def _view(field: Field, raw: Sequence[str], errors: Sequence[str] = ()) -> FieldView:
    drawn = view(field, PREFIX + field.name, raw, errors)
    about = ". ".join(part.rstrip(".") for part in (drawn.help, SENSITIVE_HELP if field.is_secret else "") if part)
    # A default is an offer here and no more: an emptied field is a missing answer.
    return replace(drawn, help=about, mono=drawn.kind in FOR_MACHINES, has_default=False)
