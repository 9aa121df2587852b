"""The plan of what running a failed step again would change."""

from typing import Any, Literal, Self

from pydantic import Field

from app.api.shapes.common import Body, Moment
from app.api.shapes.steps import StepError
from app.core.statuses import PlanStatus
from app.lifecycle.engine.planning import SeenPlan


class AttributeChange(Body):
    """An attribute that changes. Values that are sensitive are masked, long ones left out."""

    name: str = Field(examples=["allocated_storage"])
    before: str | None
    after: str | None


class ResourceChange(Body):
    """What becomes of one resource."""

    resource: str = Field(examples=["aws_db_instance.main"])
    action: str = Field(description="`create`, `update`, `replace`, `delete`, `read`, `import` or `forget`.")
    attributes: list[AttributeChange] = Field(description="Of a resource that is updated or replaced: what changes.")


class StepPlan(Body):
    """What running the step again would change, as it was found when the plan was made. It changes nothing itself."""

    request_id: str
    step_id: str
    status: PlanStatus | Literal["none"] = Field(
        description="`lost`: the worker that made it died; ask again. `none`: nobody has asked for one yet."
    )
    asked_at: Moment | None
    asked_by: str | None
    made_at: Moment | None
    changes: list[ResourceChange]
    counts: dict[str, int] = Field(description="How many resources by action, those that are left out included.")
    left_out: int = Field(description="How many changes more there are than are told here.")
    nothing_to_change: bool = Field(description="It was made, and running the step again would change nothing.")
    out_of_date: list[str] = Field(description="Why a plan that was made does not hold any more; empty where it does.")
    error: StepError | None = Field(description="Why it could not be made.")
    refused: str | None = Field(description="Why none can be asked for now; null where one can.")

    @classmethod
    def of(cls, seen: SeenPlan) -> Self:
        """The shape of a plan."""
        row = seen.row
        found: dict[str, Any] = (row.found if row else None) or {}
        counts = found.get("counts") or {}
        return cls(
            request_id=seen.request_id,
            step_id=seen.step_id,
            status=PlanStatus(row.status) if row else "none",
            asked_at=row.asked_at if row else None,
            asked_by=row.asked_by if row else None,
            made_at=row.made_at if row else None,
            changes=[ResourceChange.model_validate(one) for one in found.get("changes") or ()],
            counts=counts,
            left_out=found.get("left_out") or 0,
            nothing_to_change=bool(found) and not counts,
            out_of_date=list(seen.old),
            error=StepError.of(row.error) if row and row.error else None,
            refused=seen.refused,
        )
