"""What of an order that was looked at is stored: the columns, items and frozen steps of its request. Pure."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from app.catalog.offers import Offer, OfferItem
from app.core.order import Resolved
from app.core.plan import PlannedStep
from app.core.statuses import StepStatus
from app.lifecycle.orders.preparing import Prepared

LONGEST_TITLE = 120


def seen_by(prepared: Prepared, offer: Offer) -> list[str]:
    """The teams that see the request besides the one that asks: those that own a part of it, and those that must agree."""
    asked = {one.by.name for one in prepared.approvals if one.by.kind == "team"}
    return sorted({step.owner_team for step in prepared.steps} | {offer.owner} | asked)


def items(offer: Offer, resolved: Resolved) -> list[Mapping[str, Any]]:
    """The rows of the items that are taken."""
    return [_item(one, resolved, position) for position, one in enumerate(offer.items, 1) if resolved.selected[one.alias]]


def steps(planned: Sequence[PlannedStep], ready: Collection[str]) -> list[Mapping[str, Any]]:
    """The rows of the steps. ready: the ids of those that begin at once."""
    return [_step(step, ready) for step in planned]


def output_groups(offer: Offer, resolved: Resolved) -> list[str]:
    """Whose documents declare outputs, of what is going to be built."""
    groups = [item.alias for item in offer.items if resolved.selected[item.alias] and item.definition.get("outputs")]
    return [*groups, "bundle"] if offer.kind == "bundle" and offer.definition.get("outputs") else groups


def _item(item: OfferItem, resolved: Resolved, position: int) -> dict[str, Any]:
    return {
        "catalog_item": item.catalog_item,
        "alias": item.alias,
        "title": item.title,
        "version": item.version,
        "catalog_version_id": str(item.version_id),
        "owner": item.owner,
        "parameters": dict(resolved.item_values[item.alias]),
        "position": position,
    }


def _step(step: PlannedStep, ready: Collection[str]) -> dict[str, Any]:
    return {
        "step_id": step.step_id,
        "step_name": step.name,
        "step_title": step.title,
        "step_type": step.type,
        "kind": step.kind,
        "item_alias": step.item_alias,
        "owner_team": step.owner_team,
        "step_config": step.config,
        "verification_config": step.verification,
        "depends_on": list(step.depends_on),
        "module_sha256": step.module_sha256,
        "status": _first_status(step, ready),
        "position": step.position,
    }


def first_ready(steps: Sequence[PlannedStep]) -> set[str]:
    """The steps that wait for nothing."""
    return {step.step_id for step in _unhindered(steps) if "when" not in step.config}


def undecided(steps: Sequence[PlannedStep]) -> bool:
    """Whether a step's `when` could not be worked out by the plan and can be now that there is a request."""
    return any("when" in step.config for step in _unhindered(steps))


def _unhindered(steps: Sequence[PlannedStep]) -> list[PlannedStep]:
    skipped = {step.step_id for step in steps if step.skipped}
    return [step for step in steps if not step.skipped and skipped.issuperset(step.depends_on)]


def _first_status(step: PlannedStep, ready: Collection[str]) -> StepStatus:
    if step.skipped:
        return StepStatus.SKIPPED
    return StepStatus.READY if step.step_id in ready else StepStatus.PENDING


def title(offer: Offer, resolved: Resolved) -> str:
    """What people call the request: the bundle's or item's first required text answer, else the entry's title."""
    values = resolved.bundle_values if offer.kind == "bundle" else resolved.item_values[offer.items[0].alias]
    name = next((str(values[field]) for field in offer.naming_fields if values.get(field)), offer.title)
    return " ".join(name.split())[:LONGEST_TITLE] or offer.title
