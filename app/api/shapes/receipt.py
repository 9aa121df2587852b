"""The receipt of a request."""

from typing import Any

from pydantic import Field

from app.api.shapes.common import Body
from app.core.statuses import RequestStatus


class Receipt(Body):
    """What was ordered, decided, done and made, secrets masked. Every time is in UTC, so that the digest is one everywhere."""

    format: int = Field(description="Of the receipt: what its parts mean.")
    request_id: str = Field(examples=["req-20250816-abc123"])
    title: str
    status: RequestStatus
    created_at: str
    completed_at: str | None
    failure: str | None
    requester: dict[str, Any] = Field(description="`user_id name email team`.")
    batch: dict[str, Any] | None = Field(description="`batch_id row key`, where it came with others.")
    ordered: dict[str, Any] = Field(
        description="The entry and its `items`: of each the version, the document's place and hash, the commit it was read at."
    )
    answers: dict[str, Any] = Field(description="Everything it was built from: `selected bundle_parameters item_parameters`.")
    price: dict[str, Any] | None = Field(description="As it was when it was ordered.")
    approvals: list[dict[str, Any]] = Field(description="Who had to agree, who did, and the digest of what they agreed to.")
    questions: list[dict[str, Any]] = Field(description="What the requester was asked, answered and changed.")
    decisions: list[dict[str, Any]] = Field(description="Who sent, changed, cancelled, resumed, skipped, rolled back, and why.")
    steps: list[dict[str, Any]] = Field(description="Every step and check, with times and `attempts`.")
    human_edits: list[dict[str, Any]] = Field(description="Tickets that people ended, and the `outputs` that they filled in.")
    outputs: dict[str, Any] = Field(description="By group, sensitive ones masked.")
    digest: str = Field(
        pattern="^sha256:[0-9a-f]{64}$",
        description=(
            "SHA-256 of this object without `digest`, as UTF-8 JSON with sorted keys and nothing between its parts. "
            "It tells whether two receipts are the same; it is no signature."
        ),
    )
