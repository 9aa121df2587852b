"""What a plan would change, in sentences: of what a person made, and wants Terraform to take over."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.steps.terraform import preview

HARMLESS = frozenset({"read", "import"})
ENDS = frozenset({"delete", "replace", "forget"})
"""What no taking over may lead to."""
WOULD: Mapping[str, str] = {
    "create": "created",
    "update": "updated",
    "delete": "destroyed",
    "replace": "replaced",
    "forget": "forgotten",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """What would be done to one resource. change: as `preview` has it.

    replaces: the attributes for whose sake it would be replaced. tainted: because a run had built it only in part.
    """

    change: Mapping[str, Any]
    replaces: frozenset[str] = frozenset()
    tainted: bool = False

    @property
    def resource(self) -> str:
        """Its address, as the module's author knows it."""
        return str(self.change["resource"])

    @property
    def ends(self) -> bool:
        """Whether what exists would be no more. An action that nobody knows yet is not harmless."""
        return self.change["action"] in ENDS or self.change["action"] not in WOULD

    def told(self) -> str:
        """`aws_db_instance.main would be replaced: engine is a, the module wants b`."""
        would = f"{self.resource} would be {WOULD.get(self.change['action'], self.change['action'])}"
        if self.tainted:
            return f"{would}: an earlier run had built what Terraform has there only in part"
        changing = self.change["attributes"]
        shown = [one for one in changing if one["name"] in self.replaces] or changing
        why = ", ".join(f"{one['name']} is {_text(one['before'])}, the module wants {_text(one['after'])}" for one in shown)
        return f"{would}: {why}" if why else would


def differences(plan: Mapping[str, Any]) -> list[Difference]:
    """What a plan would do to managed resources. plan: `show -json` of it."""
    return list(_differences(one for one in plan.get("resource_changes") or () if one.get("mode") == "managed"))


def _differences(resources: Iterable[Mapping[str, Any]]) -> Iterable[Difference]:
    for one in resources:
        change = preview.changed(one)
        if change is not None and change["action"] not in HARMLESS:
            paths = (one.get("change") or {}).get("replace_paths") or ()
            tainted = one.get("action_reason") == "replace_because_tainted"
            yield Difference(change, frozenset(str(path[0]) for path in paths if path), tainted)


def _text(value: str | None) -> str:
    return "not set" if value is None else value
