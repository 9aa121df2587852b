"""What pages say of approvals: who must agree, who has, what was said and changed, and what can be done. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.core.approvals import NeededApproval
from app.core.fields import Field
from app.core.statuses import BEFORE_BUILDING, ApprovalStatus, RequestStatus
from app.lifecycle.orders.preparing import Prepared
from app.queries.approval_values import Approval, Message
from app.queries.approvals import Listed
from app.queries.shapes import Detail
from app.web.filters import coarse, plural, sentence, shown, words
from app.web.forms.views import answer
from app.web.labels import Label, label
from app.web.phrases import listed
from app.web.requests.case import Case
from app.web.views_fields import FieldView

ACTS = ("approve", "ask", "send-back", "reject")
REQUIRED = {"ask": "question", "send-back": "comment", "reject": "reason"}
"""What must be said with an act, and what its use case calls it."""


@dataclass(frozen=True, slots=True)
class Said:
    """What comes back with a page after a form was refused: a notice, which act it was, and what was typed with what fault."""

    notice: str = ""
    act: str = "approve"
    text: str = ""
    error: str = ""


def must_agree(prepared: Prepared) -> dict[str, str]:
    """The part of `order_summary` that says who must agree, as far as that is known while answers are wrong: not at all."""
    return {"approvals": needed(prepared.approvals)}


def needed(approvals: Sequence[NeededApproval]) -> str:
    """Who must agree to an order: a sentence or two, empty where nobody must."""
    if not approvals:
        return ""
    whom = listed([_count(one.by.words, one.count) for one in approvals])
    reasons = " ".join(dict.fromkeys(sentence(one.reason) for one in approvals if one.reason))
    return f"Nothing is built before {whom} {'agrees' if len(approvals) == 1 else 'agree'}. {reasons}".strip()


def _count(whom: str, count: int) -> str:
    return whom if count == 1 else f"{count} of {whom}"


@dataclass(frozen=True, slots=True)
class Row:
    """One approval of a request, as its page lists it. who: whom it asks; said: one line a vote; note: what else there is."""

    it: Approval
    label: Label
    who: str
    said: Sequence[str]
    note: str


def rows(case: Case) -> list[Row]:
    """The approvals of a request's present order; those of an order that was changed since are told by the timeline."""
    pending = [one for one in case.detail.approvals if one.status != ApprovalStatus.VOID]
    return [_row(case, one) for one in pending]


def _row(case: Case, one: Approval) -> Row:
    mine = one.pending and one.refuses(case.viewer.person) is None
    asked = one.pending and case.detail.summary.status == RequestStatus.NEEDS_INFO
    seen = label("pending_approval" if one.pending else one.status, who=one.whom, mine=mine)
    if asked:  # nobody decides, and no time runs, before the requester has answered
        seen = label("needs_info", who=case.detail.summary.requester_name)
    said = [f"{vote.name} {SAID_BY[vote.vote]}{f': {vote.comment}' if vote.comment else ''}" for vote in one.votes]
    return Row(one, seen, _count(one.whom, one.needed), said, _note(case, one))


SAID_BY: Mapping[str, str] = {"approved": "agreed", "rejected": "said no", "sent_back": "sent it back"}


def _note(case: Case, one: Approval) -> str:
    if not one.pending:
        return f"decided {case.viewer.when(one.decided_at)}" if one.decided_at else ""
    counted = f"{one.agreed} of {one.needed} agreed, " if one.needed > 1 else ""
    if case.detail.summary.status == RequestStatus.NEEDS_INFO:
        return f"{counted}the time stands still until there is an answer"
    until = f", until {case.viewer.when_exactly(one.due_at)}" if one.escalated_at is None else ""
    return f"{counted}since {case.viewer.when_exactly(one.created_at)}{until}"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that was said, with what was changed by it: `(words, before, after)`."""

    at: datetime
    who: str
    what: str
    text: str
    changes: Sequence[tuple[str, str, str]] = field(default=())


WHAT: Mapping[str, str] = {"question": "asked", "answer": "answered", "change": "changed the order"}


def talk(detail: Detail) -> list[Line]:
    """Questions, answers and changes, oldest first."""
    return [_line(detail, one) for one in detail.messages]


def _line(detail: Detail, one: Message) -> Line:
    return Line(one.at, one.author, WHAT.get(one.kind, one.kind), one.text, changed(detail, one.changes))


def changed(detail: Detail, changes: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str]]:
    """What was changed, in words: `(what, before, after)`."""
    fields: dict[str | None, Sequence[Mapping[str, Any]]] = {item.alias: item.fields for item in detail.items}
    fields[None] = detail.bundle_fields
    titles = {item.alias: item.title for item in detail.items}
    alone = detail.summary.kind == "item"
    return [_change(one, fields.get(one["item"]) or (), titles, alone=alone) for one in changes]


def _change(
    change: Mapping[str, Any], fields: Sequence[Mapping[str, Any]], titles: Mapping[str, str], *, alone: bool
) -> tuple[str, str, str]:
    item, name = change["item"], change["name"]
    title = titles.get(item, words(str(item))) if item else ""
    if name is None:
        included = {True: "included", False: "not included"}
        return title, included[bool(change["before"])], included[bool(change["after"])]
    spec = next((one for one in fields if one["name"] == name), None)
    known = Field.model_validate(dict(spec)) if spec else None
    label_of = known.label if known else words(name)
    before, after = (_value(known, change[key]) for key in ("before", "after"))
    return label_of if alone or not title else f"{title}: {label_of}", before, "another one" if before == after else after


def _value(known: Field | None, value: Any) -> str:
    if value is None:
        return "nothing"
    return str(answer(known, value)) if known else shown(value)


@dataclass(frozen=True, slots=True)
class Act:
    """One way to decide an approval: its radio button, what follows, its text field and its button."""

    name: str
    title: str
    help: str
    button: str
    kind: str
    text: FieldView


def acts(listed_: Listed, said: Said) -> list[Act]:
    """What somebody who may vote can do now. While the requester is asked, nobody agrees."""
    told = listed_.requester_name
    last = listed_.it.needed - listed_.it.agreed <= 1
    follows = "The request begins, unless others must agree as well." if last else "Others must agree as well."
    found = [
        ("approve", "Approve", follows, "Approve", "go", "Comment", False),
        ("ask", f"Ask {told} something", f"The request waits until {told} has answered.", "Ask", "", "Question", True),
        (
            "send-back",
            "Send it back",
            f"The request ends. {told} finds it as a draft, with what you write.",
            "Send back",
            "",
            f"What should {told} change?",
            True,
        ),
        ("reject", "Reject", f"The request ends, and {told} reads why.", "Reject", "danger", "Reason", True),
    ]
    asked = listed_.request_status == RequestStatus.NEEDS_INFO
    return [
        Act(name, title, help_, button, kind, _text(name, words_, said, required=required))
        for name, title, help_, button, kind, words_, required in found
        if not (asked and name == "approve")
    ]


def _text(act: str, words_: str, said: Said, *, required: bool) -> FieldView:
    mine = said.act == act
    errors = (said.error,) if mine and said.error else ()
    value = said.text if mine else ""
    return FieldView("text", f"text-{act}", words_, "textarea", value=value, errors=errors, required=required, rows=2)


def why_not(listed_: Listed, case: Case) -> str:
    """Why the viewer cannot decide it, as a sentence; empty where they can."""
    reason = listed_.it.refuses(case.viewer.person)
    if reason is None:
        return ""
    own = listed_.it.requester_id == case.viewer.person.id
    return sentence(f"it is your own request: {reason}" if own and listed_.it.pending else reason)


def heading(listed_: Listed) -> str:
    """What an approval is about, in a heading."""
    if listed_.waits:
        return f"{listed_.requester_name} asks for {listed_.catalog_title}"
    if listed_.it.pending:
        return f"{listed_.requester_name} was asked something"
    return {
        ApprovalStatus.APPROVED: f"{listed_.title} is approved",
        ApprovalStatus.REJECTED: f"{listed_.title} was rejected",
        ApprovalStatus.SENT_BACK: f"{listed_.title} was sent back",
    }.get(ApprovalStatus(listed_.it.status), "Nobody has to decide this any more")


def waits(listed_: Listed, case: Case) -> list[tuple[str, str]]:
    """Whom it waits for, since when, until when."""
    one = listed_.it
    found = [("Waiting on", one.whom if listed_.waits else listed_.requester_name)] if one.pending else []
    found.append(("Asked", f"{case.viewer.when_exactly(one.created_at)}, {coarse(case.viewer.now - one.created_at)} ago"))
    if one.needed > 1:
        found.append(("Agreed", f"{one.agreed} of {plural(one.needed, 'person', 'people')}"))
    if listed_.waits and one.escalated_at is None:
        then = "it is rejected" if one.on_timeout == "reject" else "others are asked"
        found.append(("Until", f"{case.viewer.when_exactly(one.due_at)}, then {then}"))
    return found


def moves(case: Case) -> dict[str, Any]:
    """What the requester can do while people have not agreed: `may_change`, and the field of an answer."""
    summary = case.detail.summary
    own = summary.requester_user_id == case.viewer.person.user_id
    return {
        "may_change": own and summary.status in BEFORE_BUILDING,
        "answer_field": FieldView("text", "answer-text", "Your answer", "textarea", required=True, rows=2),
    }
