"""Requests as lists and pages show them, and what an order is answered with."""

from datetime import tzinfo
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, RootModel
from pydantic.config import JsonDict

from app.api.reading import Query
from app.api.shapes import steps
from app.api.shapes.approvals import Message, RequestApproval
from app.api.shapes.catalog import Forecast
from app.api.shapes.common import Body, Moment, Pagination
from app.api.shapes.decisions import Refusals
from app.api.shapes.money import Price
from app.api.shapes.parameters import LARGEST, After, Cursor, Day, Limit, Wait, Whole, YesOrNo
from app.api.shapes.steps import CheckSummary, StepSummary
from app.core.access import Person
from app.core.decisions import again, kept
from app.core.moments import moment
from app.core.statuses import RequestStatus, StepStatus
from app.lifecycle.orders.preparing import BundleOrder, ItemOrder
from app.lifecycle.orders.submit import Submitted
from app.queries import shapes
from app.queries.decisions import refusals
from app.queries.live import News
from app.queries.paging import Page
from app.queries.request_export import MOST
from app.queries.request_lists import Filters
from app.queries.shapes import Detail, Summary

Mode = Literal["automation", "manual"]

_BUNDLE_EXAMPLE: JsonDict = {
    "catalog_bundle": "full-stack-web-app",
    "version": "2.1.0",
    "bundle_parameters": {"solution_name": "customer-portal", "enable_ha": True},
    "item_parameters": {
        "eks-container-app": {"app_name": "customer-portal-api", "environment": "staging", "replicas": 3},
        "postgres-database": {"database_name": "customer_portal_db", "allocated_storage": 250},
        "redis-cache": {"enabled": True, "cache_size": "cache.t3.micro"},
    },
    "requester": {"team": "customer-experience"},
}
_ITEM_EXAMPLE: JsonDict = {"catalog_item": "postgres-database", "parameters": {"database_name": "customer_portal_db"}}


class Order(RootModel[BundleOrder | ItemOrder]):
    """The order of a bundle or of one item."""

    model_config = ConfigDict(json_schema_extra={"examples": [_BUNDLE_EXAMPLE, _ITEM_EXAMPLE]})


class RequestsQuery(Query):
    """How a list of requests is narrowed and paged."""

    status: tuple[RequestStatus, ...] = Field(default=(), description="Requests in any of these states.")
    mine: YesOrNo = Field(default=False, description="Only what the caller ordered.")
    team: str | None = Field(default=None, max_length=200, description="Only what this team ordered.")
    catalog: str | None = Field(default=None, max_length=200, description="Only orders of this bundle or item.")
    requester: str | None = Field(default=None, max_length=200, description="Only what this person ordered: their `user_id`.")
    created_after: Day | None = Field(default=None, description="Only those sent from then on: a day, or a moment.")
    created_before: Day | None = Field(default=None, description="Only those sent before: a day, or a moment.")
    batch: str | None = Field(default=None, max_length=200, description="Only those that came with this batch.")
    q: str | None = Field(
        default=None, max_length=200, description="Words, or beginnings of words, of title and id; all of them must be found."
    )
    format: Literal["json", "csv"] | None = Field(
        default=None,
        description=f"`csv`, or `Accept: text/csv`: the whole list as CSV instead of a page of it, {MOST:,} requests at most.",
    )
    limit: Limit = 50
    cursor: Cursor = None

    def filters(self, zone: tzinfo) -> Filters:
        """The same, for the query. zone: where a day begins."""
        return Filters(
            statuses=self.status,
            mine=self.mine,
            team=self.team,
            catalog_name=self.catalog,
            requester=self.requester,
            created_after=moment(self.created_after, zone) if self.created_after else None,
            created_before=moment(self.created_before, zone) if self.created_before else None,
            batch=self.batch,
            text=self.q,
        )


class EventsQuery(Query):
    """Which events."""

    after: After = Field(default=0, description="The number of the last event that the client has.")
    limit: Limit = 50
    wait: Wait = 0


class DetailQuery(Query):
    """Whether to wait for a change."""

    wait: Wait = 0
    after: Annotated[int, Field(ge=0, le=LARGEST), Whole] | None = Field(
        default=None, description="With `wait`: the `last_event` that the client has; the newest one when left out."
    )


class RequestRequester(Body):
    """Who ordered."""

    user_id: str
    team: str
    email: str | None = Field(default=None, description="Left out where it is not known.")


class Ordered(Body):
    """What was ordered: one of the two keys is there."""

    catalog_bundle: str | None = Field(default=None, description="The bundle that was ordered; left out of an item's order.")
    catalog_item: str | None = Field(default=None, description="The item that was ordered; left out of a bundle's order.")


class RequestCreated(Ordered):
    """An order that was accepted."""

    request_id: str = Field(examples=["req-20250816-abc123"])
    status: Literal["submitted"]
    created_at: Moment
    href: str

    @classmethod
    def of(cls, made: Submitted) -> Self:
        """The shape of what a submit made."""
        return cls(
            request_id=made.request_id,
            status="submitted",
            created_at=made.created_at,
            href=href(made.request_id),
            **{f"catalog_{made.kind}": made.catalog_name},
        )


class RequestSummary(Ordered):
    """A request as lists show it. steps: how many steps are in which state."""

    request_id: str = Field(examples=["req-20250816-abc123"])
    title: str
    status: RequestStatus
    version: str
    created_at: Moment
    updated_at: Moment
    completed_at: Moment | None
    requester: RequestRequester
    steps: dict[StepStatus, int]
    href: str

    @classmethod
    def of(cls, summary: Summary) -> Self:
        """The shape of a summary."""
        return cls(**_head(summary, None), steps=dict(summary.steps))


class RequestList(Body):
    """A page of requests, newest first."""

    requests: list[RequestSummary]
    pagination: Pagination

    @classmethod
    def of(cls, page: Page[Summary]) -> Self:
        """The shape of a page."""
        return cls(requests=[RequestSummary.of(one) for one in page.items], pagination=Pagination.of(page))


class Fulfillment(Body):
    """How the request is built: its planned steps, and checks before and after them."""

    execution_mode: Mode
    steps: list[StepSummary]
    checks: list[CheckSummary]


class WaitingOn(Body):
    """The person or team that a request waits on: the longest of several."""

    who: str = Field(examples=["platform-data-team"])
    since: Moment
    what: str = Field(examples=["TCK-1042: PostgreSQL"])
    usual_seconds: float | None = Field(description="Half of their last ones took no longer; null where too few are known.")

    @classmethod
    def of(cls, found: shapes.WaitingOn | None) -> Self | None:
        """The shape of what a request waits on."""
        return cls(who=found.who, since=found.since, what=found.what, usual_seconds=found.usual) if found else None


class RequestDetail(Ordered):
    """A request, whole. outputs: by the `as` of each item, those of a bundle itself under `bundle`; of a single item flat."""

    request_id: str = Field(examples=["req-20250816-abc123"])
    title: str
    status: RequestStatus
    version: str
    created_at: Moment
    updated_at: Moment
    completed_at: Moment | None
    requester: RequestRequester
    fulfillment: Fulfillment
    outputs: dict[str, Any]
    failure: str | None = Field(description="Why somebody said that it cannot be done.")
    last_event: int = Field(description="The number of its newest event.")
    kept_steps: int = Field(description="How many finished steps keep what they made when the request goes on or is cancelled.")
    again_steps: int = Field(description="How many steps that have run wait to be run again.")
    refusals: Refusals
    price: Price | None = Field(description="What it cost when it was ordered; null where nothing of it has a price.")
    approvals: list[RequestApproval] = Field(description="Who must agree, or had to; those of its present order last.")
    messages: list[Message] = Field(description="What approvers asked, and what the requester answered or changed.")
    waiting_on: WaitingOn | None = Field(description="Null where no person is waited for.")
    forecast: Forecast | None = Field(description="What past runs of its entry tell; null once it has ended.")
    href: str

    @classmethod
    def of(cls, detail: Detail, person: Person) -> Self:
        """The shape of a whole request, for whoever asks."""
        summary = detail.summary
        fulfillment = Fulfillment(
            execution_mode="manual" if detail.manual_only else "automation",
            steps=[StepSummary.of(steps.href(summary.request_id, step.step_id), step) for step in detail.steps],
            checks=[CheckSummary.of(steps.href(summary.request_id, one.step_id), one) for one in detail.checks],
        )
        return cls(
            **_head(summary, detail.requester_email),
            fulfillment=fulfillment,
            outputs=dict(detail.grouped_outputs),
            failure=summary.failure,
            last_event=summary.last_event,
            kept_steps=kept(detail.look),
            again_steps=again(detail.look),
            refusals=Refusals.of(refusals(detail, person)),
            price=Price.of(detail.price),
            approvals=[RequestApproval.of(one) for one in detail.approvals],
            messages=[Message.of(one) for one in detail.messages],
            waiting_on=WaitingOn.of(detail.waiting_on),
            forecast=Forecast.of(detail.forecast),
        )


class OutputsQuery(Query):
    """Which outputs, and how."""

    item: str | None = Field(default=None, max_length=100, description="The `as` of one item, or `bundle`: its outputs alone.")
    reveal: YesOrNo = Field(default=False, description="Sensitive values in clear, for the team that asked. It is audited.")
    format: Literal["json", "env"] = Field(default="json", description="`env`: lines `NAME='value'` of a `.env` file.")


class RequestOutputs(Body):
    """The outputs so far, in the shape that the request shows them in; those of one item flat."""

    request_id: str
    outputs: dict[str, Any]


class RequestEvent(Body):
    """One numbered thing that happened."""

    number: int
    kind: str = Field(examples=["step.completed"])
    occurred_at: Moment
    actor: str | None = Field(description="A user's id, `worker:…` or `system`.")
    step_id: str | None
    payload: dict[str, Any]


class RequestEventList(Body):
    """Events, oldest first, without holes. Ask again with `after` = `last_number`, until it has `ended`."""

    request_id: str
    events: list[RequestEvent]
    last_number: int
    has_more: bool
    ended: bool = Field(description="Nothing comes after these unless somebody resumes the request or rolls it back.")

    @classmethod
    def of(cls, request_id: str, news: News, query: EventsQuery) -> Self:
        """The shape of what was found; one more than the limit was read to see whether there is more."""
        shown = news.events[: query.limit]
        more = len(news.events) > query.limit
        events = [
            RequestEvent(
                number=event.number,
                kind=event.kind,
                occurred_at=event.occurred_at,
                actor=event.actor,
                step_id=event.step_id,
                payload=dict(event.payload),
            )
            for event in shown
        ]
        last = shown[-1].number if shown else query.after
        ended = news.ended and not more
        return cls(request_id=request_id, events=events, last_number=last, has_more=more, ended=ended)


def href(request_id: str) -> str:
    """Where a request is."""
    return f"/api/v1/requests/{request_id}"


def _head(summary: Summary, email: str | None) -> dict[str, Any]:
    known = {"email": email} if email else {}
    return {
        "request_id": summary.request_id,
        "title": summary.title,
        "status": summary.status,
        f"catalog_{summary.kind}": summary.catalog_name,
        "version": summary.version,
        "created_at": summary.created_at,
        "updated_at": summary.updated_at,
        "completed_at": summary.completed_at,
        "requester": RequestRequester(user_id=summary.requester_user_id, team=summary.team, **known),
        "href": href(summary.request_id),
    }
