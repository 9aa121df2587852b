"""The shape of one catalog document, item or bundle, and its normalised form.

The keys are those of the catalog format that this version acts on; LATER names those it knows and does not act on yet. They
are faults, not silence: an approval that is written down and not asked for would be worse than none.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from app.catalog.schema.checks import HealthCheck, Preflight
from app.catalog.schema.words import Duration, Line, OutputType, Pattern, Pause, Prose, Range, Role, Slug, Tag, Version, Word
from app.core.durations import parse_duration
from app.core.fields import Field as FormField
from app.core.quota import COUNTED
from app.core.shapes import Shape, did_you_mean
from app.core.step_params import NOTHING_TO_UNDO, step_types

LATER: frozenset[str] = frozenset(
    {
        "service",
        "targets",
        "state_of",
    }
)


def _step_type(name: str) -> str:
    if name not in step_types():
        raise PydanticCustomError("oneof", "must be a step type", {"remedy": did_you_mean(name, step_types())})
    return name


def _rollback_type(name: str) -> str:
    if name == "TerraformFile":
        remedy = "leave rollback out, and what the step built is destroyed by itself"
        raise PydanticCustomError("oneof", "may not be TerraformFile", {"remedy": remedy})
    return name if name == NOTHING_TO_UNDO else _step_type(name)


class Link(Shape):
    """A page worth reading."""

    title: Line
    url: Annotated[str, Field(pattern=r"^https?://\S+$")]


class Deprecated(Shape):
    """Since which version an entry should not be ordered any more, what to take instead, and until when it is there."""

    since: Version
    use: Slug | None = None
    remove_after: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")] | None = None


class CostLine(Shape):
    """One line of the price: `price`, or of the answer `by` its price in `prices`; times the number `each`, times `times`."""

    label: Line
    price: Annotated[float, Field(ge=0)] | None = None
    each: Word | None = None
    by: Word | None = None
    prices: dict[str, Annotated[float, Field(ge=0)]] = {}
    times: str | None = None

    @model_validator(mode="after")
    def _one_price(self) -> "CostLine":
        if (self.price is None) == (self.by is None):
            raise ValueError("must have either price, or by and prices")
        return self


class Cost(Shape):
    """What an entry costs."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "USD"
    per: Literal["month"] = "month"
    lines: Annotated[list[CostLine], Field(min_length=1)]


class Group(Shape):
    """A part of the form."""

    name: Word
    title: Line
    description: str | None = None
    collapsed: bool = False
    visible_when: str | None = None


class Input(FormField):
    """A value that a bundle may fix, that no form asks and no direct order may send; its name is its key."""

    name: Annotated[str, Field(exclude=True)] = "input"

    @model_validator(mode="after")
    def _given(self) -> "Input":
        if self.generate is not None:
            raise ValueError("is an input, which nothing generates: make it a field, or let the bundle fix it")
        return self


class StepOutput(Shape):
    """What a step yields, and the field a person fills in when the step became a ticket."""

    type: OutputType = "string"
    title: Line | None = None
    description: str | None = None
    sensitive: bool = False
    default: Any = None


class Advice(Shape):
    """Turns an error whose text fits `match` into a code and a sentence that helps."""

    match: Pattern
    error_code: Line
    advice: Prose


class RetryPolicy(Shape):
    """How often, and after which pauses, a failed step is tried again."""

    max_attempts: Annotated[int, Field(ge=1, le=20)]
    backoff_strategy: Literal["fixed", "exponential"] = "exponential"
    initial_delay: Duration = "5s"
    max_delay: Duration = "5m"


class Rollback(Shape):
    """How a step is taken back when its request is rolled back: by a step of any type, or not at all (`none`)."""

    type: Annotated[str, AfterValidator(_rollback_type)]
    template: dict[str, Any] = {}

    @model_validator(mode="after")
    def _a_template_unless_none(self) -> "Rollback":
        if self.type == NOTHING_TO_UNDO and self.template:
            raise ValueError("has a template, but `none` does nothing")
        if self.type != NOTHING_TO_UNDO and not self.template:
            raise ValueError("needs a template")
        return self


class Step(Shape):
    """One step of an automation. `template` is checked by `core.step_params`, with `type`."""

    name: Word
    title: Line | None = None
    type: Annotated[str, AfterValidator(_step_type)]
    template: dict[str, Any]
    depends_on: list[str] = []
    when: Annotated[str, Field(min_length=1)] | None = None
    timeout: Duration | None = None
    retry_policy: RetryPolicy | None = None
    verification: dict[str, Any] | None = None
    rollback: Rollback | None = None
    repeatable: bool = False
    outputs: dict[Word, StepOutput] = {}
    errors: list[Advice] = []


class Automation(Shape):
    """How machines do it. `retry_policy` holds for every step that has none of its own; `timeout` is how long all may take."""

    retry_policy: RetryPolicy | None = None
    timeout: Duration | None = None
    fallback_on_failure: bool = True
    steps: Annotated[list[Step], Field(min_length=1)]


class Manual(Shape):
    """How a person does it: the ticket, for the system it is written for. Texts may be templates."""

    system: Literal["internal", "jira", "servicenow", "email", "webhook"]
    template: Annotated[dict[str, Any], Field(min_length=1)]


class RollbackPolicy(Shape):
    """When a request is rolled back: when somebody asks for it, or by itself when it ends failed."""

    order: Literal["reverse"] = "reverse"
    on: Literal["request", "failure"] = "request"


class Fulfillment(Shape):
    """How an order is built: always by a person if need be, by steps where there are some."""

    manual: Manual
    preflight: list[Preflight] = []
    automation: Automation | None = None
    health_checks: list[HealthCheck] = []
    rollback: RollbackPolicy | None = None


class Output(Shape):
    """What the requester gets."""

    value: Any
    sensitive: bool = False
    description: str | None = None


class Access(Shape):
    """Who may order an entry: members of these teams, and people in these roles."""

    teams: list[Slug] = []
    roles: list[Role] = []

    @model_validator(mode="after")
    def _somebody(self) -> "Access":
        if not self.teams and not self.roles:
            raise PydanticCustomError(
                "required", "must name a team or a role", {"remedy": "leave access out where everybody may order"}
            )
        return self


class Asked(Shape):
    """Who is asked to agree: the members of a team, the administrators, or the team that owns the entry."""

    team: Slug | None = None
    role: Literal["administrator", "owner"] | None = None

    @model_validator(mode="after")
    def _one(self) -> "Asked":
        if (self.team is None) == (self.role is None):
            raise PydanticCustomError("required", "must have either team or role", {"remedy": "name one of them"})
        return self


class ApprovalRule(Shape):
    """Who must agree before an order is built, and when; after `timeout` it is escalated or rejected."""

    when: Annotated[str, Field(min_length=1)] | None = None
    by: Asked
    count: Annotated[int, Field(ge=1, le=20)] = 1
    timeout: Pause = "3d"
    reason: Annotated[str, Field(max_length=1_000)] = ""
    remind: Pause | None = None
    on_timeout: Literal["escalate", "reject"] = "escalate"
    escalate_to: Asked | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "ApprovalRule":
        if self.remind is not None and parse_duration(self.remind) >= parse_duration(self.timeout):
            remedy = f"write a shorter time, or leave it out for half of {self.timeout}"
            raise PydanticCustomError("remind", "reminds when the time is over", {"remedy": remedy})
        if self.escalate_to is not None and self.on_timeout == "reject":
            remedy = "take one of on_timeout and escalate_to away"
            raise PydanticCustomError("escalate_to", "escalates to somebody though it is rejected", {"remedy": remedy})
        if self.escalate_to == self.by:
            raise PydanticCustomError("escalate_to", "escalates to those who were asked", {"remedy": "name somebody else"})
        return self


class Header(Shape):
    """What every entry says of itself. `name` is what people read; the identity is the file's stem."""

    name: Line
    version: Version
    description: Annotated[str, Field(min_length=1, max_length=2_000)]
    owner: Slug
    tags: list[Tag] = []
    links: list[Link] = []
    icon: Slug | None = None
    docs: Prose | None = None
    deprecated: Deprecated | None = None
    access: Access | None = None
    approval: list[ApprovalRule] = []
    cost: Cost | None = None
    outputs: dict[Word, Output] = {}


class ItemPresentation(Shape):
    """The form of an item."""

    fields: list[FormField] = []
    groups: list[Group] = []


def _own_resource(name: str) -> str:
    if name in COUNTED:
        raise PydanticCustomError("reserved", "is counted by itself", {"remedy": "take it away, or give it another name"})
    return name


Resource = Annotated[Word, AfterValidator(_own_resource)]
Amount = Annotated[float, Field(ge=0, le=1e12)] | Annotated[str, Field(min_length=1)]
Most = Annotated[int, Field(ge=0, le=1_000_000)]


class Limits(Shape):
    """How many orders of an item are built at once (the others wait for their turn), and how many of it anybody may have."""

    concurrent: Annotated[int, Field(ge=1, le=10_000)] | None = None
    per_team: Most | None = None
    per_user: Most | None = None


class Item(Header):
    """One thing that can be ordered."""

    inputs: dict[Word, Input] = {}
    limits: Limits | None = None
    quota: dict[Resource, Amount] = {}
    presentation: ItemPresentation = ItemPresentation()
    fulfillment: Fulfillment


class BundlePresentation(Shape):
    """The bundle's own form; each item adds its own."""

    bundle_fields: list[FormField] = []
    groups: list[Group] = []


class RequiredItem(Shape):
    """An item that every order of the bundle builds. `parameters` are fixed; `as` names it in references and outputs."""

    catalog_item: Slug
    version: Range
    alias: Annotated[Word | None, Field(alias="as")] = None
    parameters: dict[str, Any] = {}
    depends_on: list[str] = []
    help_text: str | None = None


class OptionalItem(RequiredItem):
    """An item that the requester may leave out."""

    default_enabled: bool = False


class BundleItems(Shape):
    """What a bundle is made of."""

    required_items: list[RequiredItem] = []
    optional_items: list[OptionalItem] = []

    @model_validator(mode="after")
    def _not_empty(self) -> "BundleItems":
        if not self.required_items and not self.optional_items:
            raise ValueError("must have at least one item")
        return self


class Bundle(Header):
    """Several items ordered and wired together."""

    bundle: BundleItems
    presentation: BundlePresentation = BundlePresentation()
    fulfillment: Fulfillment | None = None


KINDS: Mapping[str, type[Header]] = {"item": Item, "bundle": Bundle}


def alias_of(entry: Mapping[str, Any]) -> str:
    """What a bundle's entry is called in references: its `as`, else the item's name with `_` for `-`."""
    return str(entry.get("as") or str(entry.get("catalog_item", "")).replace("-", "_"))


def normalised(entry: Header) -> dict[str, Any]:
    """The document as plain JSON with every default filled in; `as` is always there."""
    definition = entry.model_dump(mode="json", by_alias=True, exclude_none=True)
    if "bundle" in definition:
        for kind in ("required_items", "optional_items"):
            for one in definition["bundle"][kind]:
                one["as"] = alias_of(one)
    return definition
