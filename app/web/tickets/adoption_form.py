"""The rows with which a person lets Terraform take over what they made: an address and an id each, and their faults."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from werkzeug.datastructures import MultiDict

from app.core.adoption import LONGEST_ADDRESS, LONGEST_ID, MOST, refuses
from app.errors import Fault
from app.queries.tickets import Ticket
from app.web.filters import sentence
from app.web.views_fields import Choice, FieldView

EMPTY = 2
"""How many rows stand ready; a button of the form adds one."""
PARTS: Mapping[str, tuple[str, int]] = {"address": ("Address in the module", LONGEST_ADDRESS), "id": ("Id", LONGEST_ID)}


@dataclass(frozen=True, slots=True)
class AdoptionForm:
    """The rows as they are drawn, two fields each, and the faults as the error summary lists them."""

    rows: Sequence[Sequence[FieldView]]
    faults: Sequence[Mapping[str, str]] = ()


def is_offered(ticket: Ticket) -> bool:
    """Whether anything can be taken over with this ticket."""
    return refuses(ticket.type, ticket.step_type, ticket.inputs.get("backend")) is None


def drawn(ticket: Ticket, known: Sequence[str], form: MultiDict[str, str] | None = None) -> AdoptionForm:
    """The rows with what was typed, or had been tried before, and empty ones behind them. known: addresses to offer."""
    before = (ticket.adoption or {}).get("adopt") or ()
    return _drawn(before if form is None else posted(form), known, (), _adds(form))


def refused(form: MultiDict[str, str], known: Sequence[str], faults: Sequence[Fault]) -> AdoptionForm:
    """The same after it was refused: each fault beside its field. faults: of paths `adopt`, row, part."""
    return _drawn(posted(form), known, [one for one in faults if one.path[:1] == ("adopt",)])


def posted(form: MultiDict[str, str]) -> list[dict[str, str]]:
    """The rows in which something was typed, spaces around it left out."""
    count = sum(name.startswith("adopt.") and name.endswith(".id") for name in form)
    rows = [{part: form.get(f"adopt.{n}.{part}", "").strip() for part in PARTS} for n in range(min(count, MOST + 1))]
    return [row for row in rows if any(row.values())]


def _adds(form: MultiDict[str, str] | None) -> int:
    """How many empty rows: one more where the button was pressed."""
    return EMPTY if form is None or form.get("do") != "add:adopt" else EMPTY + 1


def _drawn(rows: Sequence[Mapping[str, Any]], known: Sequence[str], faults: Sequence[Fault], adds: int = EMPTY) -> AdoptionForm:
    said: dict[tuple[Any, ...], list[str]] = {}
    listed = []
    for fault in faults:
        number, part = fault.path[1:3] if len(fault.path) > 2 else (None, None)
        subject = f"{PARTS[str(part)][0]} of resource {int(number) + 1}" if number is not None else "What is to be taken over"
        words = sentence(f"{subject} {fault.message}")
        said.setdefault((number, part), []).append(words)
        listed.append({"id": f"adopt-{number}-{part}" if number is not None else "", "words": words})
    full = [*rows, *[{}] * adds]
    views = [[_field(n, part, row, known, said.get((n, part), ())) for part in PARTS] for n, row in enumerate(full)]
    return AdoptionForm(views, listed)


def _field(number: int, part: str, row: Mapping[str, Any], known: Sequence[str], errors: Sequence[str]) -> FieldView:
    label, longest = PARTS[part]
    return FieldView(
        f"adopt.{number}.{part}",
        f"adopt-{number}-{part}",
        f"{label}, resource {number + 1}",
        value=str(row.get(part) or ""),
        choices=[Choice(one, one) for one in known] if part == "address" else (),
        errors=tuple(errors),
        has_default=True,
        mono=True,
        max_length=longest,
    )
