"""Approvals as lists and requests show them, whole, and what people send to them."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from app.api.reading import Query
from app.api.shapes.common import Body, Moment, Pagination
from app.api.shapes.money import Price, QuotaLine
from app.api.shapes.parameters import Cursor, Limit, YesOrNo
from app.core.access import Person
from app.core.approvals import Approver, NeededApproval
from app.core.quota import QuotaLine as Line
from app.core.secrecy import MASK
from app.core.shapes import Shape
from app.core.statuses import ApprovalStatus, RequestStatus
from app.lifecycle.tickets import LONGEST_COMMENT
from app.queries import approval_values as values
from app.queries import approvals as found
from app.queries.paging import Page
from app.queries.shapes import Detail

Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$", description="The `digest` that was seen: of another order it is 409.")]
Text = Annotated[str, Field(min_length=1, max_length=LONGEST_COMMENT)]


class ApprovalsQuery(Query):
    """How the list is narrowed and paged."""

    status: tuple[ApprovalStatus, ...] = Field(default=(), description="Approvals in any of these states.")
    waiting: YesOrNo = Field(default=False, description="Only what the caller can decide now.")
    limit: Limit = 50
    cursor: Cursor = None

    @property
    def filters(self) -> found.Filters:
        """The same, for the query."""
        return found.Filters(statuses=self.status, waiting=self.waiting)


class Agreement(Shape):
    """That somebody agrees."""

    comment: str | None = Field(default=None, max_length=LONGEST_COMMENT)
    digest: Digest | None = None


class Refusal(Shape):
    """Why somebody does not agree."""

    reason: Text
    digest: Digest | None = None


class SentBack(Shape):
    """What the requester is to change."""

    comment: Text
    digest: Digest | None = None


class Question(Shape):
    """What an approver wants to know."""

    question: Text


class Answer(Shape):
    """What the requester says."""

    text: Text


class Asked(Body):
    """Who is asked: the members of a team, or the people in a role."""

    team: str | None = Field(default=None, description="Left out where a role is asked.")
    role: str | None = Field(default=None, description="Left out where a team is asked.", examples=["administrator"])

    @classmethod
    def of(cls, approver: Approver) -> Self:
        """The shape of whom is asked."""
        return cls(**approver.as_json())


class NeededAgreement(Body):
    """An agreement that an order would need."""

    by: Asked
    count: int = Field(description="How many different people must agree.")
    reason: str
    timeout: int = Field(description="How many seconds they have, before it is escalated or rejected.")

    @classmethod
    def of(cls, needed: NeededApproval) -> Self:
        """The shape of what is needed."""
        return cls(**{**needed.as_json(), "by": Asked.of(needed.by)})


class Vote(Body):
    """What one person said."""

    by: str = Field(description="Their name.")
    vote: Literal["approved", "rejected", "sent_back"]
    comment: str | None
    at: Moment

    @classmethod
    def of(cls, vote: values.Vote) -> Self:
        """The shape of a vote."""
        return cls(by=vote.name, vote=vote.vote, comment=vote.comment, at=vote.at)


class ChangedAnswer(Body):
    """One answer that the requester changed; of an item that was taken in or left out there is no name."""

    item: str | None = Field(description="The `as` of the item; null for the bundle's own answers.")
    name: str | None
    before: Any
    after: Any


class Message(Body):
    """What approvers and requester said to one another."""

    kind: Literal["question", "answer", "change"]
    by: str = Field(description="Their name.")
    text: str
    changes: list[ChangedAnswer] = Field(description="Of a `change`; secrets are masked.")
    at: Moment

    @classmethod
    def of(cls, message: values.Message) -> Self:
        """The shape of a message."""
        changes = [ChangedAnswer(**one) for one in message.changes]
        return cls(kind=message.kind, by=message.author, text=message.text, changes=changes, at=message.at)


class RequestApproval(Body):
    """An approval as its request shows it."""

    approval_id: str = Field(examples=["APR-17"])
    status: ApprovalStatus = Field(description="`void`: nobody has to say anything any more.")
    by: Asked
    escalated_to: Asked | None = Field(description="Who may agree besides, since nobody did in time.")
    count: int = Field(description="How many different people must agree.")
    votes: list[Vote]
    reason: str
    created_at: Moment
    due_at: Moment
    decided_at: Moment | None
    href: str

    @classmethod
    def of(cls, approval: values.Approval, **more: Any) -> Self:
        """The shape of an approval."""
        return cls(
            approval_id=approval.approval_id,
            status=ApprovalStatus(approval.status),
            by=Asked.of(approval.asked),
            escalated_to=Asked.of(approval.escalated_to) if approval.escalated_to else None,
            count=approval.needed,
            votes=[Vote.of(one) for one in approval.votes],
            reason=approval.reason,
            created_at=approval.created_at,
            due_at=approval.due_at,
            decided_at=approval.decided_at,
            href=f"/api/v1/approvals/{approval.approval_id}",
            **more,
        )


class ApprovedRequest(Body):
    """The request that an approval is about."""

    request_id: str
    title: str
    status: RequestStatus
    catalog_bundle: str | None = Field(default=None, description="Left out of an item's order.")
    catalog_item: str | None = Field(default=None, description="Left out of a bundle's order.")
    version: str
    requester: str = Field(description="Their name.")
    user_id: str
    team: str
    href: str

    @classmethod
    def of(cls, listed: found.Listed) -> Self:
        """The shape of the request."""
        return cls(
            request_id=listed.request_id,
            title=listed.title,
            status=RequestStatus(listed.request_status),
            version=listed.catalog_version,
            requester=listed.requester_name,
            user_id=listed.requester_user_id,
            team=listed.requester_team,
            href=f"/api/v1/requests/{listed.request_id}",
            **{f"catalog_{listed.catalog_kind}": listed.catalog_name},
        )


class Approval(RequestApproval):
    """An approval as lists show it."""

    request: ApprovedRequest
    price: Price | None = Field(description="What it cost when it was ordered or changed; null without a price.")
    digest: str = Field(
        description="Of the order as it is now; send it along, so that nobody agrees to what they have not seen."
    )
    refusal: str | None = Field(description="Why the caller cannot agree; null where they can.")

    @classmethod
    def listed(cls, listed: found.Listed, person: Person, **more: Any) -> Self:
        """The shape of an approval with its request."""
        about = {"request": ApprovedRequest.of(listed), "price": Price.of(listed.price), "digest": listed.it.digest}
        return cls.of(listed.it, **about, refusal=refusal(listed, person), **more)


class ApprovalList(Body):
    """A page of approvals, oldest first."""

    approvals: list[Approval]
    pagination: Pagination

    @classmethod
    def of(cls, page: Page[found.Listed], person: Person) -> Self:
        """The shape of a page."""
        return cls(approvals=[Approval.listed(one, person) for one in page.items], pagination=Pagination.of(page))


class ApprovalStep(Body):
    """A step that would run."""

    step_id: str
    title: str
    type: str
    depends_on: list[str]
    item: str | None
    owner_team: str


class ApprovalDetail(Approval):
    """An approval with all that somebody needs to decide."""

    answers: dict[str, dict[str, Any]] = Field(description="By the `as` of each item, the bundle's own under `bundle`.")
    quotas: list[QuotaLine] = Field(description="The quotas and limits that it touches, as they are now.")
    steps: list[ApprovalStep]
    messages: list[Message]
    others: list[RequestApproval] = Field(description="The other approvals of the request.")

    @classmethod
    def whole(cls, listed: found.Listed, detail: Detail, quotas: Sequence[Line], person: Person) -> Self:
        """The shape of an approval, whole."""
        return cls.listed(
            listed,
            person,
            answers=_answers(detail),
            quotas=[QuotaLine.of(line) for line in quotas],
            steps=[
                ApprovalStep(
                    step_id=one.step_id,
                    title=one.title,
                    type=one.type,
                    depends_on=list(one.depends_on),
                    item=one.item,
                    owner_team=one.owner_team,
                )
                for one in detail.steps
            ],
            messages=[Message.of(one) for one in detail.messages],
            others=[RequestApproval.of(one) for one in detail.approvals if one.approval_id != listed.it.approval_id],
        )


def refusal(listed: found.Listed, person: Person) -> str | None:
    """Why a person cannot agree now."""
    if reason := listed.it.refuses(person):
        return reason
    return None if listed.waits else f"{listed.requester_name} was asked something"


def _answers(detail: Detail) -> dict[str, dict[str, Any]]:
    own = {"bundle": _told(detail.bundle_parameters, detail.bundle_fields)} if detail.summary.kind == "bundle" else {}
    return {**own, **{item.alias: _told(item.parameters, item.fields) for item in detail.items}}


def _told(answers: Any, fields: Any) -> dict[str, Any]:
    """The answers that there are, masked where they are sensitive."""
    hidden = {one["name"] for one in fields if one.get("sensitive") or one.get("type") == "secret"}
    return {name: MASK if name in hidden else value for name, value in answers.items() if value is not None}
