"""Many orders sent as one: what is posted, and what became of each row."""

from typing import Any, Literal, Self

from pydantic import ConfigDict, Field, RootModel
from pydantic.config import JsonDict

from app.api.reading import Query
from app.api.shapes.common import Body, Moment, Pagination, ProblemError
from app.api.shapes.parameters import Cursor, Limit
from app.api.shapes.requests import href as request_href
from app.core.statuses import RequestStatus
from app.lifecycle.batches.sending import Batch, Mode
from app.queries import batches as found
from app.queries.paging import Page

_EXAMPLE: JsonDict = {
    "mode": "row_by_row",
    "rows": [
        {"key": "db-orders", "order": {"catalog_item": "postgres-database", "parameters": {"database_name": "orders"}}},
        {"key": "db-stock", "order": {"catalog_item": "postgres-database", "parameters": {"database_name": "stock"}}},
    ],
}


class BatchOrder(RootModel[Batch]):
    """Up to 500 orders, each with a key of the client's own."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})


class BatchQuery(Query):
    """What the rows of a body of CSV order, and how. None of it goes with a body of JSON."""

    entry: str | None = Field(default=None, max_length=200, description="CSV: the bundle or item that every row orders.")
    kind: Literal["bundle", "item"] | None = Field(
        default=None, description="CSV: whether `entry` is a bundle or an item; looked up when left out."
    )
    version: str | None = Field(default=None, max_length=200, description="CSV: its version, the current one when left out.")
    mode: Mode | None = Field(default=None, description="CSV: `all_or_nothing` when left out.")


class BatchesQuery(Query):
    """A page of batches."""

    limit: Limit = 50
    cursor: Cursor = None


class BatchSummary(Body):
    """A batch as lists show it. taken, refused: how many of its rows are requests, and how many became none."""

    batch_id: str = Field(examples=["bat-20250816-abc123"])
    mode: Mode
    catalog_bundle: str | None = Field(default=None, description="What every row orders; left out where it is no bundle.")
    catalog_item: str | None = Field(default=None, description="What every row orders; left out where it is no item.")
    version: str | None = Field(default=None, description="The version that every row names; left out where none does.")
    created_at: Moment
    requester: str = Field(description="The `user_id` of whoever sent it.")
    rows: int
    taken: int
    refused: int
    href: str

    @classmethod
    def of(cls, head: found.BatchHead) -> Self:
        """The shape of a head."""
        return cls(**_head(head))


class BatchList(Body):
    """A page of batches, newest first."""

    batches: list[BatchSummary]
    pagination: Pagination

    @classmethod
    def of(cls, page: Page[found.BatchHead]) -> Self:
        """The shape of a page."""
        return cls(batches=[BatchSummary.of(one) for one in page.items], pagination=Pagination.of(page))


class BatchRowShown(Body):
    """One row, in the order in which they were sent. `repeated`: it had been sent before, its request was there already."""

    row: int = Field(description="Counts from 0, as the pointers of faults do.")
    key: str
    state: Literal["taken", "refused"]
    repeated: bool
    request_id: str | None = Field(default=None, description="Left out of a refused row.")
    title: str | None = Field(default=None, description="What people call the request.")
    status: RequestStatus | None = Field(default=None, description="How its request stands now.")
    href: str | None = None
    order: dict[str, Any] | None = Field(default=None, description="Of a refused row: what was sent, without secrets.")
    errors: list[ProblemError] = Field(default=[], description="Of a refused row: everything that is wrong with it.")

    @classmethod
    def of(cls, line: found.BatchLine) -> Self:
        """The shape of a row."""
        head = {"row": line.position, "key": line.key, "repeated": line.repeated}
        if not line.taken:
            errors = [ProblemError.model_validate(one) for one in line.faults]
            return cls(**head, state="refused", order=dict(line.order), errors=errors)
        if line.request_id is None:
            return cls(**head, state="taken")
        shown = {"request_id": line.request_id, "title": line.title, "status": line.status}
        return cls(**head, state="taken", **shown, href=request_href(line.request_id))


class BatchShown(BatchSummary):
    """A batch, whole. statuses: how many of its requests are in which state now."""

    statuses: dict[RequestStatus, int]
    results: list[BatchRowShown]

    @classmethod
    def of_detail(cls, detail: found.BatchDetail) -> Self:
        """The shape of a whole batch."""
        statuses = {RequestStatus(status): number for status, number in detail.statuses.items()}
        return cls(**_head(detail.head), statuses=statuses, results=[BatchRowShown.of(line) for line in detail.lines])


def _head(head: found.BatchHead) -> dict[str, Any]:
    named = {f"catalog_{head.kind}": head.name} if head.kind else {}
    return {
        "batch_id": head.batch_id,
        "mode": head.mode,
        **named,
        **({"version": head.version} if head.version else {}),
        "created_at": head.created_at,
        "requester": head.requester_user_id,
        "rows": head.rows,
        "taken": head.taken,
        "refused": head.refused,
        "href": f"/api/v1/batches/{head.batch_id}",
    }
