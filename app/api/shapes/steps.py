"""Steps of requests: in a plan, in a request, and whole with their attempts and logs."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field

from app.api.reading import Query
from app.api.shapes.common import Body, Moment
from app.api.shapes.parameters import LARGEST, Whole
from app.core import plan
from app.core.house_checks import Seen
from app.core.secrecy import MASK
from app.core.statuses import Activity, AttemptStatus, ManagedBy, StepStatus
from app.core.step_params import Undo
from app.queries import shapes as found
from app.queries.logs import LogPage

LineNumber = Annotated[int, Field(ge=0, le=LARGEST), Whole]


class LogQuery(Query):
    """Which lines of a log."""

    attempt: Annotated[int, Field(ge=1, le=LARGEST), Whole] | None = Field(
        default=None, description="The newest one when left out."
    )
    after: LineNumber | None = Field(default=None, description="Go on behind the line of this number.")
    before: LineNumber | None = Field(default=None, description="Go back from the line of this number.")
    tail: Annotated[int, Field(ge=1, le=1000), Whole] = Field(default=200, description="How many lines at most.")


class JobTracking(Body):
    """The run at the system that does the work."""

    external_id: str
    tracking_url: str | None


class StepSummary(Body):
    """A step as its request shows it. Sensitive outputs are masked."""

    step_id: str = Field(examples=["step-001"])
    name: str = Field(examples=["provision_postgres"])
    title: str
    type: str = Field(examples=["TerraformFile"])
    status: StepStatus
    position: int
    depends_on: list[str] = Field(description="Ids of the steps and checks that it waits for.")
    item: str | None = Field(description="The `as` of the item that it builds; null for a step of the bundle itself.")
    started_at: Moment | None
    completed_at: Moment | None
    outputs: dict[str, Any]
    managed_by: ManagedBy | None = Field(description="Who looks after what it made, and takes it back; null before it is done.")
    job_tracking: JobTracking | None = Field(default=None, description="Left out where nothing runs elsewhere.")
    href: str

    @classmethod
    def of(cls, where: str, step: found.Step, **more: Any) -> Self:
        """The shape of the step that is at `where`."""
        if step.external_id is not None:
            more["job_tracking"] = JobTracking(external_id=step.external_id, tracking_url=step.tracking_url)
        return cls(
            step_id=step.step_id,
            name=step.name,
            title=step.title,
            type=step.type,
            status=StepStatus(step.status),
            position=step.position,
            depends_on=list(step.depends_on),
            item=step.item,
            started_at=step.started_at,
            completed_at=step.completed_at,
            outputs={**step.outputs, **dict.fromkeys(step.sensitive_outputs, MASK)},
            managed_by=ManagedBy(step.managed_by) if step.managed_by else None,
            href=where,
            **more,
        )


class StepError(Body):
    """Why an attempt failed. details: what the step type knows, e.g. `resource` and `error_code` of Terraform."""

    type: str = Field(examples=["terraform_error"])
    message: str
    details: dict[str, Any]

    @classmethod
    def of(cls, error: Mapping[str, Any]) -> Self:
        """The shape of a stored error."""
        return cls(type=error["type"], message=error["message"], details=dict(error.get("details") or {}))


class CheckSummary(Body):
    """Something that is looked at before anything is built, or after it is, as its request shows it."""

    check_id: str = Field(examples=["check-001"])
    kind: Literal["preflight", "health"] = Field(description="Before the first step, or after the last one.")
    name: str
    title: str
    type: str = Field(examples=["HttpCheck"])
    status: StepStatus
    item: str | None = Field(description="The `as` of the item that it looks at; null for a check of the bundle itself.")
    owner_team: str
    expected: Any = Field(description="What must be seen; null before the first look.")
    actual: Any = Field(description="What was seen at the last look.")
    error: StepError | None = Field(description="Why it does not hold.")
    started_at: Moment | None
    completed_at: Moment | None
    ticket_id: str | None = Field(description="Its open ticket.")
    href: str

    @classmethod
    def of(cls, where: str, check: found.Step) -> Self:
        """The shape of the check that is at `where`."""
        return cls(
            check_id=check.step_id,
            kind="health" if check.kind == "health" else "preflight",
            name=check.name,
            title=check.title,
            type=check.type,
            status=StepStatus(check.status),
            item=check.item,
            owner_team=check.owner_team,
            expected=check.expected,
            actual=check.actual,
            error=StepError.of(check.error) if check.error else None,
            started_at=check.started_at,
            completed_at=check.completed_at,
            ticket_id=check.ticket.ticket_id if check.ticket else None,
            href=where,
        )


class Attempt(Body):
    """One attempt of a step."""

    attempt_number: int
    status: AttemptStatus
    started_at: Moment
    completed_at: Moment | None
    error: StepError | None
    evidence: dict[str, Any] | None = Field(description="What is known of an attempt whose outcome nobody knows.")
    late_result: dict[str, Any] | None = Field(
        description="What a worker that had lost the step wanted to record afterwards. It changed nothing."
    )
    external_id: str | None
    logs_href: str

    @classmethod
    def of(cls, where: str, attempt: found.Attempt) -> Self:
        """The shape of an attempt of the step at `where`."""
        return cls(
            attempt_number=attempt.number,
            status=AttemptStatus(attempt.status),
            started_at=attempt.started_at,
            completed_at=attempt.completed_at,
            error=StepError.of(attempt.error) if attempt.error else None,
            evidence=dict(attempt.evidence) if attempt.evidence else None,
            late_result=dict(attempt.late_result) if attempt.late_result else None,
            external_id=attempt.external_id,
            logs_href=f"{where}/logs?attempt={attempt.number}",
        )


class Check(Body):
    """One thing that verification looked at."""

    name: str
    ok: bool
    expected: Any
    actual: Any


class StepDetail(StepSummary):
    """A step, whole, with what can be done about it."""

    request_id: str
    owner_team: str = Field(description="The platform team that works its ticket.")
    activity: Activity = Field(description="What it was last taken up for, or is next: a step that is `undo` is taken back.")
    attempts: list[Attempt]
    verification: list[Check] | None = Field(description="What was looked at after it had succeeded.")
    can_retry: bool = Field(description="Whether it makes sense to run it again now, whoever asks.")
    repeatable: bool = Field(description="Whether it may run again after it is done, with what stands on it.")
    can_retry_from: bool = Field(description="Whether it makes sense to run the request again from it on now, whoever asks.")
    can_skip: bool = Field(description="Whether it makes sense to leave it out now: nothing that is to come reads its outputs.")
    manual_fallback_available: bool = Field(description="Whether a person is asked to finish it.")
    undo: Undo = Field(description="How a roll back takes it back: by itself, as the catalog says, not at all, or by a person.")
    kept: bool = Field(description="Whether a person said during a roll back that it stays.")
    ticket_id: str | None = Field(description="Its open ticket.")

    @classmethod
    def whole(cls, request_id: str, step: found.Step) -> Self:
        """The shape of a whole step."""
        where = href(request_id, step.step_id)
        return cls.of(
            where,
            step,
            request_id=request_id,
            owner_team=step.owner_team,
            activity=Activity(step.activity),
            attempts=[Attempt.of(where, attempt) for attempt in step.attempts],
            verification=None if step.verification is None else [Check(**check) for check in step.verification],
            can_retry=step.can_retry,
            repeatable=step.repeatable,
            can_retry_from=step.can_retry_from,
            can_skip=step.can_skip,
            manual_fallback_available=step.manual_fallback_available,
            undo=step.undo_how,
            kept=step.undo == "kept",
            ticket_id=step.ticket.ticket_id if step.ticket else None,
        )


class LogLine(Body):
    """One line of a log."""

    number: int
    logged_at: Moment
    text: str


class Log(Body):
    """Lines of one attempt, oldest first. attempt_number is 0 before the first attempt."""

    request_id: str
    step_id: str
    attempt_number: int
    lines: list[LogLine]
    has_earlier: bool
    has_later: bool
    ended: bool = Field(description="The attempt is over: it writes no more lines.")

    @classmethod
    def of(cls, request_id: str, step_id: str, page: LogPage) -> Self:
        """The shape of a page of a log."""
        return cls(
            request_id=request_id,
            step_id=step_id,
            attempt_number=page.attempt,
            lines=[LogLine(number=line.number, logged_at=line.logged_at, text=line.text) for line in page.lines],
            has_earlier=page.earlier,
            has_later=page.later,
            ended=not page.goes_on,
        )


class PlannedStep(Body):
    """A step that an order would have."""

    step_id: str
    name: str
    title: str
    type: str
    status: Literal["pending", "skipped"]
    position: int
    depends_on: list[str]
    item: str | None
    owner_team: str

    @classmethod
    def of(cls, step: plan.PlannedStep) -> Self:
        """The shape of a planned step."""
        return cls(
            step_id=step.step_id,
            name=step.name,
            title=step.title,
            type=step.type,
            status="skipped" if step.skipped else "pending",
            position=step.position,
            depends_on=list(step.depends_on),
            item=step.item_alias,
            owner_team=step.owner_team,
        )


class PlannedCheck(Body):
    """A check that an order would have."""

    check_id: str = Field(examples=["check-001"])
    kind: Literal["preflight", "health"] = Field(description="Before the first step, or after the last one.")
    name: str
    title: str
    type: str = Field(examples=["HttpCheck"])
    depends_on: list[str] = Field(description="Ids of the steps and checks that it waits for.")
    item: str | None
    owner_team: str
    holds_now: bool | None = Field(description="Whether it holds already; null for what is only asked just before building.")
    expected: Any = Field(None, description="What must be seen; null for what is only asked just before building.")
    actual: Any = Field(None, description="What is seen now.")

    @classmethod
    def of(cls, check: plan.PlannedStep, seen: Seen | None) -> Self:
        """The shape of a planned check. seen: what it sees already."""
        return cls(
            holds_now=seen.ok if seen else None,
            expected=seen.expected if seen else None,
            actual=seen.actual if seen else None,
            check_id=check.step_id,
            kind="health" if check.kind == "health" else "preflight",
            name=check.name,
            title=check.title,
            type=check.type,
            depends_on=list(check.depends_on),
            item=check.item_alias,
            owner_team=check.owner_team,
        )


def href(request_id: str, step_id: str) -> str:
    """Where a step is."""
    return f"/api/v1/requests/{request_id}/steps/{step_id}"
