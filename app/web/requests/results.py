"""What a request gave so far, what is still to come, and what was answered when it was ordered. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from markupsafe import Markup
from pydantic import ValidationError

from app.core.fields import Field
from app.core.secrecy import MASK, holds_secret
from app.core.statuses import RequestStatus
from app.queries.shapes import Item, Output
from app.web.filters import shown, words
from app.web.forms.views import answer, by_name
from app.web.requests.case import Case, ticket_link

OWN = "bundle"


@dataclass(frozen=True, slots=True)
class Row:
    """One output: there, hidden, or still to come. group: whose it is, as the API calls it."""

    name: str
    value: Any = None
    secret: bool = False
    pending: bool = False
    group: str = ""


Change = Callable[[str, Row], Row]
"""What becomes of an output's row, given its group."""


@dataclass(frozen=True, slots=True)
class Group:
    """The outputs of one item under its title; the note says when what is missing comes."""

    title: str
    note: str | Markup
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Answers:
    """What was answered in one section of the order."""

    title: str
    pairs: Sequence[tuple[str, str]]


def _as_it_is(_group: str, row: Row) -> Row:
    return row


def outputs(case: Case, change: Change = _as_it_is) -> list[Group]:
    """The outputs in groups, in the order of the items; those to come are named unless the request has ended.

    What was taken back leads nowhere any more: then there are none.
    """
    if case.detail.summary.status == RequestStatus.ROLLED_BACK:
        return []
    alone = case.detail.summary.kind == "item"
    there: dict[str, list[Output]] = {}
    for one in case.detail.outputs:
        there.setdefault(one.group, []).append(one)
    groups = [_group(case, item, there.get(item.alias, ()), alone=alone) for item in case.detail.items]
    own = Group(case.detail.summary.catalog_title, "", [_row(one) for one in there.get(OWN, ())])
    found = [group for group in (*groups, own) if group.rows]
    return [replace(group, rows=[change(row.group, row) for row in group.rows]) for group in found]


def counted(groups: Sequence[Group]) -> tuple[int, int]:
    """How many outputs are there, and how many there will be."""
    rows = [row for group in groups for row in group.rows]
    return sum(not row.pending for row in rows), len(rows)


def _group(case: Case, item: Item, there: Sequence[Output], *, alone: bool) -> Group:
    rows = [_row(one) for one in there]
    missing = (
        [] if case.detail.summary.ended else [name for name in item.declared_outputs if name not in {r.name for r in rows}]
    )
    rows += [Row(name, pending=True) for name in missing]
    return Group("" if alone else item.title, _note(case, item) if missing else "", rows)


def _row(output: Output) -> Row:
    return Row(output.name, None if output.sensitive else output.value, output.sensitive, group=output.group)


def _note(case: Case, item: Item) -> Markup | str:
    steps = {step.step_id for step in case.detail.steps if step.item == item.alias}
    ticket = next((one for one in case.open_tickets if one.step_id in steps), None)
    if ticket is None:
        return ""
    who = f"{ticket.claimed_by} resolves" if ticket.claimed_by else f"{ticket.owner_team} resolves"
    who = "you resolve" if case.viewer.has(ticket) else who
    return Markup("come when {} {}").format(who, ticket_link(ticket.ticket_id))


def answers(case: Case) -> list[Answers]:
    """What was answered, section by section; sensitive answers are masked."""
    detail, known = case.detail, {**case.detail.files, **case.detail.people}
    own = Answers(detail.summary.catalog_title, _pairs(detail.bundle_fields, detail.bundle_parameters, known))
    items = [Answers(item.title, _pairs(item.fields, item.parameters, known)) for item in detail.items]
    return [one for one in (own, *items) if one.pairs]


def _pairs(fields: Sequence[Mapping[str, Any]], values: Mapping[str, Any], known: Mapping[str, str]) -> list[tuple[str, str]]:
    return [pair(one, values[one["name"]], known) for one in fields if values.get(one["name"]) is not None]


def pair(spec: Mapping[str, Any], value: Any, known: Mapping[str, str]) -> tuple[str, str]:
    """A label with an answer in words. known: what people call uploads and persons that are named by their ids."""
    try:
        field = Field.model_validate(dict(spec))
    except ValidationError:  # ordered by rules that are no more: one odd field takes no page down
        return words(spec["name"]), MASK if holds_secret(spec) else shown(value)
    return field.label, answer(field, by_name(field, value, known))
