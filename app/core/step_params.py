"""The parameters of each step type and what may be verified after it, so that the loader checks them without network code.

`template` of a step is one of the `Params` below, by step type. Its values may be expressions while it lies in a document
(`check_template`); rendered at run time it must fit exactly (`parse`). `verification` is never an expression.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from app.core import expressions
from app.core.shapes import Shape, did_you_mean, shape_faults
from app.errors import Fault

Scalar = str | int | float | bool
Text = Annotated[str, Field(min_length=1)]
HttpCode = Annotated[int, Field(ge=100, le=599)]


class StepParams(Shape):
    """Base of the parameters of a step type."""


class TerraformFileParams(StepParams):
    """A Terraform module, relative to the repository's root, and the values of its variables.

    backend: who runs it: our `worker`, or HCP Terraform or Terraform Enterprise (`remote`), in `workspace` of `organization`.
    """

    module_source: Text
    variables: dict[str, Any] = {}
    backend: Literal["worker", "remote"] = "worker"
    backend_config: dict[str, Any] | None = None
    workspace: str | None = None
    organization: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.backend == "remote" and self.backend_config is not None:
            words = "has a `backend_config`, and `backend: remote` keeps the state itself"
            raise PydanticCustomError("conflict", words, {"remedy": "take one of them away"})
        if self.backend == "worker" and self.organization is not None:
            words = "has an `organization`, which only `backend: remote` has"
            raise PydanticCustomError("conflict", words, {"remedy": "write backend: remote"})
        return self


class GitHubWorkflowParams(StepParams):
    """A workflow to dispatch: `owner/name`, file name or id, branch or tag, and its inputs (GitHub takes them as text)."""

    repository: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+/[A-Za-z0-9._-]+$")]
    workflow_id: Text | int
    ref: Text = "main"
    inputs: dict[str, Scalar] = {}


class BearerAuthentication(Shape):
    """`Authorization: Bearer <token>`."""

    type: Literal["bearer"]
    token: Text


class BasicAuthentication(Shape):
    """`Authorization: Basic` of user name and password."""

    type: Literal["basic"]
    username: Text
    password: str


class HeaderAuthentication(Shape):
    """A header of its own, e.g. `X-API-Key`."""

    type: Literal["header"]
    name: Text
    value: Text


class Expect(Shape):
    """Which answers mean that the call took effect; without it every 2xx does."""

    status: HttpCode | Annotated[list[HttpCode], Field(min_length=1)]


class HttpParams(StepParams):
    """One HTTP call. `body` is sent as JSON; declared outputs are read from the keys of the answer's JSON object.

    idempotent: the other side recognises our `Idempotency-Key`, so the same call may be sent again.
    """

    url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
    headers: dict[str, Scalar] = {}
    body: Any = None
    authentication: Annotated[
        BearerAuthentication | BasicAuthentication | HeaderAuthentication | None, Field(discriminator="type")
    ] = None
    idempotent: bool = False
    expect: Expect | None = None


class JiraTicketParams(StepParams):
    """A Jira issue to be opened and waited for."""

    project: Text
    issue_type: Text
    summary: Text
    description: str = ""
    priority: str | None = None
    assignee: str | None = None
    labels: list[str] = []


class ManualTaskParams(StepParams):
    """Work for a person. `answers` are presentation fields that the person fills in, besides the step's `outputs`.

    due: a duration from when the ticket opens, e.g. `2d`.
    """

    instructions: Text
    assign_to: str | None = None
    due: str | None = None
    answers: list[dict[str, Any]] = []


class CheckParams(StepParams):
    """A check. within: seconds of patience, 0 for one look; every: seconds between two looks; message: told when it fails."""

    within: Annotated[float, Field(ge=0)] = 0
    every: Annotated[float, Field(gt=0)] = 10
    message: Scalar | None = None


class HttpCheckParams(CheckParams):
    """A GET that must be answered with this status, or one of these; without it with any 2xx."""

    url: Annotated[str, Field(pattern=r"^https?://[^\s]+$")]
    status: HttpCode | Annotated[list[HttpCode], Field(min_length=1)] | None = None
    headers: dict[str, Scalar] = {}


class TcpCheckParams(CheckParams):
    """A port that must take connections. Modules often yield ports as text."""

    host: Text
    port: Annotated[int, Field(ge=1, le=65535)] | Annotated[str, Field(pattern=r"^[0-9]{1,5}$")]


class DnsCheckParams(CheckParams):
    """A name that must have an address."""

    host: Text


class ExpressionCheckParams(CheckParams):
    """Something that must be true. when: what the expression came to; expression: its source, to be shown."""

    when: Any
    expression: str


class UniqueCheckParams(CheckParams):
    """A value that no other order may have. among: those of the team, or all. named: what it belongs to (see `digest_of`)."""

    value: Scalar
    among: Literal["team", "all"]
    named: Text


class QuotaCheckParams(CheckParams):
    """What must be left of a team's quotas with this order: at least `leave` of `resource`; without it nothing is exceeded."""

    resource: Text | None = None
    leave: Annotated[float, Field(ge=0)] = 0


STEP_PARAMS: Mapping[str, type[StepParams]] = {
    "TerraformFile": TerraformFileParams,
    "GitHubWorkflow": GitHubWorkflowParams,
    "HttpPost": HttpParams,
    "HttpPut": HttpParams,
    "HttpGet": HttpParams,
    "JiraTicket": JiraTicketParams,
    "ManualTask": ManualTaskParams,
    "HttpCheck": HttpCheckParams,
    "TcpCheck": TcpCheckParams,
    "DnsCheck": DnsCheckParams,
    "ExpressionCheck": ExpressionCheckParams,
    "UniqueCheck": UniqueCheckParams,
    "QuotaCheck": QuotaCheckParams,
}
CHECKS = frozenset(name for name in STEP_PARAMS if name.endswith("Check"))
"""What runs preflights and health checks. No document names these: it writes `http`, `tcp`, `dns`, `expression` and so on."""


def step_types() -> list[str]:
    """The types that a document may give a step."""
    return [name for name in STEP_PARAMS if name not in CHECKS]


class TerraformStateVerification(Shape):
    """How many resources the state holds (exactly), and which outputs it must have."""

    type: Literal["terraform_state"]
    resource_count: Annotated[int, Field(ge=0)] | None = None
    required_outputs: list[str] = []


class WorkflowStatusVerification(Shape):
    """How the workflow run ended."""

    type: Literal["workflow_status"]
    conclusion: Text = "success"


class ArtifactExistsVerification(Shape):
    """An artifact that the workflow run must have left."""

    type: Literal["artifact_exists"]
    name: Text


class HttpStatusVerification(Shape):
    """The status, or statuses, that the answer must have."""

    type: Literal["http_status"]
    status: HttpCode | Annotated[list[HttpCode], Field(min_length=1)]


class ResponseBodyVerification(Shape):
    """What a JSON path finds in the answer: it must find something, or `equals` that, or `matches` that pattern (RE2)."""

    type: Literal["response_body"]
    path: Text
    equals: Any = None
    matches: str | None = None


class HeadersPresentVerification(Shape):
    """Headers that the answer must have."""

    type: Literal["headers_present"]
    headers: Annotated[list[str], Field(min_length=1)]


class TicketStatusVerification(Shape):
    """The status, or statuses, that the ticket must have ended in."""

    type: Literal["ticket_status"]
    status: Text | Annotated[list[str], Field(min_length=1)]


Undo = Literal["own", "rollback", "nothing", "person"]


def undo_of(step_type: str, rollback: Mapping[str, Any] | None) -> Undo:
    """How a completed step is taken back.

    `rollback`: by the step that the catalog names; `own`: by its type itself (Terraform destroys); `nothing`: it made nothing,
    or the catalog says `rollback: {type: none}`; `person`: by a ticket.
    """
    if rollback is not None:
        return "nothing" if rollback["type"] == NOTHING_TO_UNDO else "rollback"
    if step_type == "TerraformFile":
        return "own"
    return "nothing" if step_type in CHANGE_NOTHING else "person"


def may_repeat(rollback: Mapping[str, Any] | None) -> bool:
    """Whether a roll back whose answer got lost may simply be sent again."""
    if rollback is None:
        return False
    kind, template = rollback.get("type"), rollback.get("template") or {}
    return kind in CHANGE_NOTHING or kind == "TerraformFile" or template.get("idempotent") is True


NOTHING_TO_UNDO = "none"
"""The `type` of a rollback that says: there is nothing to take back."""
CHANGE_NOTHING = CHECKS | {"HttpGet"}
_HTTP = (HttpStatusVerification, ResponseBodyVerification, HeadersPresentVerification)
VERIFICATIONS: Mapping[str, tuple[type[Shape], ...]] = {
    "TerraformFile": (TerraformStateVerification,),
    "GitHubWorkflow": (WorkflowStatusVerification, ArtifactExistsVerification),
    "HttpPost": _HTTP,
    "HttpPut": _HTTP,
    "HttpGet": _HTTP,
    "JiraTicket": (TicketStatusVerification,),
    "ManualTask": (),
    **dict.fromkeys(CHECKS, ()),
}


def parse(step_type: str, rendered: Any) -> StepParams:
    """The parameters of one run, from the rendered template. Raises pydantic's ValidationError, KeyError (unknown type)."""
    return STEP_PARAMS[step_type].model_validate(rendered)


def is_template(value: Any) -> bool:
    """True for text that is rendered before use."""
    return isinstance(value, str) and expressions.is_template(value)


def check_template(step_type: str, template: Any) -> list[Fault]:
    """What is wrong with the `template` of a step as a document writes it; paths are relative to the template.

    Where the text holds an expression, its value is not known yet: nothing is said about it. An unknown `step_type` is
    nobody's fault here.
    """
    params = STEP_PARAMS.get(step_type)
    if params is None:
        return []
    try:
        params.model_validate(template)
    except ValidationError as error:
        found = shape_faults(params, error, template)
        return [fault for fault in found if not any(is_template(value) for value in _along(template, fault.path))]
    return []


def check_verification(step_type: str, verification: Any) -> list[Fault]:
    """What is wrong with the `verification` of a step; paths are relative to it."""
    if step_type not in VERIFICATIONS:
        return []
    if not isinstance(verification, Mapping):
        return [Fault((), "type", "must be a mapping")]
    allowed = {get_args(shape.model_fields["type"].annotation)[0]: shape for shape in VERIFICATIONS[step_type]}
    if not allowed:
        return [Fault((), "unknown_field", f"is not known for {step_type}", {"remedy": "take it away"})]
    named = verification.get("type")
    if named is None:
        return [Fault(("type",), "required", "is missing", {"remedy": f"write one of {', '.join(sorted(allowed))}"})]
    if not isinstance(named, str) or named not in allowed:
        message = f"does not verify a {step_type}"
        return [Fault(("type",), "oneof", message, {"remedy": did_you_mean(str(named), allowed)})]
    return _shape(allowed[named], verification)


def _shape(shape: type[Shape], document: Any) -> list[Fault]:
    try:
        shape.model_validate(document)
    except ValidationError as error:
        return shape_faults(shape, error, document)
    return []


def _along(document: Any, path: tuple[str | int, ...]) -> list[Any]:
    """The values that one meets on the way down `path`, the last one included."""
    met = [document]
    for part in path:
        try:
            met.append(met[-1][part])
        except (KeyError, IndexError, TypeError):
            break
    return met
