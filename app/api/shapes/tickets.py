"""Tickets of the manual queue, and what people send to them."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

from pydantic import Field

from app.api.reading import Query
from app.api.shapes.common import Body, Moment, Pagination
from app.api.shapes.parameters import Cursor, Limit, YesOrNo
from app.api.shapes.step_plans import ResourceChange
from app.api.shapes.steps import StepError
from app.core.shapes import Shape
from app.core.statuses import TicketStatus
from app.lifecycle.tickets import LONGEST_COMMENT
from app.queries import tickets as found
from app.queries.paging import Page


class TicketsQuery(Query):
    """How the queue is narrowed and paged."""

    status: tuple[TicketStatus, ...] = Field(default=(), description="Tickets in any of these states.")
    owner_team: str | None = Field(default=None, max_length=200, description="Only those that this team works.")
    mine: YesOrNo = Field(default=False, description="Only those that the caller has claimed.")
    request_id: str | None = Field(default=None, max_length=200, description="Only those of this request.")
    limit: Limit = 50
    cursor: Cursor = None

    @property
    def filters(self) -> found.Filters:
        """The same, for the query."""
        return found.Filters(statuses=self.status, owner_team=self.owner_team, mine=self.mine, request_id=self.request_id)


class CommentText(Shape):
    """What is said."""

    text: str = Field(min_length=1, max_length=LONGEST_COMMENT)


class Adopted(Shape):
    """Something that exists, to be brought under Terraform's management."""

    address: str = Field(description="Where the module has it.", examples=["aws_db_instance.main"])
    id: str = Field(description="What its provider calls it. It is shown: not for secrets.", examples=["db-123"])


class Resolution(Shape):
    """What was done by hand. outputs: every field of the ticket's form; nothing is made up for a missing one."""

    outputs: dict[str, Any] = Field(
        description="With `adopt` they only complete what the module yields.",
    )
    comment: str | None = Field(default=None, max_length=LONGEST_COMMENT)
    adopt: list[Adopted] = Field(
        default_factory=list,
        description="What a worker imports into the state of the step before it completes it; the ticket is `adopting` then.",
    )


class Adoption(Body):
    """What a person had brought under management, or tried to."""

    adopt: list[Adopted]
    by: str
    error: StepError | None = Field(description="Why it could not be done the last time; `details.differs` says what differs.")
    pending: list[ResourceChange] = Field(description="What the next run would change, once it was done.")

    @classmethod
    def of(cls, adoption: Mapping[str, Any], resolution: Mapping[str, Any] | None) -> Self:
        """The shape of what is stored with a ticket."""
        error = adoption.get("error")
        return cls(
            adopt=[Adopted(**one) for one in adoption["adopt"]],
            by=adoption["by"],
            error=StepError.of(error) if error else None,
            pending=[ResourceChange.model_validate(one) for one in (resolution or {}).get("pending") or ()],
        )


class Rejection(Shape):
    """Why it cannot be done."""

    reason: str = Field(min_length=1, max_length=LONGEST_COMMENT)


class External(Body):
    """The same ticket in another system."""

    system: str
    id: str
    url: str | None


class OutputsForm(Body):
    """What must be filled in to resolve a ticket, as presentation fields. A default is an offer, not an answer."""

    fields: list[dict[str, Any]]


class Ticket(Body):
    """A ticket: one step that a person must finish."""

    ticket_id: str = Field(examples=["TCK-1042"])
    request_id: str
    step_id: str
    step_name: str
    title: str
    instructions: str
    type: Literal["fulfillment", "failure", "unknown", "undo"] = Field(
        description="Manual by design, an automation that failed, one of which nobody knows whether it took effect, or an undo."
    )
    status: TicketStatus
    owner_team: str
    claimed_by: str | None = Field(description="The `user_id` of whoever took it.")
    created_at: Moment
    due_at: Moment | None
    resolved_at: Moment | None
    error: StepError | None
    inputs: dict[str, Any] = Field(description="What the step was given, secrets masked.")
    outputs_form: OutputsForm
    external: External | None
    adoption: Adoption | None = Field(description="What was brought under management with it, or was to be.")
    can_work: bool = Field(description="Whether the caller may work it.")
    href: str

    @classmethod
    def of(cls, ticket: found.Ticket) -> Self:
        """The shape of a ticket."""
        return cls(
            ticket_id=ticket.ticket_id,
            request_id=ticket.request_id,
            step_id=ticket.step_id,
            step_name=ticket.step_name,
            title=ticket.title,
            instructions=ticket.instructions,
            type=ticket.type,
            status=TicketStatus(ticket.status),
            owner_team=ticket.owner_team,
            claimed_by=ticket.claimed_by_user_id,
            created_at=ticket.created_at,
            due_at=ticket.due_at,
            resolved_at=ticket.resolved_at,
            error=StepError.of(ticket.error) if ticket.error else None,
            inputs=dict(ticket.inputs),
            outputs_form=OutputsForm(fields=list(ticket.outputs_form.get("fields", ()))),
            external=_external(ticket),
            adoption=Adoption.of(ticket.adoption, ticket.resolution) if ticket.adoption else None,
            can_work=ticket.workable,
            href=href(ticket.ticket_id),
        )


class TicketList(Body):
    """A page of the queue, oldest first."""

    tickets: list[Ticket]
    pagination: Pagination

    @classmethod
    def of(cls, page: Page[found.Ticket]) -> Self:
        """The shape of a page."""
        return cls(tickets=[Ticket.of(ticket) for ticket in page.items], pagination=Pagination.of(page))


class Comment(Body):
    """What somebody wrote on a ticket."""

    author: str = Field(description="Their name.")
    text: str
    created_at: Moment

    @classmethod
    def of(cls, comment: found.Comment) -> Self:
        """The shape of a comment."""
        return cls(author=comment.author, text=comment.text, created_at=comment.created_at)


class CommentList(Body):
    """What was written on a ticket, oldest first."""

    ticket_id: str
    comments: list[Comment]

    @classmethod
    def of(cls, ticket_id: str, written: Sequence[found.Comment]) -> Self:
        """The shape of comments."""
        return cls(ticket_id=ticket_id, comments=[Comment.of(comment) for comment in written])


def href(ticket_id: str) -> str:
    """Where a ticket is."""
    return f"/api/v1/tickets/{ticket_id}"


def _external(ticket: found.Ticket) -> External | None:
    if ticket.external_id is None:
        return None
    return External(system=ticket.system, id=ticket.external_id, url=ticket.external_url)
