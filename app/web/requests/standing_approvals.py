"""Where a request stands that people must agree to, or did not. Pure."""

from dataclasses import replace

from app.core.statuses import ApprovalStatus
from app.queries.approval_values import Approval
from app.web.filters import sentence, shorten
from app.web.labels import label
from app.web.phrases import listed, whose
from app.web.requests.case import Case
from app.web.requests.standing_parts import Link, Standing, over, paragraph, since, waits_on


def pending(case: Case) -> Standing:
    """Somebody must agree before it is built."""
    summary = case.detail.summary
    waited = [one for one in case.detail.approvals if one.pending]
    mine = next((one for one in waited if one.refuses(case.viewer.person) is None), None)
    whom = listed([one.whom for one in waited])
    return Standing(
        label=label(summary.status, mine=mine is not None),
        pill=label(summary.status, who=whom, mine=mine is not None),
        title=f"{summary.title} waits for approval",
        move="It is your move." if mine else f"It is {whose(whom)} move, not yours.",
        rest=paragraph(*_why(waited), "Nothing is built before that."),
        waits=waits_on(case),
        link=Link(mine.approval_id, f"/approvals/{mine.approval_id}") if mine else None,
    )


def _why(waited: list[Approval]) -> list[str]:
    return [sentence(reason) for reason in dict.fromkeys(one.reason for one in waited) if reason]


def asked(case: Case) -> Standing:
    """The requester was asked something."""
    summary = case.detail.summary
    question = next((one for one in reversed(case.detail.messages) if one.kind == "question"), None)
    mine = summary.requester_user_id == case.viewer.person.user_id
    who = summary.requester_name
    return Standing(
        label=label(summary.status, mine=mine),
        pill=label(summary.status, who=who, mine=mine),
        title=f"{question.author if question else 'An approver'} asks: {shorten(question.text, 300) if question else ''}",
        move="It is your move." if mine else f"It is {whose(who)} move, not yours.",
        rest=paragraph("Answer below, or change the order." if mine else "Nobody is asked to agree before there is an answer."),
        waits=waits_on(case) or ((("Since", since(case, question.at)),) if question else ()),
    )


def rejected(case: Case) -> Standing:
    """Somebody said no, or nobody said anything in time."""
    summary = case.detail.summary
    said_no = (ApprovalStatus.REJECTED, ApprovalStatus.SENT_BACK)
    votes = [vote for one in case.detail.approvals for vote in one.votes if vote.vote in said_no]
    reason = shorten((summary.failure or "").strip().rstrip("."), 300)
    back = bool(votes) and votes[-1].vote == ApprovalStatus.SENT_BACK
    who = f"{votes[-1].name} said so." if votes else ""
    draft = f"The order is a draft of {summary.requester_name} now: change it and send it again." if back else ""
    found = over(case, f"{summary.title} was {'sent back' if back else 'rejected'}: {reason}", who, draft, "Nothing was built.")
    mine = back and summary.requester_user_id == case.viewer.person.user_id
    return found if not mine else _with_draft(case, found)


def _with_draft(case: Case, found: Standing) -> Standing:
    """Whoever ordered it goes on with the draft."""
    told = case.event("approval.draft")
    if told is None:
        return found
    summary = case.detail.summary
    href = f"/order/{summary.kind}s/{summary.catalog_name}?draft={told.payload.get('draft_id')}"
    return replace(found, link=Link("the draft", href))
