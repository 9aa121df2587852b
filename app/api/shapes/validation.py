"""What an order would come to, as the API and the review page tell it."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import Field

from app.api.shapes.approvals import NeededAgreement
from app.api.shapes.catalog import Forecast
from app.api.shapes.common import Body, ProblemError
from app.api.shapes.money import Price, QuotaLine
from app.api.shapes.requests import Ordered
from app.api.shapes.steps import PlannedCheck, PlannedStep
from app.core import forecast as core
from app.core.secrecy import MASK
from app.core.sources import Origin, Source
from app.lifecycle.orders.ahead import OWN, Ahead
from app.lifecycle.orders.preparing import Prepared


class Values(Body):
    """What would be stored: answers, defaults and fixed values. Shaped as an order is, items by their `as`."""

    bundle_parameters: dict[str, Any] = Field(default={}, description="Of a bundle.")
    item_parameters: dict[str, dict[str, Any]] = Field(default={}, description="Of a bundle: its selected items.")
    parameters: dict[str, Any] = Field(default={}, description="Of an item ordered alone.")


class ValueSource(Body):
    """Where a value came from."""

    source: Origin = Field(
        description=(
            "`answer`: it was sent. `default`: the field's own. `fixed`: the bundle sets it. `readonly`: the document says so. "
            "`input`: the default of a value that only bundles set. `generated`: made at submit. `not_asked`: the other "
            "answers do not raise the question, what was sent is dropped. `none`: there is no value."
        )
    )
    read: list[str] = Field(default=[], description="What a fixed value is worked out from.", examples=[["bundle.enable_ha"]])

    @classmethod
    def of(cls, source: Source) -> Self:
        """The shape of a source."""
        return cls(source=source.origin, read=list(source.read)) if source.read else cls(source=source.origin)


class Sources(Body):
    """Where each value came from. Shaped as the values are."""

    bundle_parameters: dict[str, ValueSource] = {}
    item_parameters: dict[str, dict[str, ValueSource]] = {}
    parameters: dict[str, ValueSource] = {}


class Validation(Ordered):
    """What an order would come to. Nothing was written."""

    valid: bool
    errors: list[ProblemError] = Field(description="As a POST of the same order would tell them.")
    version: str | None = Field(description="The version that would be ordered; null where the entry is unknown.")
    versions: dict[str, str] = Field(description="By `as`: the version of each item that would be taken.")
    selected: dict[str, bool] = Field(description="By `as`: whether the item would be built.")
    values: Values
    sources: Sources
    steps: list[PlannedStep] = Field(description="The plan; empty while there are faults.")
    checks: list[PlannedCheck] = Field(description="What would be looked at before and after the steps.")
    price: Price | None = Field(description="null where nothing of it has a price, and while an answer is wrong.")
    quotas: list[QuotaLine] = Field(description="The quotas and limits that it touches; empty while an answer is wrong.")
    approvals: list[NeededAgreement] = Field(description="Who must agree before it is built; empty while an answer is wrong.")
    forecast: Forecast | None = Field(description="What past runs of the entry tell; null where they are too few.")

    @classmethod
    def of(cls, prepared: Prepared, ahead: Ahead, forecast: core.Forecast | None) -> Self:
        """The shape of an order that was looked at."""
        offer, resolved = prepared.offer, prepared.resolved
        return cls(
            valid=not prepared.faults,
            errors=[ProblemError.model_validate(fault.as_json()) for fault in prepared.faults],
            version=offer.version if offer else None,
            versions={item.alias: item.version for item in offer.items} if offer else {},
            selected=dict(resolved.selected) if resolved else {},
            values=_values(prepared),
            sources=_sources(prepared, ahead),
            steps=[PlannedStep.of(row) for row in prepared.steps if row.kind == "step"],
            checks=[PlannedCheck.of(row, ahead.asked.get(row.step_id)) for row in prepared.steps if row.kind != "step"],
            price=Price.of(prepared.price.as_json() if prepared.price else None),
            quotas=[QuotaLine.of(line) for line in prepared.quotas],
            approvals=[NeededAgreement.of(one) for one in prepared.approvals],
            forecast=Forecast.of(forecast),
            **({f"catalog_{offer.kind}": offer.name} if offer else {}),
        )


def _values(prepared: Prepared) -> Values:
    offer, resolved = prepared.offer, prepared.resolved
    if offer is None or resolved is None:
        return Values()
    items = {
        item.alias: _told(resolved.item_values.get(item.alias, {}), _sensitive_of(item.definition, "fields"))
        for item in offer.items
        if resolved.selected[item.alias]
    }
    if offer.kind == "item":
        return Values(parameters=next(iter(items.values())))
    own = _told(resolved.bundle_values, _sensitive_of(offer.definition, "bundle_fields"))
    return Values(bundle_parameters=own, item_parameters=items)


def _sources(prepared: Prepared, ahead: Ahead) -> Sources:
    told = {alias: {name: ValueSource.of(one) for name, one in sources.items()} for alias, sources in ahead.sources.items()}
    if prepared.offer is not None and prepared.offer.kind == "item":
        return Sources(parameters=next(iter(told.values()), {}))
    own = told.pop(OWN, {})
    return Sources(bundle_parameters=own, item_parameters=told) if own or told else Sources()


def _told(values: Mapping[str, Any], sensitive: set[str]) -> dict[str, Any]:
    """The values that there are, masked where they are sensitive."""
    return {name: MASK if name in sensitive else value for name, value in values.items() if value is not None}


def _sensitive_of(definition: Mapping[str, Any], key: str) -> set[str]:
    inputs = [{**spec, "name": name} for name, spec in (definition.get("inputs") or {}).items()]
    fields = [*((definition.get("presentation") or {}).get(key) or ()), *inputs]
    return {field["name"] for field in fields if field.get("sensitive")}
