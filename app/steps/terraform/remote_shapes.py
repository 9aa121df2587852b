"""What HCP Terraform answers: its resources, as far as the step reads them, with attributes by their own names."""

from typing import Any

from pydantic import BaseModel, ConfigDict

ENDED = frozenset(
    {"applied", "planned_and_finished", "errored", "discarded", "canceled", "force_canceled", "policy_soft_failed"}
)
"""Statuses after which a run changes no more. Every other one goes on, those as well that are not known yet."""
FOR_PEOPLE = frozenset({"policy_override", "post_plan_awaiting_decision", "tf_policy_override"})
"""Statuses that only a person at HCP Terraform ends."""


class _Resource(BaseModel):
    model_config = ConfigDict(extra="ignore", alias_generator=lambda name: name.replace("_", "-"))


class Workspace(_Resource):
    """A workspace: one state, and the runs over it."""

    id: str
    name: str


class Upload(_Resource):
    """A configuration that was just created. Its link is told only once."""

    id: str
    upload_url: str


class Configuration(_Resource):
    """A configuration. Runs can use it once it is `uploaded`."""

    id: str
    status: str
    error_message: str | None = None


class Variable(_Resource):
    """A variable of a workspace, without its value."""

    id: str
    key: str
    category: str


class Actions(_Resource):
    """What may be done to a run now."""

    is_cancelable: bool = False
    is_confirmable: bool = False
    is_discardable: bool = False


class Permissions(_Resource):
    """What the token may do to a run."""

    can_apply: bool = True


class Run(_Resource):
    """A run. `plan` and `apply` are the ids of its two halves."""

    id: str
    status: str
    message: str | None = None
    auto_apply: bool | None = None
    has_changes: bool | None = None
    is_destroy: bool | None = None
    actions: Actions | None = None
    permissions: Permissions | None = None
    status_timestamps: dict[str, Any] | None = None
    plan: str | None = None
    apply: str | None = None

    @property
    def ended(self) -> bool:
        """It changes no more."""
        return self.status in ENDED

    @property
    def began_to_apply(self) -> bool:
        """It may have built something."""
        return self.status in ("applying", "applied") or "applying-at" in (self.status_timestamps or {})

    @property
    def may_be_confirmed(self) -> bool:
        """It waits for a confirmation that the token may give."""
        return self._confirmable and (self.permissions is None or self.permissions.can_apply)

    @property
    def waits_for_people(self) -> bool:
        """It waits for a decision that is no machine's, or for a confirmation that the token may not give."""
        return self.status in FOR_PEOPLE or (self._confirmable and not self.may_be_confirmed)

    @property
    def _confirmable(self) -> bool:
        return self.actions is not None and self.actions.is_confirmable and not self.auto_apply


class Resources(_Resource):
    """Resources of one address in a state. Data sources have a type such as `data.aws_ami`."""

    type: str
    count: int = 1


class StateVersion(_Resource):
    """A state. What it holds is read a little later than it is saved: `resources_processed` says when that is done."""

    id: str
    resources_processed: bool | None = None
    resources: list[Resources] | None = None

    @property
    def read(self) -> bool:
        """Its resources and outputs are known. Old installations do not say."""
        return self.resources_processed is not False

    @property
    def managed(self) -> int:
        """How many resources it holds, data sources left out."""
        return sum(one.count for one in self.resources or () if not one.type.startswith("data."))


class Output(_Resource):
    """An output. The value of a sensitive one may be left out."""

    id: str
    name: str
    value: Any = None
    sensitive: bool = False
